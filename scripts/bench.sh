#!/usr/bin/env bash
# scripts/bench.sh [OPTION ...]: dense products, ours beside other libraries. Installs what can be had of those (packages;
# MKL into a virtual environment in the user's cache), builds bench_gemm and runs it with the OPTIONs given, or without
# any the whole series: every shape, type and mode, with JSON in build/bench (20 minutes or so, on a quiet machine).
# scripts/bench.sh sparse [OPTION ...]: the same of sparse products and bench_sparse (its series: two hours or so; 12 GB
# of memory for the matrix that is beyond the caches).
# scripts/bench.sh network [OPTION ...]: whole ResNet-50 beside PyTorch and ONNX Runtime, which go into a virtual
# environment in the user's cache (6 GB), models and compiled code into build/bench (--help; half an hour).
# scripts/bench.sh training [OPTION ...]: the same of steps of training of ResNet-18 and ResNet-50, beside PyTorch.
# scripts/bench.sh prune [OPTION ...]: accuracy against cycles and CPU time of networks that are pruned and retrained, with
# the same PyTorch; records in build/bench/prune (bench/networks/prune.py --help).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
environment=${XDG_CACHE_HOME:-$HOME/.cache}/septet-bench
runtimes=${XDG_CACHE_HOME:-$HOME/.cache}/septet-bench-networks

# None of them is needed: what is missing is left out, by name.
install_peers() {
  local package
  local packages=(libopenblas0-pthread libblis4-openmp libdnnl-dev libxsmm-dev libeigen3-dev python3-venv)
  [ "$program" != bench_sparse ] || packages+=(libxnnpack-dev libpthreadpool-dev librsb-dev libgraphblas-dev)
  for package in "${packages[@]}"; do
    scripts/install_dependencies.sh "$package" || echo "Going on without $package"
  done
  if ! find_mkl >/dev/null; then
    echo "Installing MKL into $environment"
    { python3 -m venv "$environment" && "$environment/bin/pip" install --quiet mkl; } || echo "Going on without MKL"
  fi
}

# Without these there is nothing to compare, but for torchao (PyTorch's newest quantisation).
install_runtimes() {
  [ ! -e "$runtimes/complete" ] || return 0
  echo "Installing PyTorch and ONNX Runtime into $runtimes"
  scripts/install_dependencies.sh python3-venv || echo "Going on without the package python3-venv"
  python3 -m venv "$runtimes"
  "$runtimes/bin/pip" install --quiet torch onnxruntime onnx numpy
  "$runtimes/bin/pip" install --quiet torchao || echo "Going on without torchao"
  touch "$runtimes/complete"
}

find_mkl() {
  local library
  for library in "$environment"/lib/libmkl_rt.so*; do
    [ ! -e "$library" ] || { echo "$library"; return 0; }
  done
  return 1
}

bench() { "build/bin/$program" "${mkl[@]}" "$@"; }

# series NAME OPTION …: one run of the whole series.
series() {
  local name=$1
  shift
  printf '\n== %s: %s %s\n' "$name" "$program" "$*"
  bench --json "build/bench/$name.json" "$@"
}

run_bench_gemm() {
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

# A third and four tenths of zeros are there to see where sparse meets dense.
run_bench_sparse() {
  local networks=(sparse_resnet50 sparse_mobilenet_v1 sparse_gpt2_xl)
  mkdir -p build/bench
  series sparse_uniform sparse_list --zeros 0.33,0.4,0.5,0.6,0.7,0.8,0.9,0.95,0.98
  series sparse_vectors sparse_list --patterns 8x1,16x1 --zeros 0.5,0.75,0.9
  series sparse_blocks sparse_list --patterns 4x4 --zeros 0.75,0.9
  series sparse_groups sparse_list --patterns 2:4
  series sparse_layers "${networks[@]}" --n own --largest 40 --zeros 0.33,0.4,0.5,0.6,0.7,0.8,0.9,0.95,0.98
  series sparse_s8 sparse_list --type s8 --patterns uniform,1x4,2:4 --zeros 0.5,0.75,0.9
  series sparse_f64 sparse_list --type f64 --n 1,49,196 --zeros 0.5,0.8,0.9
  series sparse_beyond sparse_beyond --n 1 --zeros 0.5 --formats csr,sell,bitmap,tsb,tcsr --peers septet,openblas,mkl
  [ "$(nproc)" -eq 1 ] || series sparse_t2 sparse_list --n 196,784 --zeros 0.5,0.9 --threads 2
}

# compare PROGRAM SCRIPT OPTION …: a script of bench/networks with a program of ours.
compare() {
  local program=$1 script=$2
  shift 2
  install_runtimes
  scripts/build.sh release "$program"
  mkdir -p build/bench/networks
  export TORCHINDUCTOR_CACHE_DIR=$root/build/bench/inductor PYTHONDONTWRITEBYTECODE=1
  exec "$runtimes/bin/python" "bench/networks/$script" --models build/bench/networks \
    "--${program/_/-}" "build/bin/$program" "$@"
}

prune() {
  install_runtimes
  scripts/build.sh release septet_cli
  mkdir -p build/bench
  export PYTHONDONTWRITEBYTECODE=1
  exec "$runtimes/bin/python" bench/networks/prune.py build/bench/prune "$@"
}

case "${1:-}" in
  network) compare bench_network compare.py "${@:2}" ;;
  prune) prune "${@:2}" ;;
  training) compare bench_training compare_training.py "${@:2}" ;;
esac
program=bench_gemm
if [ "${1:-}" = sparse ]; then
  program=bench_sparse
  shift
fi
install_peers
scripts/build.sh release "$program"
mkl=()
if library=$(find_mkl); then mkl=(--library "mkl=$library"); fi
if [ $# -gt 0 ]; then bench "$@"; else "run_$program"; fi
