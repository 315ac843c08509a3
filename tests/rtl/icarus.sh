#!/usr/bin/env bash
# icarus.sh SEPTET FOLDER: the testbench's runs of products.sh under Icarus Verilog, another simulator, which also has the
# x that Verilator has not: what nobody has reset stays without consequences. C, the sequence of writes and the cycles are
# those of the export; what the testbench cannot run ends it with exit code 1.
set -euo pipefail
septet=$1 folder=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rtl=$here/../../emulation/rtl
# shellcheck source=tests/rtl/products.sh
. "$here/products.sh"
mkdir -p "$folder"
cd "$folder"

check_icarus() {
  local simulator=simulate_$1x$2
  # Icarus 11 waits for all of a vector where a process reads a part of it, and says so.
  [ -e "$simulator" ] || iverilog -g2012 -o "$simulator" -s septet_testbench -P septet_testbench.HEIGHT="$1" \
    -P septet_testbench.WIDTH="$2" -P septet_testbench.OPERAND_BITS="$3" "$rtl"/*.sv "$rtl"/testbench/*.sv >said.txt 2>&1 || {
    cat said.txt
    return 1
  }
  vvp "$simulator" +images=images +dump=c.hex +writes=writes.hex >said.txt || return
  check_run || return
  said="equal"
}

rm -f simulate_*
for_each_product check_icarus

result=0
vvp simulate_3x4 +images=images +dump=c.hex >said.txt 2>&1 || result=$? # the last images are for 5 x 2
if [ $result != 1 ] || ! grep -q "the array's height is 5; this testbench was built for 3" said.txt; then
  echo "images for another array: exit code $result, $(cat said.txt)"
  exit 1
fi
