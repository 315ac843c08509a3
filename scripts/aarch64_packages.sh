#!/usr/bin/env bash
# scripts/aarch64_packages.sh: unpacks the libraries that Septet is built with, for arm64, into build-aarch64/packages,
# where cmake/aarch64-linux-gnu.cmake looks. They come from the system's own Debian archive, through lists of their own:
# nothing is installed, and no other architecture is added to the system. What the archive does not have is left to
# CMake, which then takes its pinned source.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
packages=(libhwy-dev libfmt-dev doctest-dev libxsimd-dev libcli11-dev nlohmann-json3-dev)
folder=build-aarch64/packages
if [ -e "$folder/complete" ]; then exit; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
apt=(-qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root -o Dir::State="$work"
     -o Dir::State::status=/dev/null -o Dir::Cache="$work/cache")

# A -dev package's links point into the package of the library itself: what it depends on by exactly its own version.
with_library() {
  echo "$1"
  apt-cache "${apt[@]}" show "$1" | sed -n 's/^Depends: //p' | head -n 1 | tr ',' '\n' |
    sed -n 's/^ *\(lib[^ ]*\) (= .*/\1/p'
}

unpack() {
  (cd "$work" && apt-get "${apt[@]}" download "$1") && dpkg -x "$work/$1"_*.deb "$folder"
}

rm -rf "$folder"
mkdir -p "$folder"
complete=yes
apt-get "${apt[@]}" update
for package in "${packages[@]}"; do
  for part in $(with_library "$package"); do
    unpack "$part" || { echo "Going on without $part for arm64"; complete=no; }
  done
done
if [ "$complete" = yes ]; then touch "$folder/complete"; fi
