#!/usr/bin/env bash
# scripts/fuzz.sh [SECONDS [TARGET ...]]: builds the fuzz targets (clang, preset `fuzz`) and runs each for so long; 0: until
# it finds something. What was interesting stays in build-fuzz/corpus, what was found in build-fuzz.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-60}
shift || true
scripts/build.sh fuzz fuzz_targets
cd build-fuzz
if [ $# -eq 0 ]; then
  for target in tests/fuzz/fuzz_*; do
    if [ -x "$target" ] && [ -f "$target" ]; then set -- "$@" "${target##*/}"; fi
  done
fi
for target in "$@"; do
  mkdir -p "corpus/$target"
  echo "=== $target"
  "tests/fuzz/$target" -max_total_time="$seconds" -rss_limit_mb=4096 -print_final_stats=1 "corpus/$target" 2>&1 |
    grep -vE '^#[0-9]+|NEW_FUNC'
done
