#!/usr/bin/env bash
# emulation/rtl/testbench/run.sh PARAMETERS DIR [PLUSARG ...]: builds the testbench with Verilator (5.006 or later), once
# for these parameters, and runs the images in DIR on it:
#   run.sh HEIGHT=4,WIDTH=8 images +dump=c.hex +writes=writes.hex +vcd=run.vcd
# PARAMETERS: HEIGHT, WIDTH, LANES, MEMORY_BITS … of septet_testbench.sv. DIR "-": builds only. The simulator is in
# SEPTET_RTL_BUILD, by default build/rtl of this checkout; SEPTET_RTL_FLAGS are more arguments of Verilator's.
set -euo pipefail
if [ $# -lt 2 ]; then
  sed -n '2,6s/^# //p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
rtl=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
IFS=, read -ra parameters <<<"$1"
images=$2
shift 2
build=${SEPTET_RTL_BUILD:-$rtl/../../build/rtl}/$(IFS=_; echo "${parameters[*]}")
case $rtl$build in  # Verilator builds with Make, whose lists end at blanks
  *[[:space:]]*) echo "run.sh: $rtl or $build: Make takes no path with blanks (SEPTET_RTL_BUILD names another folder)" >&2; exit 2 ;;
esac
mkdir -p "$build"

read -ra flags <<<"${SEPTET_RTL_FLAGS:-}"
# Nothing is built anew that is up to date.
verilator --binary --trace --timescale 1ns/1ps -Wno-fatal -j "$(nproc)" "${flags[@]}" "${parameters[@]/#/-G}" --top septet_testbench \
  --Mdir "$build" -o simulate "$rtl"/*.sv "$rtl"/testbench/*.sv >"$build/build.log" 2>&1 || {
  cat "$build/build.log" >&2
  exit 2
}
[ "$images" = - ] || exec "$build/simulate" +images="$images" "$@"
