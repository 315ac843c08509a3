// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Operators that are no products, shared among threads: by rows, or by blocks of elements.
#pragma once

#include "septet/types.hpp"
#include "src/threads.hpp"

#include <algorithm>

namespace septet::network {

/// How many threads such work is worth: so many operations on so many elements of memory, in so many pieces.
inline int threads_for(Index pieces, Index operations, Index elements) {
  const int threads = detail::thread_count({}, operations, static_cast<double>(elements));
  return static_cast<int>(std::min<Index>(threads, std::max<Index>(pieces, 1)));
}

/// f(piece, worker) for every piece.
template <class F>
void share(Index pieces, int threads, const F& f) {
  detail::SharedItems items(pieces);
  detail::run_team({}, threads, [&](int worker) { items.for_each([&](Index piece) { f(piece, worker); }); });
}

/// f(first, count) for blocks that together are `elements` elements; each takes some operations.
template <class F>
void share_elements(Index elements, Index operations_each, const F& f) {
  constexpr Index kBlock = Index{1} << 14;  // long beside a call, short beside what a thread does
  const Index blocks = (elements + kBlock - 1) / kBlock;
  share(blocks, threads_for(blocks, elements * operations_each, elements),
        [&](Index block, int /*worker*/) { f(block * kBlock, std::min(kBlock, elements - block * kBlock)); });
}

/// f(first row, last row) for blocks of rows of `width` elements that together are all of them, the last row excluded.
template <class F>
void share_row_blocks(Index rows, Index width, Index operations_each, const F& f) {
  constexpr Index kBlock = Index{1} << 13;  // elements, more or less
  const Index height = std::max<Index>(kBlock / std::max<Index>(width, 1), 1), blocks = (rows + height - 1) / height;
  share(blocks, threads_for(blocks, rows * width * operations_each, rows * width),
        [&](Index block, int /*worker*/) { f(block * height, std::min((block + 1) * height, rows)); });
}

/// f(first element of a row) for rows of `width` elements.
template <class F>
void share_rows(Index elements, Index width, Index operations_each, const F& f) {
  const Index rows = width == 0 ? 0 : elements / width;
  share(rows, threads_for(rows, elements * operations_each, elements),
        [&](Index row, int /*worker*/) { f(row * width); });
}

}  // namespace septet::network
