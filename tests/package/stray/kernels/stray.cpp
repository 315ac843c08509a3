// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Among the kernels, and compiled for AVX; but any file may share this function: instructions.sh has to find it.
template <class T>
[[gnu::noinline]] T stray_inline(T a, T b) {
  return a * b;
}
template float stray_inline(float, float);
