#!/usr/bin/env bash
# abi.sh LIBRARY RECORD HEADERS [record]: compares what the shared library offers with the last recorded ABI, by
# abidiff; any difference fails. With "record", writes the record anew: when the difference is meant, and after raising
# SEPTET_ABI where it is not compatible. The library needs debug information (SEPTET_ABI_CHECK).
set -euo pipefail
library=$1 record=$2 headers=$3
public=(--exported-interfaces-only --drop-private-types --no-show-locs)

if [ "${4:-}" = record ]; then
  abidw "${public[@]}" --no-corpus-path --no-comp-dir-path --drop-undefined-syms --headers-dir "$headers" \
    --out-file "$record" "$library"
  exit
fi
abidiff "${public[@]}" --headers-dir2 "$headers" "$record" "$library" || {
  echo "abi.sh: $(basename "$library") is not what $(basename "$record") says. If that is meant: abi.sh … record" >&2
  exit 1
}
echo "$(basename "$library") offers what $(basename "$record") says"
