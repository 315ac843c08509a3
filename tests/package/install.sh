#!/usr/bin/env bash
# install.sh CMAKE SOURCE BUILD WORK: installs BUILD to WORK/here, moves that to WORK/moved, and looks for paths in it
# that would not have survived the move.
set -euo pipefail
cmake=$1 source=$2 build=$3 work=$4

rm -rf "$work"
mkdir -p "$work"
"$cmake" --install "$build" --prefix "$work/here"
mv "$work/here" "$work/moved"

if grep -rI -e "$source" -e "$build" "$work/moved"; then
  echo "install.sh: an installed file names the place it was built in" >&2
  exit 1
fi
missing=$(cd "$source/include" && find septet -name '*.h*' | while read -r header; do
  find "$work/moved" -path "*/$header" | grep -q . || echo "$header"
done)
if [ -n "$missing" ]; then
  echo "install.sh: not installed: $missing" >&2
  exit 1
fi
