// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Constants of sigmoid, tanh and gelu, which all are computed in f64, for f32 too: its result is then rounded once.
// The vector code (epilogue-inl.h) and its portable twin take the same operations in the same order:
//
//   e^t, t <= 0         t = n ln 2 + r;   e^r - 1 = p = r + r^2 q(r);   e^t = (1 + p) 2^n
//   sigmoid(x)          z = e^-|x|;   (x < 0 ? z : 1) / (1 + z)
//   tanh(x)             e = e^(-2|x|) - 1 = 2^n p + (2^n - 1);   copysign(e / (2 + e), x)
//   gelu(x) = x Phi(x)  Phi(-a) = e^(-a^2 / 2) M(a), a = |x|
//                       x < 0: x Phi(-a), 2^n last, so that nothing is lost on the way to the subnormals
//                       else:  x (1 - Phi(-a))
//     f32: M(a) = P(a) / Q(a)
//     f64: M(a) = G((a - 4) / (a + 4)) / (1 + 1.25 a);   a < 0.5: x (1/2 + x S(x^2)), where Phi(-a) has too few digits
//   f64: a^2 is h + l, exactly, and r takes -l / 2; n ln 2 in two parts; 2^n in two steps.
//
// M is Mills' ratio over sqrt(2 pi): erfcx(a / sqrt 2) / 2. The map of a half-line onto an interval, and the factor
// that flattens M: M. Shepherd, J. Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x <
// infinity", Math. Comp. 36 (1981). Coefficients in 50 digits, then rounded: q, G, S by Remez' exchange algorithm (E.
// Remez, 1934) for the least largest relative error; P / Q by weighted linear least squares (Sanathanan and Koerner,
// IEEE Trans. Automatic Control 8, 1963) with Lawson's weights towards the same, at 120 Chebyshev nodes. All of P and Q
// is positive, and G and S change little: Horner's rule cancels nothing.
//
//   largest relative error of   q: f32 4.7e-10, f64 2.6e-19;   P / Q 9.7e-11 (a <= 15.5);   G 3.4e-18 (0.5 to 39);
//                               S 2.6e-18
//
// Largest error of the results, in ulp:    gelu    sigmoid   tanh
//   f32, all 2^32, against f64             0.503   0.502     0.508    epilogue_test --no-skip -tc='every float'
//   f64, 8 * 2^20 random, 64-bit digits    3.6     2.3       2.6      AVX-512 here; all targets have the same bits
#pragma once

namespace septet::kernels {

constexpr double kLog2E = 0x1.71547652b82fep+0;
constexpr double kLn2High = 0x1.62e42fefa39efp-1;
constexpr double kLn2Low = 0x1.abc9e3b39803fp-56;
/// x + kRoundToInteger - kRoundToInteger: the nearest integer, for |x| < 2^51.
constexpr double kRoundToInteger = 0x1.8p+52;
/// Added to a whole n it leaves n + 1023 in the low bits: the exponent field of 2^n.
constexpr double kExponentBias = 0x1.8p+52 + 1023;
/// 1 / G within a tenth: 1 / (1 + 1.25 a) out of M, for a correction.
constexpr double kInverseOfG = 1.87;

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
  static constexpr double kSigmoidEnd = 750, kTanhEnd = 22, kGeluEnd = 39, kCentreEnd = 0.5;
  static constexpr double kExp[] = {0x1.1ee87fa6042a2p-29, 0x1.af5e74c903baep-26, 0x1.27e53630db470p-22,
                                    0x1.71ddf87edbfcdp-19, 0x1.a01a017bc4960p-16, 0x1.a01a01afd3d48p-13,
                                    0x1.6c16c16c1f07dp-10, 0x1.111111110f6dap-7,  0x1.555555555553fp-5,
                                    0x1.5555555555559p-3,  0x1.0000000000000p-1};
  static constexpr double kMillsG[] = {
      -0x1.936a439f526bap-29, 0x1.4918931d72292p-28,  0x1.b94e8841640aap-26, -0x1.85c8c8dc8d582p-26,
      -0x1.3ad3a5e3fda7ap-23, 0x1.716c9602a49bcp-27,  0x1.819a1156a84d7p-21, 0x1.e9f13a9fc825cp-22,
      -0x1.cce7c05da91d9p-19, -0x1.120bce186c705p-18, 0x1.2fd74eb930d15p-16, 0x1.aa38da1873ec7p-16,
      -0x1.eaa4fbfe5d0f1p-14, -0x1.bf519c57dda19p-14, 0x1.dff140ee0c186p-11, -0x1.0eeaa3d12391ap-11,
      -0x1.a21c5a337422fp-8,  0x1.921d6a0d5da52p-6,   -0x1.88eabed01515bp-5, 0x1.b7b978b5b84a3p-5,
      -0x1.bd7d64efe11cdp-7,  -0x1.40a271051580ap-4,  0x1.22078ca96fa5ap-1};
  static constexpr double kCentre[] = {-0x1.4f272eaead066p-25, 0x1.650fd1b6127bep-21,  -0x1.3ce75e3ae9f55p-17,
                                       0x1.e42b074910138p-14,  -0x1.37403f657bceep-10, 0x1.46d0429762f6ap-7,
                                       -0x1.1058377e2cebbp-4,  0x1.9884533d43651p-2};
};

}  // namespace septet::kernels
