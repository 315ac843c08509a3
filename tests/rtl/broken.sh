#!/usr/bin/env bash
# broken.sh SEPTET FOLDER: the RTL with one fault in it, in three ways, on images of a product. Each run differs, and
# `septet compare` names the fold and the PE where the fault first shows, for C and for the sequence of writes. The RTL
# without a fault passes.
set -euo pipefail
septet=$1 folder=$2
rtl=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../emulation/rtl" && pwd)
mkdir -p "$folder"
cd "$folder"

fail() {
  echo "$*" >&2
  exit 1
}

# simulate RTL DATAFLOW: C in c.hex, the writes in writes.hex
simulate() {
  "$septet" export random:10x11,zeros=0.6,seed=3,dtype=s8 random:11x9,dtype=s8,seed=4 --dataflow "$2" --array 3x4 \
    -o images >/dev/null
  rm -f c.hex writes.hex
  "$1/testbench/run.sh" HEIGHT=3,WIDTH=4,OPERAND_BITS=8 images +dump=c.hex +writes=writes.hex >/dev/null
}

# compared DUMP RESULT TEXT [OPTION]: exit code, and how the line on stderr ends
compared() {
  local result=0
  "$septet" compare "$1" --images images ${4:+"$4"} >/dev/null 2>said.txt || result=$?
  [ "$result" = "$2" ] || fail "septet compare $1: exit code $result, not $2: $(cat said.txt)"
  case "$(cat said.txt)" in *"$3") ;; *) fail "septet compare $1: '$(cat said.txt)' does not end in '$3'" ;; esac
}

# fault NAME FILE SED DATAFLOW C WRITES: where C and the sequence of writes first differ. Compiled without waveforms,
# which nobody looks at.
fault() {
  local broken=broken-$1
  rm -rf "$broken"
  cp -r "$rtl" "$broken"
  sed -i "$3" "$broken/$2"
  ! cmp -s "$rtl/$2" "$broken/$2" || fail "$1: the fault does not apply to $2"
  SEPTET_RTL_BUILD=$PWD/build-$1 SEPTET_RTL_FLAGS="${SEPTET_RTL_FLAGS:-} --no-trace" simulate "$broken" "$4"
  compared c.hex 1 "$5"
  compared writes.hex 1 "$6" --writes
  echo "$1, $4: C differs in $5; writes in $6"
}

for dataflow in dOS dIS sOS; do
  simulate "$rtl" $dataflow
  compared c.hex 0 ""
  compared writes.hex 0 "" --writes
done

# Row 2's weights, and its control, come a cycle early, so that they meet the wrong row of B. Its sums are the first to leave.
fault skew left_load_unit.sv 's/\.DEPTH(ROW + 1)/.DEPTH(ROW == 2 ? ROW : ROW + 1)/' dOS \
  'fold 0, PE(2, 0), cycle 13' 'fold 0, PE(2, 0), cycle 13'

# Columns 1 and 2 have each other's stationary inputs. Of the chain of folds 0 to 3 the first one is wrong already; C is
# what the last one leaves.
fault swap pe_array.sv 's/chain\[w\*32+:32\], 32/chain[(w == 1 ? 2 : w == 2 ? 1 : w)*32+:32], 32/' dIS \
  'fold 3, PE(2, 1), cycle 60' 'fold 0, PE(2, 1), cycle 6'

# In m-tile 1 the first live column is taken for the next one: its row of B is the wrong one. The tile's folds are 3 to
# 5; its last row, which leaves first, has a zero there.
fault list directory.sv \
  "s/if (state == LIVE) indices_now = \(.*\)(v);/if (state == LIVE) indices_now = \1(v + SIZE_BITS'(tiles == 1 \&\& live == 0));/" \
  sOS \
  'fold 3, PE(1, 0), cycle 60' 'fold 3, PE(1, 0), cycle 60'
