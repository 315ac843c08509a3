// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Constants of sigmoid, tanh and gelu, which all are computed in f64, for f32 too: its result is then rounded once.
// The vector code (epilogue-inl.h) and its portable twin take the same operations in the same order:
//
//   e^t, t <= 0         t = n ln 2 + r;   e^r - 1 = p = r + r^2 q(r);   e^t = (1 + p) 2^n
//   sigmoid(x)          z = e^-|x|;   (x < 0 ? z : 1) / (1 + z)
//   tanh(x)             e = e^(-2|x|) - 1 = 2^n p + (2^n - 1);   copysign(e / (2 + e), x)
//   gelu(x) = x Phi(x)  Phi(-a) = e^(-a^2 / 2) M(a), a = |x|;   M(a) = P(a) / Q(a)
//                       x < 0: x Phi(-a), 2^n last, so that nothing is lost on the way to the subnormals
//                       else:  x (1 - Phi(-a))
//   f64: a^2 is h + l, exactly, and r takes -l / 2; n ln 2 in two parts; 2^n in two steps.
//
// q: least largest error of e^r - 1, relative, over |r| <= ln(2) / 2, by Remez' exchange algorithm (E. Remez, 1934). M
// is Mills' ratio over sqrt(2 pi), erfcx(a / sqrt 2) / 2: P / Q by weighted linear least squares (Sanathanan and
// Koerner, IEEE Trans. Automatic Control, 1963) with Lawson's weights towards the least largest relative error, at 160
// Chebyshev nodes; all their coefficients are positive, so Horner's rule cancels nothing. Both in 50 digits and more.
//
//   largest relative error of   q: f32 4.7e-10, f64 2.6e-19   P / Q: f32 9.7e-11 (a <= 15.5), f64 9.3e-19 (a <= 39)
#pragma once

namespace septet::kernels {

constexpr double kLog2E = 0x1.71547652b82fep+0;
constexpr double kLn2High = 0x1.62e42fefa39efp-1;
constexpr double kLn2Low = 0x1.abc9e3b39803fp-56;
/// x + kRoundToInteger - kRoundToInteger: the nearest integer, for |x| < 2^51.
constexpr double kRoundToInteger = 0x1.8p+52;
/// Added to a whole n it leaves n + 1023 in the low bits: the exponent field of 2^n.
constexpr double kExponentBias = 0x1.8p+52 + 1023;

/// Highest powers first.
struct SinglePrecision {
  static constexpr bool kDouble = false;
  // e^-110 is less than half of the smallest subnormal, and tanh(10) rounds to 1; gelu(-15.5) rounds to -0.
  static constexpr double kSigmoidEnd = 110, kTanhEnd = 10, kGeluEnd = 15.5;
  static constexpr double kExp[] = {0x1.a17e0849c6dfdp-13, 0x1.6da76becddfc8p-10, 0x1.1110ab6f50a74p-7,
                                    0x1.5554708f37d3ep-5,  0x1.555555742f345p-3,  0x1.0000004572d5dp-1};
  static constexpr double kMillsP[] = {0x1.db2200affd5bbp-11, 0x1.82c30b4b486aap-7, 0x1.26f960f6fd923p-4,
                                       0x1.024a249f7b643p-2,  0x1.04d05ceebee02p-1, 0x1.ffffffff2eed2p-2};
  static constexpr double kMillsQ[] = {0x1.29bee34c42d85p-9,
                                       0x1.e4bb3ed5f4988p-6,
                                       0x1.765ba3c5fc66fp-3,
                                       0x1.52d187cc8d9e7p-1,
                                       0x1.74380a213e8d3p+0,
                                       0x1.d1128666534d6p+0,
                                       0x1p+0};
};

struct DoublePrecision {
  static constexpr bool kDouble = true;
  static constexpr double kSigmoidEnd = 750, kTanhEnd = 22, kGeluEnd = 39;
  static constexpr double kExp[] = {0x1.1ee87fa6042a2p-29, 0x1.af5e74c903baep-26, 0x1.27e53630db470p-22,
                                    0x1.71ddf87edbfcdp-19, 0x1.a01a017bc4960p-16, 0x1.a01a01afd3d48p-13,
                                    0x1.6c16c16c1f07dp-10, 0x1.111111110f6dap-7,  0x1.555555555553fp-5,
                                    0x1.5555555555559p-3,  0x1.0000000000000p-1};
  static constexpr double kMillsP[] = {0x1.e173eb52f6309p-23,
                                       0x1.d42bf026d339ep-18,
                                       0x1.bf04beee7f815p-14,
                                       0x1.1090fb33c0bd8p-10,
                                       0x1.d2d2387133e77p-8,
                                       0x1.2432eb1d4b319p-5,
                                       0x1.0e6fb4ba55dfep-3,
                                       0x1.6ded390260a00p-2,
                                       0x1.5bf68d9a65b38p-1,
                                       0x1.a7e63e71559d6p-1,
                                       0x1p-1};
  static constexpr double kMillsQ[] = {0x1.2db4afb8d40dep-21, 0x1.2562106f49005p-16, 0x1.18b772d6b702bp-12,
                                       0x1.57e73e429aae9p-9,  0x1.28e53682653ebp-6,  0x1.78bfc5c23ca3ap-4,
                                       0x1.64af1273070acp-2,  0x1.f5d1a60199663p-1,  0x1.002fcc14deaa1p+1,
                                       0x1.68948c88d4a08p+1,  0x1.3a143407fba80p+1,  0x1p+0};
};

}  // namespace septet::kernels
