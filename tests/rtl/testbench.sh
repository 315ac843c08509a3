#!/usr/bin/env bash
# testbench.sh SEPTET FOLDER: what the testbench cannot run ends in one clear line and a failing exit code, without a dump.
set -euo pipefail
septet=$1 folder=$2
run=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../emulation/rtl/testbench" && pwd)/run.sh
mkdir -p "$folder"
cd "$folder"

# refused TEXT PLUSARG ...: on the images in ./images
refused() {
  local text=$1
  shift
  rm -f c.hex
  # Verilator aborts at $fatal, which the shell would tell.
  if ("$run" HEIGHT=3,WIDTH=4,OPERAND_BITS=8 images +dump=c.hex "$@" || exit 1) >said.txt 2>&1; then
    echo "not refused: $text" >&2
    exit 1
  fi
  if ! grep -q ": $text" said.txt || grep -q '^cycles' said.txt || [ -e c.hex ]; then
    echo "not refused by '$text':" >&2
    cat said.txt >&2
    exit 1
  fi
}

export_images() {
  rm -rf images
  "$septet" export "$@" -o images >/dev/null
}

a=random:10x11,zeros=0.6,dtype=s8 b=random:11x9,dtype=s8
export_images $a $b --dataflow dOS --array 4x3
refused "images/sizes.hex, word 5: the array's height is 4; this testbench was built for 3"
export_images $a $b --dataflow dOS --array 3x5
refused "images/sizes.hex, word 6: the array's width is 5; this testbench was built for 4"
export_images $a $b --dataflow csOS --lanes 3 --array 3x4
refused "images/sizes.hex, word 7: the number of lanes is 3; this testbench was built for 4"
export_images random:10x11 random:11x9 --dtype f32 --dataflow dOS --array 3x4
refused "images/sizes.hex, word 12: A's type is 0; this testbench was built for 2"
export_images $a $b --b-zero-point -3 --dataflow dOS --array 3x4
refused "images/sizes.hex, word 16: B's zero point is -3; this testbench was built for 0"
export_images $a $b --dataflow dOS --array 3x4 --timing scalesim
refused "images/sizes.hex, word 8: the timing is 2; this testbench takes less than 2"
export_images random:1x2,dtype=s8 random:2x65536,dtype=s8 --dataflow dOS --array 3x4
refused "images/sizes.hex, word 3: N is 65536; this testbench takes less than 65536"
export_images random:1x1100,dtype=s8 random:1100x1000,dtype=s8 --dataflow dOS --array 3x4
refused "b.hex has 1100000 words; its memory has 1048576: build the testbench with a larger MEMORY_BITS than 20"
export_images random:1x5000,dtype=s8 random:5000x1,dtype=s8 --dataflow dOS --array 3x4
"$run" HEIGHT=3,WIDTH=4,OPERAND_BITS=8 images >said.txt # dense: the directory lists no vectors
export_images random:1x5000,dtype=s8 random:5000x1,dtype=s8 --dataflow sOS --array 3x4
refused "the array refuses these sizes"
export_images $a $b --dataflow dOS --array 3x4
refused "not done after 7 clock cycles (+max_cycles)" +max_cycles=7
refused "+max_cycles has to be positive" +max_cycles=0
refused "nowhere/writes.hex cannot be written" +writes=nowhere/writes.hex
rm images/b.hex
refused "images/b.hex cannot be read; septet export writes it"
echo "refused as they should be"
