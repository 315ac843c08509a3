#!/usr/bin/env bash
# scripts/test.sh: installs what is missing, builds everything and runs every test.
# scripts/test.sh --all: also the format, the activations at every float there is, NumPy, SciPy, Octave, R, LAPACK and
# BLAS' testers over our GEMM, the other compiler (and septet as a static library), the benchmarks (built by both
# compilers, not run), the linter, everything once more under the address and undefined-behaviour sanitizers, libFuzzer
# for half an hour, and in emulators, with fewer problems: on x86 CPUs without AVX-512 and without AVX, and on an
# aarch64.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# What some tests need: without it they are left out, and the configure step says so.
wanted=(abigail-tools iverilog libblas3 libblas-test liblapack3 libmpfr-dev python3-numpy python3-scipy python3-venv
        qemu-user verilator yosys)
case ${1:-} in
  "") tools=() ;;
  --all) tools=(clang clang-format clang-tidy libomp-dev g++-aarch64-linux-gnu libopenblas0-pthread octave
                python3-hypothesis python3-pytest r-base-core) ;;
  *) echo "usage: scripts/test.sh [--all]" >&2; exit 2 ;;
esac

scripts/install_dependencies.sh "${tools[@]}"
mkdir -p build
exec 8>build/.test.lock # two at once in one checkout would run the same tests in the same folders
flock 8
# The network brings what the tests want while the CPU compiles the library, which needs none of it. suite() configures
# once more, and then finds it.
scripts/install_dependencies.sh "${wanted[@]}" 8>&- &
scripts/build.sh release septet || true # the suite says it again
wait $! || echo "Going on with fewer tests"

# suite PRESET FOLDER [OPTION ...]: tells first which tests there cannot be here, last what the others could not test.
suite() {
  local preset=$1 folder=$2
  shift 2
  scripts/build.sh "$preset" || return
  sed -n 's/^-- septet: \(.*not among the tests\)/\1/p' "$folder/configure.log"
  ctest --test-dir "$folder" --no-tests=error --output-on-failure -j2 "$@" || return
  sed -n 's/.*MESSAGE: \(.*NOT TESTED\)/\1/p' "$folder/Testing/Temporary/LastTest.log" | sort -u
}

if [ ${#tools[@]} -eq 0 ]; then
  suite release build
  exit
fi

# shellcheck disable=SC2317 # called through tier
format() { git ls-files -z '*.c' '*.cpp' '*.hpp' '*.h' | xargs -0 clang-format --dry-run -Werror; }
# shellcheck disable=SC2317
lint() {
  git ls-files -z 'src/*.cpp' 'kernels/*.cpp' 'formats/*.cpp' 'emulation/*.cpp' |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy --quiet -p build-clang
}
# shellcheck disable=SC2317
programs() {
  local run=tests/programs/run.sh what
  for what in numpy octave r; do "$run" build netlib "$what" && "$run" build openblas "$what" || return; done
  "$run" build netlib lapack 100 500 1000 && "$run" build netlib netlib && "$run" build netlib suites
}

# shellcheck disable=SC2317
benchmarks() { scripts/build.sh release benchmarks && scripts/build.sh clang benchmarks; }

# shellcheck disable=SC2317
aarch64() { scripts/aarch64_packages.sh && SEPTET_TEST_PROBLEMS=0.05 suite aarch64 build-aarch64; }

summary=()
failed=0
# tier NAME COMMAND ...: runs it, and goes on whatever comes of it
tier() {
  local name=$1 log result
  shift
  log=build/tier-$name.log
  echo "=== $name"
  if "$@" 2>&1 | tee "$log"; then result=passed; else result=FAILED failed=1; fi
  summary+=("$(printf '%-9s %s  %s' "$name" "$result" "$(grep -E 'tests passed|test cases:' "$log" || true)")")
}

tier format format
tier release suite release build
tier floats build/tests/epilogue_test --no-skip -tc='every float'
tier programs programs
tier clang suite clang build-clang
tier bench benchmarks
tier tidy lint
tier sanitize suite sanitize build-sanitize
tier fuzz scripts/fuzz.sh 120
tier masked suite release build -C masked -L masked
tier aarch64 aarch64
printf '%s\n' "" "${summary[@]}"
exit "$failed"
