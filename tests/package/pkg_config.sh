#!/usr/bin/env bash
# pkg_config.sh PKG_CONFIG COMPILER STANDARD LIBDIR shared|static PACKAGE SOURCE PROGRAM: compiles SOURCE to PROGRAM with
# what pkg-config says of the PACKAGE in LIBDIR, and runs it.
set -euo pipefail
pkg_config=$1 compiler=$2 standard=$3 libdir=$4 kind=$5 package=$6 source=$7 program=$8

export PKG_CONFIG_PATH=$libdir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
options=(--cflags --libs)
[ "$kind" = shared ] || options+=(--static)
read -ra flags <<<"$("$pkg_config" "${options[@]}" "$package")"

echo "$compiler -std=$standard $source -o $program ${flags[*]}"
"$compiler" -std="$standard" "$source" -o "$program" "${flags[@]}"
"$program"
