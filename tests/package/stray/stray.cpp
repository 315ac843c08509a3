// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Compiled for AVX, but not among the kernels: instructions.sh has to find it.
namespace {
[[gnu::noinline]] float stray_outside(float a, float b) { return a * b; }
}  // namespace

float call_outside(float a, float b);
float call_outside(float a, float b) { return stray_outside(a, b) + 1; }
