// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// CSR in tiles (ours): see arrays.hpp.
#include "slots.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>
#include <cmath>

namespace septet::detail {
namespace {

constexpr Index kMostRows = 256, kMostCols = 65536;
// A tile's part of a panel of B: 80 rows of eight cache lines leave room for C and A in a first-level cache of 48 KiB.
constexpr Index kTileLines = 640, kPanelLines = 8;

// One row's part of one tile: elements [begin, begin + count) of the CSR.
struct Piece {
  std::int32_t row;
  Index begin, count;
};

// Lists the pieces of a tile, longest first, and their slots.
void append_tile(const CsrArrays& csr, std::vector<Piece>& pieces, const SlotWriter& values, TcsrArrays& tcsr) {
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& x, const Piece& y) { return x.count > y.count; });
  Index last = -1;
  for (const Piece& piece : pieces) {
    if (piece.count != last) {
      tcsr.run_rows.push_back(0);
      tcsr.run_count.push_back(static_cast<std::int32_t>(piece.count));
      last = piece.count;
    }
    ++tcsr.run_rows.back();
    tcsr.row_idx.push_back(piece.row);
    for (Index p = piece.begin; p < piece.begin + piece.count; ++p) {
      values.copy(p, static_cast<Index>(tcsr.col_offset.size()));
      tcsr.col_offset.push_back(static_cast<std::uint16_t>(csr.col_idx[p] % tcsr.tile_cols));
    }
  }
  tcsr.run_ptr.push_back(static_cast<Index>(tcsr.run_rows.size()));
  tcsr.row_ptr.push_back(static_cast<Index>(tcsr.row_idx.size()));
  tcsr.slot_ptr.push_back(static_cast<Index>(tcsr.col_offset.size()));
}

}  // namespace

Index tcsr_block_rows(Index rows) {
  if (rows <= kMostRows) return std::max<Index>(1, rows);
  return ceil_div(ceil_div(rows, ceil_div(rows, kMostRows)), 16) * 16;
}

// As much as the cache holds of a panel, or, if a row of A has fewer elements than that is worth, 13 elements of a row
// on the average (measured: 64 to 80 columns are best at half zeros, 128 at 90 %, 256 at 95 %, 512 at 98 %).
Index tcsr_tile_cols(Index rows, Index cols, Index nnz, Index wanted, Index row_bytes) {
  Index tile = wanted;
  if (wanted == 0) {
    const double cells = static_cast<double>(rows) * static_cast<double>(cols);
    const double density = static_cast<double>(nnz) / std::max(cells, 1.0);
    const Index lines = row_bytes == 0 ? kPanelLines : std::clamp<Index>(ceil_div(row_bytes, 64), 1, kPanelLines);
    const Index least = kTileLines / lines;
    tile = least;
    if (nnz == 0) {
      tile = kMostCols;
    } else {
      const double columns = std::ceil(std::min(12.8 / density, static_cast<double>(kMostCols)) / 32) * 32;
      tile = std::clamp(static_cast<Index>(columns), least, kMostCols);
    }
  }
  const Index all = std::max<Index>(1, cols);
  if (wanted != 0 || tile >= all) return std::min(tile, all);
  return ceil_div(all, ceil_div(all, tile));  // all about as deep: a shallow last one would cost its rows' ends as well
}

void pack_tcsr(const CsrArrays& csr, PackedStorage& packed) {
  TcsrArrays tcsr;
  tcsr.block_rows = tcsr_block_rows(csr.rows);
  tcsr.tile_cols = tcsr_tile_cols(csr.rows, csr.cols, csr.nnz(), packed.options.tile_cols,
                                  packed.options.expected_cols * size_of(accumulator_of(csr.type)));
  packed.values.resize(csr.values.size());
  const SlotWriter values(csr, packed.values);
  tcsr.col_offset.reserve(csr.nnz());
  std::vector<Index> cursor(csr.row_ptr.begin(), csr.row_ptr.end() - 1);
  std::vector<Piece> pieces;
  for (Index block = 0; block < csr.rows; block += tcsr.block_rows) {
    for (Index first = 0; first < csr.cols; first += tcsr.tile_cols) {
      pieces.clear();
      for (Index i = block; i < std::min(block + tcsr.block_rows, csr.rows); ++i) {
        const Index begin = cursor[i];
        while (cursor[i] < csr.row_ptr[i + 1] && csr.col_idx[cursor[i]] < first + tcsr.tile_cols) ++cursor[i];
        if (first == 0 || cursor[i] > begin) pieces.push_back({static_cast<std::int32_t>(i), begin, cursor[i] - begin});
      }
      append_tile(csr, pieces, values, tcsr);
    }
  }
  packed.arrays = std::move(tcsr);
}

void tcsr_places(const PackedStorage& packed, SlotPlaces& places) {
  const auto& tcsr = std::get<TcsrArrays>(packed.arrays);
  const Index tiles_per_block = ceil_div(packed.cols, tcsr.tile_cols);
  for (std::size_t t = 0; t + 1 < tcsr.run_ptr.size(); ++t) {
    const Index first = static_cast<Index>(t) % tiles_per_block * tcsr.tile_cols;
    Index row = tcsr.row_ptr[t], slot = tcsr.slot_ptr[t];
    for (Index run = tcsr.run_ptr[t]; run < tcsr.run_ptr[t + 1]; ++run) {
      for (const Index end = row + tcsr.run_rows[run]; row < end; ++row) {
        for (const Index last = slot + tcsr.run_count[run]; slot < last; ++slot) {
          places.add(tcsr.row_idx[row], first + tcsr.col_offset[slot]);
        }
      }
    }
  }
}

}  // namespace septet::detail
