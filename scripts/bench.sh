#!/usr/bin/env bash
# scripts/bench.sh [OPTION ...]: dense products, ours beside other libraries. Installs what can be had of those (packages;
# MKL into a virtual environment in the user's cache), builds bench_gemm and runs it with the OPTIONs given, or without
# any the whole series: every shape, type and mode, with JSON in build/bench (20 minutes or so, on a quiet machine).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
environment=${XDG_CACHE_HOME:-$HOME/.cache}/septet-bench

# None of them is needed: what is missing is left out, by name.
install_peers() {
  local package
  for package in libopenblas0-pthread libblis4-openmp libdnnl-dev libxsmm-dev libeigen3-dev python3-venv; do
    scripts/install_dependencies.sh "$package" || echo "Going on without $package"
  done
  if ! find_mkl >/dev/null; then
    echo "Installing MKL into $environment"
    { python3 -m venv "$environment" && "$environment/bin/pip" install --quiet mkl; } || echo "Going on without MKL"
  fi
}

find_mkl() {
  local library
  for library in "$environment"/lib/libmkl_rt.so*; do
    [ ! -e "$library" ] || { echo "$library"; return 0; }
  done
  return 1
}

bench() { build/bin/bench_gemm "${mkl[@]}" "$@"; }

# series NAME OPTION …: one run of the whole series.
series() {
  local name=$1
  shift
  printf '\n== %s: bench_gemm %s\n' "$name" "$*"
  bench --json "build/bench/$name.json" "$@"
}

run_all() {
  local shapes=(squares resnet50 mobilenet_v1 bert gpt2_xl dlrm thin odd) threads cores
  mkdir -p build/bench
  cores=$(nproc)
  for threads in 1 $((cores > 1 ? 2 : 1)); do
    series "f32_t$threads" "${shapes[@]}" --threads "$threads"
    series "f64_t$threads" "${shapes[@]}" --type f64 --threads "$threads"
    series "u8s8_t$threads" "${shapes[@]}" --type u8s8 --threads "$threads"
    series "columns_t$threads" columns --prepacked a --layout rcc --threads "$threads"
    [ "$cores" -gt 1 ] || break
  done
  series s8_t1 "${shapes[@]}" --type s8
  series s16_t1 squares --type s16
  series bf16_t1 squares resnet50 --type bf16
  series f16_t1 squares resnet50 --type f16
  series batches_t1 batches
  series fold_t1 squares resnet50 --order fold
  series unfused_t1 squares resnet50 --order unfused
}

install_peers
scripts/build.sh release bench_gemm
mkl=()
if library=$(find_mkl); then mkl=(--library "mkl=$library"); fi
if [ $# -gt 0 ]; then bench "$@"; else run_all; fi
