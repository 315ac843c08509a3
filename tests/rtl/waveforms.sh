#!/usr/bin/env bash
# waveforms.sh SEPTET FOLDER: the testbench's runs of products.sh under Verilator. C, the sequence of writes and the cycles
# are those of the export, and every register of every PE has in every cycle what `septet emulate --trace` says.
set -euo pipefail
septet=$1 folder=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
run=$here/../../emulation/rtl/testbench/run.sh
# shellcheck source=tests/rtl/products.sh
. "$here/products.sh"
mkdir -p "$folder"
cd "$folder"

check_waveforms() {
  "$run" HEIGHT="$1,WIDTH=$2,OPERAND_BITS=$3" images +dump=c.hex +writes=writes.hex +vcd=rtl.vcd >said.txt || return
  check_run || return
  "$septet" emulate "${options[@]}" --trace emulated.vcd >/dev/null || return
  said=$(python3 "$here/waveforms.py" rtl.vcd emulated.vcd "$(sed -n 's/^  "dataflow": "\(.*\)",$/\1/p' images/manifest.json)") || {
    echo "${options[*]}: $said"
    return 1
  }
}

for_each_product check_waveforms
