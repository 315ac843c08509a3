#!/usr/bin/env bash
# instructions.sh OBJDUMP OBJECT ...: fails if code that may run on any x86-64 CPU holds an instruction that is encoded
# with VEX (AVX, FMA, BMI, AMX) or EVEX (AVX-512). They belong into kernels/*.cpp and there into a namespace of Highway's
# for such a target (N_AVX2, …) or an anonymous one. Anything else, an inline function above all, has one symbol in many
# objects: the linker keeps one copy, and it would depend on luck whose.
set -euo pipefail
objdump=$1
shift

# The functions of an object that hold such instructions, as "name encoding". In 64-bit code their first byte that is no
# prefix tells.
list_functions() {
  "$objdump" --disassemble --wide "$1" | awk -F '\t' '
    /^[0-9a-f]+ <.*>:$/ { name = $1; gsub(/^.*<|>:$/, "", name) }
    NF > 2 {
      bytes = $2
      gsub(/^((26|2e|36|3e|64|65|67) )+/, "", bytes)
      if (bytes ~ /^c[45] /) print name, "VEX"
      if (bytes ~ /^62 /) print name, "EVEX"
    }' | sort -u
}

# kept_apart OBJECT PATTERN NAME
kept_apart() {
  local file=${1##*.dir/}
  case ${file#./} in
    kernels/portable/*) return 1 ;;
    kernels/*) [[ $3 =~ $2 ]] ;;
    *) return 1 ;;
  esac
}

count=0 strays=0
anonymous=12_GLOBAL__N_1
declare -A names=([VEX]="[0-9]N_AVX|$anonymous" [EVEX]="[0-9]N_AVX(3|10)|$anonymous")
for object in "$@"; do
  functions=$(list_functions "$object")
  while read -r name encoding; do
    [ -n "$name" ] || continue
    if kept_apart "$object" "${names[$encoding]}" "$name"; then
      count=$((count + 1))
    else
      strays=$((strays + 1))
      echo "instructions.sh: $encoding in $(c++filt "$name"), $object" >&2
    fi
  done <<<"$functions"
done
[ "$strays" -eq 0 ] || exit 1
[ "$count" -gt 0 ] || { echo "instructions.sh: no such instruction anywhere; this looks for the wrong thing" >&2; exit 1; }
echo "VEX and EVEX in $count functions for such CPUs, and in no others"
