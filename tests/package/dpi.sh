#!/usr/bin/env bash
# dpi.sh EXAMPLE LIBDIR WORK: examples/dpi by the two commands of its README, in a copy, over the septet installed in
# LIBDIR. What it prints is what the README says, but for random numbers, which are the simulator's.
set -euo pipefail
ulimit -c 0 # $fatal aborts
example=$1 libdir=$2 work=$3

fail() { echo "dpi.sh: $1" >&2; exit 1; }
# block LANGUAGE NUMBER: a block of code of the README.
block() { awk -v start="\`\`\`$1" -v want="$2" '$0 == "```" { on = 0 } on { print } $0 == start { on = ++n == want }' README.md; }
values() { sed -E 's/is -?[0-9]+, expected -?[0-9]+/is …, expected …/'; }

rm -rf "$work"
cp -r "$example" "$work"
cd "$work"
export PKG_CONFIG_PATH=$libdir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

commands=$(block sh 1)
[ "$(wc -l <<<"$commands")" -eq 2 ] || fail "the README has not two commands: $commands"
bash -ec "$commands" >out 2>&1 || { cat out; fail "the README's commands failed"; }
diff <(block text 1) <(tail -n 4 out | grep -v 'finish$') || fail "the example prints something else than the README"

if obj_dir/Vtestbench +fault=1 >fault.out 2>&1; then fail "+fault=1 passed"; fi
diff <(block text 2 | values) <(values <fault.out | grep -F '8 x 12 x 7') || fail "+fault=1 prints something else than the README"
