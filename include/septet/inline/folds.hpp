// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// All seven folds, header-only, for your own number types and small fixed shapes. A fold is one pass of an H x W
// systolic array over a piece of a product that fits it; these functions compute what that pass computes, in its
// order and so with its bits. Time is the emulator's.
//
//                    stays in the array     streams       at most                     header
//   dOS  sOS  csOS   H x W of C             k             H rows, W columns of C      fold_os.hpp
//   dWS  sWS         W x H of A             columns n     W rows m, H k's             fold_ws.hpp
//   dIS  sIS         H x W of B             rows m        H k's, W columns n          fold_is.hpp
//
// Views: MatrixView<T> for A, B and C. Their sizes say how much of the array is in use (an edge fold uses less); H
// and W are compile-time limits. Processing elements outside do nothing, and no memory outside is touched.
//
// The call: fold<H, W, sum>(a, …, b, c, mac): sum is where sums start and end (mac.hpp), mac the multiply-accumulate
// (mac.hpp). Vectors are xsimd's, of what this file is compiled for (lane.hpp). product.hpp: a whole small product.
//
//   float a[4 * 9], b[9 * 8], c[4 * 8];  // … filled; c is the preload
//   septet::fold::dOS<4, 8>(septet::row_major(a, 4, 9), septet::row_major(b, 9, 8), septet::row_major(c, 4, 8));
#pragma once

#include "septet/inline/fold_is.hpp"
#include "septet/inline/fold_os.hpp"
#include "septet/inline/fold_ws.hpp"
#include "septet/inline/product.hpp"
