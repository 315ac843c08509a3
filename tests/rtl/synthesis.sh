#!/usr/bin/env bash
# synthesis.sh FOLDER: Yosys synthesises arrays of 4 x 4 and 8 x 8 to gates, any warning of its being an error: nothing is
# undriven, driven twice or implicit, nothing loops, nothing latches. FOLDER/synthesis.json and .md say what they are
# made of; synthesis.py checks that against what the array should be made of. Tables are left out as black boxes: a
# target has memories of its own for them.
set -euo pipefail
folder=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rtl=$(cd "$here/../../emulation/rtl" && pwd)
mkdir -p "$folder"
cd "$folder"
ln -sfn "$rtl" rtl  # a path without blanks, which Yosys' scripts cannot quote

# synthesise HEIGHT WIDTH. Without a top module stat's JSON is valid (Yosys 0.23 prints the hierarchy in the midst of it).
synthesise() {
  yosys -q -e . -l "$1x$2.log" -p "
    read_verilog -sv rtl/*.sv
    chparam -set HEIGHT $1 -set WIDTH $2 septet_array
    hierarchy -check -top septet_array
    proc
    check -assert
    setattr -mod -unset top *
    tee -q -o words_$1x$2.json stat -json
    blackbox *table_1r1w
    synth -top septet_array
    check -assert
    select -assert-none t:*latch* t:*LATCH*
    setattr -mod -unset top *
    tee -q -o gates_$1x$2.json stat -json" >/dev/null || {
    tail -n 20 "$1x$2.log"
    return 1
  }
}

failed=0
synthesise 8 8 &
synthesise 4 4 || failed=1
wait $! || failed=1
[ "$failed" -eq 0 ] || exit 1
python3 "$here/synthesis.py" 4x4 8x8
cat synthesis.md
