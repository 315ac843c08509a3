#!/usr/bin/env bash
# lint.sh: Verilator's linter, all warnings, finds nothing in the RTL and its testbench, for arrays of many shapes.
set -euo pipefail
rtl=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../emulation/rtl" && pwd)

# lint TOP PARAMETER ...
lint() {
  local top=$1
  shift
  echo "$top $*"
  verilator --lint-only -Wall --timing --top "$top" "${@/#/-G}" "$rtl"/*.sv "$rtl"/testbench/*.sv
}

for array in "1 1 1" "1 4 2" "3 1 3" "2 3 5" "4 4 4" "5 3 1" "4 8 8" "7 16 4" "16 16 4" "2 32 2"; do
  read -r height width lanes <<<"$array"
  lint septet_array HEIGHT="$height" WIDTH="$width" LANES="$lanes"
done
lint septet_array SIZE_BITS=8 ADDRESS_BITS=16 VECTOR_BITS=10 TILE_BITS=4
lint septet_array SIZE_BITS=20 ADDRESS_BITS=32 VECTOR_BITS=16 TILE_BITS=12
lint septet_array HEIGHT=3 WIDTH=4 LANES=3 OPERAND_BITS=9
lint septet_system HEIGHT=3 WIDTH=5 MEMORY_BITS=24
lint septet_testbench HEIGHT=5 WIDTH=2 LANES=1 OPERAND_BITS=9
lint septet_testbench HEIGHT=1 WIDTH=1 LANES=3 MEMORY_BITS=13
