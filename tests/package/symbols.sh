#!/usr/bin/env bash
# symbols.sh NM LIBRARY VERSION: fails if the shared library exports anything but septet's public interface, in C and in
# C++, each symbol marked with SEPTET_VERSION.
set -euo pipefail
nm=$1 library=$2 version=SEPTET_$3

symbols=$("$nm" --dynamic --defined-only --demangle --with-symbol-versions "$library" | grep -v " A $version\$")
public="^[0-9a-f]+ [A-Za-z] ((typeinfo|typeinfo name|vtable) for septet::|septet::|septet_).*@@$version\$"
behind='septet::(detail|capi|portable|kernels|N_[A-Z0-9_]+)::'

for interface in 'septet::gemm(' 'septet_gemm@@' 'typeinfo for septet::Error@@'; do
  grep -Fq " $interface" <<<"$symbols" || { echo "symbols.sh: $interface… is not exported" >&2; exit 1; }
done
others=$({ grep -Ev "$public" <<<"$symbols"; grep -E "$behind" <<<"$symbols"; } || true)
if [ -n "$others" ]; then
  printf 'symbols.sh: exported, but not part of the interface of %s:\n%s\n' "$version" "$others" >&2
  exit 1
fi
echo "$(wc -l <<<"$symbols") symbols of $version, nothing else"
