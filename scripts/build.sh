#!/usr/bin/env bash
# scripts/build.sh PRESET [TARGET ...]: configures a preset of CMakePresets.json and builds it, or the targets named.
# Several at once take turns.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=$1
shift
build=build
[ "$preset" = release ] || build=build-$preset

mkdir -p "$build"
exec 9>"$build/.build.lock"
flock 9
if command -v ninja >/dev/null; then export CMAKE_GENERATOR=Ninja; fi
cmake --preset "$preset" >"$build/configure.log" 2>&1 || { cat "$build/configure.log" >&2; exit 1; }
targets=()
[ $# -eq 0 ] || targets=(--target "$@")
cmake --build "$build" --parallel "$(nproc)" "${targets[@]}" 9>&-
