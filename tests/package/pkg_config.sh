#!/usr/bin/env bash
# pkg_config.sh PKG_CONFIG COMPILER STANDARD LIBDIR shared|static SOURCE PROGRAM: compiles SOURCE to PROGRAM with what
# pkg-config says of the septet in LIBDIR, and runs it.
set -euo pipefail
pkg_config=$1 compiler=$2 standard=$3 libdir=$4 kind=$5 source=$6 program=$7

export PKG_CONFIG_PATH=$libdir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
options=(--cflags --libs)
[ "$kind" = shared ] || options+=(--static)
read -ra flags <<<"$("$pkg_config" "${options[@]}" septet)"

echo "$compiler -std=$standard $source -o $program ${flags[*]}"
"$compiler" -std="$standard" "$source" -o "$program" "${flags[@]}"
"$program"
