#!/usr/bin/env bash
# scripts/demo.sh            a network that was trained on handwritten digits and pruned for the array (examples/digits)
# scripts/demo.sh A B        your matrices: .npy, .mtx or .smtx; B may be a number of columns, filled at random
# scripts/demo.sh FOLDER     every matrix in it as weights, times 64 random columns
#
# Builds the command `septet` and multiplies every layer in all seven dataflows, on the CPU and on an emulated 16 x 16
# systolic array, cycle by cycle. Compares the bits and counts the cycles.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
septet=$root/build/bin/septet
array=16x16
columns=64
usage() {
  sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

[ $# -le 2 ] || usage
[ $# -ne 1 ] || [ -d "$1" ] || usage

work=$(mktemp -d)
cleanup() {
  mapfile -t running < <(jobs -rp)
  [ ${#running[@]} -eq 0 ] || kill "${running[@]}" || true
  wait
  rm -rf "$work"
}
trap cleanup EXIT
"$root/scripts/install_dependencies.sh"
echo "Building (the first time takes a minute or two) …"
"$root/scripts/build.sh" release septet_cli >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log" >&2; exit 1; }

count=0
# layer NAME A B: multiplies, as many layers at a time as there are cores, and keeps what comes of it in a file of its
# own, as lines "key:value".
layer() {
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
  count=$((count + 1))
  echo "  $1"
  multiply "$work/$(printf %04d "$count")" "$@" &
}

multiply() {
  local result=0
  "$septet" verify "$3" "$4" --array "$array" --json - >"$1.json" 2>"$1.errors" || result=$?
  cat "$1.errors" >&2
  [ "$result" -le 1 ] || exit "$result" # a difference is 1, and in the table
  { printf 'layer:%s\n' "$2" && tr -d ' ",' <"$1.json"; } >"$1.result"
}

# fact FILE KEY: what `septet inspect` says of a matrix.
fact() { "$septet" inspect "$1" --json - | tr -d ' ",' | sed -n "s/^$2://p" | head -n 1; }

# with_columns NAME A N: A times N random columns of its own type. A file that holds no matrix is left out.
with_columns() {
  local depth type
  depth=$(fact "$2" cols) || return 0
  type=$(fact "$2" element)
  case $type in f32 | f64 | s8 | u8) ;; *) type=f32 ;; esac
  layer "$1" "$2" "random:${depth}x$3,seed=1,dtype=$type"
}

# network FOLDER: its layers, all inputs at once, on the CPU and in all dataflows on the array. What comes of it, as
# `multiply` leaves it: equal are the sums and outputs of a layer, and its outputs from its own inputs there.
network() {
  local dataflow result
  local run=("$septet" network "$1" --input "$1/inputs.npy" --array "$array")
  "${run[@]}" --record "$work/cpu" -o "$work/outputs.npy" --json - >"$work/best.json"
  for dataflow in dOS dWS dIS sOS sWS sIS csOS; do
    echo "  $dataflow"
    result=0
    "${run[@]}" --executor array --dataflow "$dataflow" --compare "$work/cpu" --json - >"$work/$dataflow.json" ||
      result=$?
    [ "$result" -le 1 ] || exit "$result" # a difference is 1, and in the table
  done
  awk -F: '
    { gsub(/[ ",]/, "") }
    $1 == "name" { name = $2 }
    $1 == "dataflow" && $2 != "null" { dataflow = $2 }
    $1 ~ /^(m|n|k|nnz)$/ { fact[name, $1] = $2 }
    $1 == "k" && $2 > 0 && !seen[name]++ { layer[++layers] = name }
    $1 == "cycles" { cycles[name, dataflow] = $2; dataflows[dataflow] = 1 }
    $1 == "mismatches" { different[name, dataflow] += $2 }
    END {
      for (i = 1; i <= layers; i++) {
        name = layer[i]
        printf "layer:%s\nm:%s\nn:%s\nk:%s\ndtype:s8s8\nnnz:%s\n", name, fact[name, "m"], fact[name, "n"], fact[name, "k"],
               fact[name, "nnz"]
        for (d in dataflows) {
          printf "dataflow:%s\ncycles:%s\nequal:%s\n", d, cycles[name, d], (different[name, d] ? "false" : "true")
        }
      }
    }
  ' "$work"/{dOS,dWS,dIS,sOS,sWS,sIS,csOS}.json >"$work/0001.result"
  count=1
}

# values FILE.npy TYPE COUNT: lines of so many elements, of a type as od has it.
values() { od -An -v -t "$2" -w"$3" -j $((10 + $(od -An -tu2 -j8 -N2 "$1"))) "$1"; }

echo "Multiplying on the CPU and on the emulated array …"
case $# in
  0)
    network "$root/examples/digits"
    ;;
  1)
    for file in "$1"/*.npy "$1"/*.mtx "$1"/*.smtx; do
      if [ -f "$file" ]; then with_columns "$(basename "$file")" "$file" "$columns"; fi
    done
    ;;
  2)
    if [[ $2 =~ ^[0-9]+$ ]]; then with_columns "$(basename "$1")" "$1" "$2"; else layer "$(basename "$1")" "$1" "$2"; fi
    ;;
esac
[ "$count" -gt 0 ] || { echo "demo.sh: nothing to multiply" >&2; exit 2; }
wait
[ "$(find "$work" -name '*.result' | wc -l)" -eq "$count" ] || exit 2 # septet has said why

# recognised FOLDER: the greatest of each image's ten outputs, beside its label.
recognised() {
  values "$1/labels.npy" u1 1 >"$work/labels"
  values "$work/outputs.npy" d1 10 >"$work/digits"
  paste "$work/labels" "$work/digits" | awk '
    NF != 11 { print "demo.sh: not a label for each image" >"/dev/stderr"; exit failed = 1 }
    {
      best = 2
      for (i = 3; i <= NF; i++) if ($i > $best) best = i
      labels = labels " " $1; digits = digits " " (best - 2); good += $1 == best - 2
    }
    END { if (failed) exit 1; printf "\nHandwritten: %s\nRecognised:  %s  (%d of %d)\n", labels, digits, good, NR }'
}

# The table: a line per layer, a column per dataflow.
LC_ALL=C awk -F: -v array="${array/x/ x }" '
  function times(ratio) { return sprintf(ratio < 10 ? " %4.2fx" : ratio < 100 ? " %4.1fx" : " %4.0fx", ratio) }
  function cell(i, d,   dense, text) {
    dense = "d" substr(d, length(d) - 1)
    text = (i, d) in cycles ? sprintf("%8.0f", cycles[i, d] / unit) : "       -"
    if (d == dense) return text
    return text (cycles[i, d] > 0 && (i, dense) in cycles ? times(cycles[i, dense] / cycles[i, d]) : "      ")
  }
  $1 == "layer" { name[++layers] = substr($0, 7); if (length(name[layers]) > width) width = length(name[layers]) }
  $1 == "dataflow" { dataflow = $2; runs[layers]++; all_runs++ }
  $1 == "m" { m[layers] = $2 }
  $1 == "n" { n[layers] = $2 }
  $1 == "k" { k[layers] = $2 }
  $1 == "dtype" { a = substr($2, 1, 2); b = substr($2, 3, 2); type[layers] = $2 ~ /^f/ ? $2 : a == b ? a : a b }
  $1 == "nnz" { nnz[layers] = $2 }
  $1 == "cycles" { cycles[layers, dataflow] = $2; total[dataflow] += $2; if ($2 + 0 > most) most = $2 + 0 }
  $1 == "equal" && $2 == "true" { equal[layers]++; all_equal++ }
  END {
    split("dOS dWS dIS sOS sWS sIS csOS", order, " ")
    unit = most < 1e7 ? 1 : 1000
    printf "\n%s of a %s array. x: times fewer than the dense dataflow that keeps the same operand in place.\n\n",
           unit == 1 ? "Cycles" : "Thousands of cycles", array
    printf "%-" width "s %-13s %-4s %5s %5s", "layer", "M x K x N", "type", "zeros", "equal"
    for (d = 1; d <= 7; d++) printf(d <= 3 || d == 7 ? "%8s" : "%8s      ", order[d])
    for (i = 1; i <= layers; i++) {
      zeros = m[i] * k[i] > 0 ? 100 * (1 - nnz[i] / (m[i] * k[i])) : 0
      printf "\n%-" width "s %-13s %-4s %4.0f%% %5s", name[i], m[i] "x" k[i] "x" n[i], type[i], zeros,
             equal[i] + 0 "/" runs[i]
      for (d = 1; d <= 7; d++) printf "%s", cell(i, order[d])
    }
    if (all_equal < all_runs) {
      printf "\n\nFAILED: kernel and emulator differ in %d of %d products.\n", all_runs - all_equal, all_runs
      exit 1
    }
    printf "\n\nPassed: kernel and emulator give the same bits in all %d products", all_runs
    if (total["csOS"] > 0) printf "; csOS takes %.1f times fewer cycles than dOS", total["dOS"] / total["csOS"]
    printf ".\n"
  }
' "$work"/*.result
if [ $# -eq 0 ]; then
  sed -n 's/^  "cycles_\(array\|best_dense\)": \([0-9]*\),$/\2/p' "$work/best.json" | paste -s | awk '
    { printf "The whole network, each layer in its best dataflow: %d cycles dense, %d pruned: %.2f times fewer.\n", $2,
             $1, $2 / $1 }'
  recognised "$root/examples/digits"
fi
