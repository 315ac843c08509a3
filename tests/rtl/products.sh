# shellcheck shell=bash
# Sourced: products that the testbench runs, and what has to come of them. $septet is the command.

# for_each_product FUNCTION: calls FUNCTION HEIGHT WIDTH OPERAND_BITS OPTION … for all dataflows, both timings, with and
# without a preload, and fold-then-add, on two arrays, with ./images exported and $options set to what septet was given.
# Where operands have 9 bits, A and B are unsigned, and B has a zero point.
for_each_product() {
  local array dataflow timing preload accumulate
  "$septet" gemm random:10x1,dtype=s8,seed=7 random:1x9,dtype=s8,seed=8 -o preload.npy >/dev/null
  for array in "3 4 8" "5 2 9"; do
    for dataflow in dOS dWS dIS sOS sWS sIS csOS; do
      for timing in serial overlapped; do
        for preload in "" "--preload preload.npy"; do
          for accumulate in chained fold; do
            case $accumulate-$dataflow in fold-*OS) continue ;; esac
            # shellcheck disable=SC2086 # several words
            run_product "$1" $array --dataflow $dataflow --timing $timing --accumulate $accumulate $preload
          done
        done
      done
    done
  done
}

run_product() {
  local function=$1 height=$2 width=$3 operand_bits=$4 type=s8
  shift 4
  if [ "$operand_bits" = 9 ]; then
    type=u8
    set -- "$@" --b-zero-point 100
  fi
  options=("random:10x11,zeros=0.6,seed=3,dtype=$type" "random:11x9,dtype=$type,seed=4" --array "${height}x$width" "$@")
  "$septet" export "${options[@]}" -o images >/dev/null
  rm -f c.hex writes.hex
  "$function" "$height" "$width" "$operand_bits" || exit
  echo "${height}x$width $*: $said"
}

# check_run: the testbench's standard output in said.txt, its dumps in c.hex and writes.hex
check_run() {
  local cycles
  cycles=$(sed -n 's/^  "cycles": \([0-9]*\),$/\1/p' images/manifest.json)
  if ! grep -qx "cycles $cycles" said.txt; then
    echo "${options[*]}: not $cycles cycles: $(cat said.txt)"
    return 1
  fi
  if ! { "$septet" compare c.hex --images images && "$septet" compare writes.hex --images images --writes; } >said.txt; then
    echo "${options[*]}: $(cat said.txt)"
    return 1
  fi
}
