#!/usr/bin/env bash
# waveforms.sh SEPTET FOLDER: all dataflows, both timings, with and without a preload, and fold-then-add, on two arrays, by
# the testbench: C, the sequence of writes and the cycles are those of the export, and every register of every PE has in
# every cycle what `septet emulate --trace` says.
set -euo pipefail
septet=$1 folder=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
run=$here/../../emulation/rtl/testbench/run.sh
mkdir -p "$folder"
cd "$folder"
"$septet" gemm random:10x1,dtype=s8,seed=7 random:1x9,dtype=s8,seed=8 -o preload.npy >/dev/null

# check HEIGHT WIDTH OPTION ...: of septet's. Where operands have 9 bits, A and B are unsigned, and B has a zero point.
check() {
  local height=$1 width=$2 operand_bits=$3 type=s8
  shift 3
  [ "$operand_bits" = 8 ] || set -- "$@" --b-zero-point 100
  [ "$operand_bits" = 8 ] || type=u8
  local options=("random:10x11,zeros=0.6,seed=3,dtype=$type" "random:11x9,dtype=$type,seed=4" --array "${height}x$width"
    "$@")
  "$septet" export "${options[@]}" -o images >/dev/null
  "$septet" emulate "${options[@]}" --trace emulated.vcd >/dev/null
  "$run" HEIGHT="$height,WIDTH=$width,OPERAND_BITS=$operand_bits" images +dump=c.hex +writes=writes.hex +vcd=rtl.vcd >said.txt
  grep -qx "cycles $(sed -n 's/^  "cycles": \([0-9]*\),$/\1/p' images/manifest.json)" said.txt || {
    echo "${height}x$width $*: not the emulator's cycles:" "$(cat said.txt)"
    exit 1
  }
  if ! { "$septet" compare c.hex --images images && "$septet" compare writes.hex --images images --writes; } >said.txt; then
    echo "${height}x$width $*: $(cat said.txt)"
    exit 1
  fi
  echo "${height}x$width $*: $(python3 "$here/waveforms.py" rtl.vcd emulated.vcd "$2" || echo FAILED)" | tee -a said.log
}

rm -f said.log
for array in "3 4 8" "5 2 9"; do
  for dataflow in dOS dWS dIS sOS sWS sIS csOS; do
    for timing in serial overlapped; do
      # shellcheck disable=SC2086 # several words
      for preload in "" "--preload preload.npy"; do
        check $array --dataflow $dataflow --timing $timing $preload
        case $dataflow in *OS) ;; *) check $array --dataflow $dataflow --timing $timing --accumulate fold $preload ;; esac
      done
    done
  done
done
! grep FAILED said.log
