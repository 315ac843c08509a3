#!/usr/bin/env bash
# run.sh BUILD BEHIND WHAT: programs that somebody else built, with libseptet_blas.so preloaded. BEHIND is the BLAS
# and LAPACK that serve the rest: netlib or openblas, from Debian's packages.
#
#   numpy octave r    bits of products, and which calls reach a GEMM symbol
#   lapack [N ...]    LU factors of N equations by LAPACK, preloaded and linked in front
#   netlib            GEMM's part of netlib's BLAS testers (libblas-test), over netlib alone
#   suites            NumPy's and SciPy's own tests of linear algebra: what fails has to fail without us too
#
# The first four run again without the preload, and then have to fail; the others have to have called us.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 3 ] || { sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
build=$(cd "$1" && pwd) behind=$2
shift 2
tools=$build/tests/programs
preload=$build/libseptet_blas.so:$tools/libseptet_counter.so
python=/usr/bin/python3

system=/usr/lib/$(uname -m)-linux-gnu
case $behind in
  netlib) libraries=$system/lapack:$system/blas ;;
  openblas) libraries=$system/openblas-pthread ;;
  *) echo "run.sh: $behind is neither netlib nor openblas" >&2; exit 2 ;;
esac
for folder in ${libraries//:/ }; do
  [ -d "$folder" ] || { echo "run.sh: $folder is not there" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# plain COMMAND ...: without our library; counted: the same with counter.cpp's; ours: with both. R has a variable of its
# own that goes before LD_LIBRARY_PATH.
plain() { env LD_LIBRARY_PATH="$libraries" R_LD_LIBRARY_PATH="$libraries" PYTHONDONTWRITEBYTECODE=1 "$@"; }
counted() { plain LD_PRELOAD="$tools/libseptet_counter.so" "$@"; }
ours() { plain LD_PRELOAD="$preload" SEPTET_BLAS_REPORT="$work/report" "$@"; }

# reported: how many products the processes of `ours` have asked for since the last time
reported() {
  touch report
  awk '{ sum += $1 } END { print sum + 0 }' report
  rm report
}

fail() {
  echo "run.sh: $*" >&2
  exit 1
}

# products COMMAND ...: COMMAND FILE counts calls and writes products to FILE
products() {
  ours "$@" ours.bin || fail "$1: counts"
  "$tools/check_products" ours.bin || fail "$1: bits"
  if counted "$@" theirs.bin >without.log; then fail "$1: counts pass without libseptet_blas.so too"; fi
  if "$tools/check_products" theirs.bin >>without.log; then fail "$1: bits are Septet's without it too"; fi
  echo "without the preload: $(tail -n 1 without.log)"
}

lapack() {
  [ $# -gt 0 ] || set -- 100 300
  ours "$tools/lapack_lu" "$@" || fail "lapack_lu, preloaded"
  echo "linked in front:"
  plain "$tools/lapack_lu_in_front" "$@" || fail "lapack_lu, linked in front"
  if plain "$tools/lapack_lu" 100 >/dev/null; then fail "lapack_lu passes without libseptet_blas.so too"; fi
}

# tested PROGRAM INPUT OUTPUT NAME LINES: one tester; it has to pass NAME in LINES ways. Fortran's write to a file.
tested() {
  local program=$1 input=$2 output=$3 name=$4 lines=$5 passed products
  ours "$program" <"$input" >printed
  products=$(reported)
  [ ! -e "$output" ] || cat "$output" >>printed
  grep -E "$name |FAIL|SUSPECT|\*\*\*" printed || true
  passed=$(grep -cE "^ *$name +PASSED THE .*(ERROR-EXITS|COMPUTATIONAL TESTS)" printed || true)
  [ "$passed" -eq "$lines" ] || fail "$program: $passed of $lines parts of $name passed"
  [ "$products" -gt 17496 ] || fail "$program: $products products only"
  echo "$(basename "$program"): $products calls"
}

netlib() {
  local testers=$system/blas type
  for type in s d c z; do
    tested "$testers/xblat3$type" "$testers/${type}blat3.in" "${type}blat3.out" "${type^^}GEMM" 2
    tested "$testers/x${type}cblat3" "$testers/${type}in3" none "cblas_${type}gemm" 3
  done
}

# suite NAME ARGUMENT ...: pytest with and without
suite() {
  local name=$1 how products=0
  shift
  for how in plain ours; do
    "$how" "$python" -m pytest -q -rfE --tb=no -p no:cacheprovider "$@" >"$how.log" 2>&1 || [ $? -eq 1 ] || {
      tail -n 20 "$how.log"
      fail "$name does not run"
    }
    sed -n 's/^\(FAILED\|ERROR\) \([^ ]*\).*/\2/p' "$how.log" | sort >"$how.failed"
    printf '%-12s %-5s %s\n' "$name" "$how" "$(tail -n 1 "$how.log")"
  done
  products=$(reported)
  echo "$name: $products calls"
  [ "$products" -gt 0 ] || fail "$name called nothing of ours"
  comm -13 plain.failed ours.failed >new.failed
  [ ! -s new.failed ] || { cat new.failed; fail "$name: these fail with libseptet_blas.so alone"; }
}

suites() {
  suite numpy.linalg --pyargs numpy.linalg
  suite numpy.core -k 'matmul or MatMul or dot or einsum or inner or cblas' --pyargs numpy.core.tests.test_multiarray \
    numpy.core.tests.test_numeric numpy.core.tests.test_einsum numpy.core.tests.test_mem_overlap
  suite scipy.linalg --pyargs scipy.linalg
}

case $1 in
  numpy) products "$python" "$here/numpy_test.py" "$behind" ;;
  octave) products octave-cli --quiet --no-init-file --no-history "$here/octave_test.m" ;;
  r) products Rscript --vanilla "$here/r_test.R" ;;
  lapack) lapack "${@:2}" ;;
  netlib | suites) "$1" ;;
  *) fail "what is $1?" ;;
esac
echo "$1 over $behind: passed"
