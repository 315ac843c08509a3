// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// SELL-C-sigma (Kreutzer, Hager, Wellein, Fehske, Bishop, SIAM J. Sci. Comput. 36(5), 2014).
#include "slots.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>
#include <numeric>

namespace septet::detail {
namespace {

// Rows, longest first within each window; -1 behind the last one, up to a whole slice.
std::vector<std::int32_t> sorted_rows(const CsrArrays& csr, const SliceShape& slice) {
  std::vector<std::int32_t> order(csr.rows);
  std::iota(order.begin(), order.end(), 0);
  const auto length = [&](std::int32_t i) { return csr.row_ptr[i + 1] - csr.row_ptr[i]; };
  for (Index begin = 0, end = 0; begin < csr.rows; begin = end) {
    end = std::min(csr.rows, begin + std::min(slice.window, csr.rows));
    std::stable_sort(order.begin() + begin, order.begin() + end,
                     [&](std::int32_t x, std::int32_t y) { return length(x) > length(y); });
  }
  order.resize(ceil_div(csr.rows, slice.height) * slice.height, -1);
  return order;
}

}  // namespace

void pack_sell(const CsrArrays& csr, PackedStorage& packed) {
  const Index height = packed.options.slice.height;
  SellArrays sell;
  sell.row_order = sorted_rows(csr, packed.options.slice);
  Index columns = 0, width = 0;  // of all slices together; of this one
  for (std::size_t r = 0; r < sell.row_order.size(); ++r) {
    const std::int32_t row = sell.row_order[r];
    const Index length = row < 0 ? 0 : csr.row_ptr[row + 1] - csr.row_ptr[row];
    sell.row_length.push_back(static_cast<std::int32_t>(length));
    width = std::max(width, length);
    if ((r + 1) % height != 0) continue;
    columns += width, width = 0;
    sell.slice_ptr.push_back(columns);
  }
  sell.col_idx.assign(fill_zeros(packed, columns, height), 0);
  for (Index& offset : sell.slice_ptr) offset *= height;
  const SlotWriter writer(csr, packed.values);
  for (std::size_t r = 0; r < sell.row_order.size(); ++r) {
    const Index first = sell.slice_ptr[r / height] + static_cast<Index>(r) % height;
    for (Index j = 0; j < sell.row_length[r]; ++j) {
      const Index p = csr.row_ptr[sell.row_order[r]] + j, slot = first + j * height;
      sell.col_idx[slot] = csr.col_idx[p];
      writer.copy(p, slot);
    }
  }
  packed.arrays = std::move(sell);
}

void sell_places(const PackedStorage& packed, SlotPlaces& places) {
  const auto& sell = std::get<SellArrays>(packed.arrays);
  const Index height = packed.options.slice.height;
  for (std::size_t s = 0; s + 1 < sell.slice_ptr.size(); ++s) {
    for (Index slot = sell.slice_ptr[s]; slot < sell.slice_ptr[s + 1]; ++slot) {
      const Index j = (slot - sell.slice_ptr[s]) / height;
      const Index r = static_cast<Index>(s) * height + (slot - sell.slice_ptr[s]) % height;
      j < sell.row_length[r] ? places.add(sell.row_order[r], sell.col_idx[slot]) : places.add_padding();
    }
  }
}

}  // namespace septet::detail
