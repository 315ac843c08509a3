#!/usr/bin/env bash
# symbols.sh NM LIBRARY: fails if the shared library exports anything but septet's public interface. Instantiations of
# the standard library's own templates are weak in every C++ library and are let through.
set -euo pipefail
nm=$1 library=$2

symbols=$("$nm" --dynamic --defined-only --demangle "$library")
public='^[0-9a-f]+ [A-Za-z] ((typeinfo|typeinfo name|vtable|VTT|guard variable) for )?septet(::|_)'
behind='septet::(detail|portable|N_[A-Z0-9_]+)::'
standard='^[0-9a-f]+ [WVu] .*(std|__gnu_cxx)::'

grep -Eq "$public" <<<"$symbols" || { echo "symbols.sh: nothing of septet is exported" >&2; exit 1; }
others=$({ grep -Ev "$public" <<<"$symbols" | grep -Ev "$standard"; grep -E "$behind|hwy::|fmt::" <<<"$symbols"; } || true)
if [ -n "$others" ]; then
  printf 'symbols.sh: exported, but not part of the interface:\n%s\n' "$others" >&2
  exit 1
fi
echo "$(grep -Ec "$public" <<<"$symbols") symbols of septet, nothing else"
