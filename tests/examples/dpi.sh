#!/usr/bin/env bash
# dpi.sh VERILATOR EXAMPLE TEST INCLUDE LIBRARY WORK: builds examples/dpi, and dpi_test.sv over the same package, with
# Verilator and the LIBRARY of a build tree; the example has to pass, and with +fault=… to say what is wrong.
set -euo pipefail
ulimit -c 0 # $fatal aborts
verilator=$1 example=$2 test=$3 include=$4 library=$5 work=$6

fail() { echo "dpi.sh: $1" >&2; exit 1; }

# build TOP SOURCE ...: against the declarations that Verilator derives from the package, too. What nobody sets is random.
build() {
  local top=$1
  shift
  "$verilator" --binary --top-module "$top" -Mdir "$work/$top" --x-assign unique --x-initial unique \
    -MAKEFLAGS "OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0" -CFLAGS "-include V${top}__Dpi.h -I$include" \
    -LDFLAGS "$library -Wl,-rpath,$(dirname "$library")" "$@" "$example/septet_dpi.c" >"$work/$top.log" 2>&1 ||
    { cat "$work/$top.log" >&2; fail "$top was not built"; }
}

rm -rf "$work"
mkdir -p "$work"
build dpi_test "$example/septet_dpi.sv" "$test"
"$work/dpi_test/Vdpi_test" | tee "$work/dpi_test.out"
grep -qE '^dpi_test: [0-9]{3} checks passed$' "$work/dpi_test.out" || fail "dpi_test did not pass"

build testbench "$example"/{septet_dpi,mac_array,testbench}.sv
for seed in 1 2 3; do
  "$work/testbench/Vtestbench" +seed=$seed +verilator+seed+$seed +verilator+rand+reset+2 | tee "$work/equal.out"
  grep -qx "seed $seed: compared 5 products, 1254 values, 3187 cycles" "$work/equal.out" || fail "seed $seed: not compared"
  grep -qx 'mac_array agrees with septet' "$work/equal.out" || fail "seed $seed: no agreement"
done

# broken FAULT DIFFERENCES: the run fails, and says in its first lines exactly what differs.
broken() {
  local out=$work/fault$1.out
  if "$work/testbench/Vtestbench" "+fault=$1" >"$out" 2>&1; then fail "+fault=$1 passed"; fi
  cat "$out"
  # A value is one too many here: the values themselves are the simulator's random numbers.
  diff <(awk '/ x .*: / { if ($6 == "C[2][1]") { off = $8 - $10; sub(/is .* \(/, "is off by " off " (") } print }' "$out") - ||
    fail "+fault=$1 is reported otherwise"
}
broken 1 <<'END'
4 x 4 x 4: C[2][1] is off by 1 (PE(2, 1), fold 0)
4 x 4 x 4: 1 of 16 values differ
8 x 12 x 7: C[2][1] is off by 1 (PE(2, 1), fold 0)
8 x 12 x 7: 6 of 96 values differ
13 x 9 x 21: C[2][1] is off by 1 (PE(2, 1), fold 0)
13 x 9 x 21: 6 of 117 values differ
32 x 32 x 32: C[2][1] is off by 1 (PE(2, 1), fold 0)
32 x 32 x 32: 64 of 1024 values differ
END
broken 2 <<'END'
4 x 4 x 4: 15 cycles, expected 14 (1 folds)
1 x 1 x 1: 12 cycles, expected 11 (1 folds)
8 x 12 x 7: 108 cycles, expected 102 (6 folds)
13 x 9 x 21: 384 cycles, expected 372 (12 folds)
32 x 32 x 32: 2752 cycles, expected 2688 (64 folds)
END
