#!/usr/bin/env bash
# symbols.sh NM LIBRARY: fails if the door exports anything but GEMM's names and its own, or misses a spelling of one.
set -euo pipefail
symbols=$("$1" --dynamic --defined-only "$2" | awk '{print $3}')
others=$(grep -Ev '^(cblas_)?(s|d|c|z|sb)gemm(_batch_strided)?(_|_64|_64_|64_)?$|^cblas_(gemm_s8u8s32|gemm_bf16bf16f32)(_64|64_)?$|^cblas_[sd]gemm_(alloc|free|pack|pack_get_size|compute)(_64|64_)?$|^septet_blas_[a-z_]+$' <<<"$symbols" || true)
missing=
for name in {s,d,c,z}gemm{,_batch_strided} sbgemm; do
  for spelling in "${name}_" "${name}_64_" "${name}_64" "cblas_$name" "cblas_${name}_64" "cblas_${name}64_"; do
    grep -qx "$spelling" <<<"$symbols" || missing+=" $spelling"
  done
done
for name in gemm_s8u8s32 gemm_bf16bf16f32 {s,d}gemm_{alloc,free,pack,pack_get_size,compute}; do
  for spelling in "cblas_$name" "cblas_${name}_64" "cblas_${name}64_"; do
    grep -qx "$spelling" <<<"$symbols" || missing+=" $spelling"
  done
done
if [ -n "$others$missing" ]; then
  printf 'symbols.sh: exported, but nobody asked for it: %s\nmissing:%s\n' "$others" "$missing" >&2
  exit 1
fi
echo "$(wc -l <<<"$symbols") names"
