#!/usr/bin/env bash
# golden.sh GOLDEN WORK: runs examples/c/golden.c; its dense cycles are those of docs/dataflows.md, section 7.
set -euo pipefail
golden=$1 work=$2

fail() { echo "golden.sh: $1" >&2; exit 1; }

rm -rf "$work"
mkdir -p "$work"
out=$("$golden")
echo "$out"
# 24 x 40 x 20 on 4 x 8: folds (P + T + H + W - 2 + D), and under overlap (folds - 1) T + the last fold.
expect_cycles() { grep -qxE "$1 +$2 +$3 cycles" <<<"$out" || fail "$1: not $2 and $3 cycles"; }
expect_cycles dOS $((18 * (40 + 10 + 4))) $((17 * 40 + 40 + 10 + 4))
expect_cycles dWS $((30 * (4 + 20 + 10))) $((4 + 29 * 20 + 20 + 10))
expect_cycles dIS $((30 * (4 + 24 + 10))) $((4 + 29 * 24 + 24 + 10))
[ "$(grep -c 'cycles$' <<<"$out")" -eq 7 ] || fail "not seven dataflows with the right values"

"$golden" sWS "$work" >/dev/null
for file in sizes:17 a_dense:960 b:800 c_start:480 c_expected:480; do
  [ "$(grep -vc '^//' "$work/${file%:*}.hex")" -eq "${file#*:}" ] || fail "${file%:*}.hex: not ${file#*:} words"
done
refused() {
  local status=0 message
  message=$("$golden" "${@:2}" 2>&1 >/dev/null) || status=$?
  if [ "$status" -ne 2 ] || [[ $message != "$1"* ]]; then fail "$*: $status, $message"; fi
}
refused 'usage: golden' csOS
refused 'septet: dataflow: xOS is none of' xOS "$work"
refused "golden: $work/none/sizes.hex" csOS "$work/none"
