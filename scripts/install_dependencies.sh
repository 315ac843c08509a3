#!/usr/bin/env bash
# scripts/install_dependencies.sh [PACKAGE ...]: installs what Septet is built with, and the packages named, on Debian
# 12, Ubuntu 22.04 or later; does nothing if all is there. Without root and without sudo it goes on if the compiler and
# CMake are there (CMake then downloads the pinned sources of what is missing or too old) and else exits with 2.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
packages=(g++ cmake ninja-build pkg-config git ca-certificates libhwy-dev libxsimd-dev libbenchmark-dev doctest-dev
          libcli11-dev nlohmann-json3-dev libfmt-dev "$@")

# A tool counts wherever it comes from, a library only as a package.
is_there() {
  case $1 in
    ninja-build) command -v ninja >/dev/null ;;
    clang) command -v clang++ >/dev/null ;;
    g++ | cmake | pkg-config | git | clang-format | clang-tidy) command -v "$1" >/dev/null ;;
    *) [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
  esac
}

list_missing() {
  missing=()
  for package in "${packages[@]}"; do is_there "$package" || missing+=("$package"); done
}

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >/dev/null
}

list_missing
if [ ${#missing[@]} -gt 0 ] && command -v apt-get >/dev/null; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
  if [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; then
    echo "Installing ${missing[*]}"
    if ! apt update || ! apt install "${missing[@]}"; then
      sleep 10
      apt update || true
      for package in "${missing[@]}"; do apt install "$package" || true; done # what can be had
    fi
    list_missing
  fi
fi

if [ ${#missing[@]} -gt 0 ]; then
  needed=(g++ cmake "$@")
  case "${missing[*]}" in *-dev*) needed+=(git) ;; esac # to download their sources
  for package in "${needed[@]}"; do
    if ! is_there "$package"; then
      echo "These packages could not be installed from here; please install them: ${missing[*]}" >&2
      exit 2
    fi
  done
  echo "Not installed: ${missing[*]}; CMake downloads the sources of the libraries among them"
fi

minimum=$(sed -n 's/^cmake_minimum_required(VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
found=$(cmake --version | sed -n '1s/.* //p')
if [ "$(printf '%s\n' "$minimum" "$found" | sort -V | head -n 1)" != "$minimum" ]; then
  echo "Septet needs CMake $minimum or later; this is $found" >&2
  exit 2
fi
