// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Arrays that came from a file: sizes, then offsets, then indices, so that no check reads what another has not allowed.
#include "bits.hpp"
#include "serialize.hpp"
#include "slots.hpp"
#include "src/arithmetic.hpp"

#include <algorithm>
#include <sstream>

namespace septet::detail {
namespace {

template <class... Parts>
[[noreturn]] void broken(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  throw_bad_file(out.str());
}

template <class T>
void require_size(const std::vector<T>& array, Index size, const char* what) {
  const auto is = static_cast<Index>(array.size());
  if (is != size) broken(what, ": ", is, " elements, and ", size, " are needed");
}

void require_slots(const PackedStorage& packed, Index slots) {
  if (packed.stored != slots) broken("values: ", packed.stored, " elements, and ", slots, " are needed");
}

Index product(Index a, Index b, const char* what) {
  Index result = 0;
  if (!multiply(a, b, result)) broken(what, ": ", a, " times ", b, " elements");
  return result;
}

// `count` + 1 offsets that ascend from 0 to `total`.
void require_offsets(const std::vector<Index>& offsets, Index count, Index total, const char* what) {
  require_size(offsets, count + 1, what);
  if (offsets[0] != 0) broken(what, ": begins with ", offsets[0], ", not 0");
  for (Index i = 0; i < count; ++i) {
    if (offsets[i + 1] < offsets[i]) broken(what, ": entry ", i + 1, " is ", offsets[i + 1], " after ", offsets[i]);
  }
  if (offsets[count] != total) broken(what, ": ends with ", offsets[count], ", and there are ", total);
}

// Strictly ascending, within [0, limit).
template <class Index_, class Where>
void require_ascending(const Index_* indices, Index count, Index stride, Index limit, const Where& where) {
  Index last = -1;
  for (Index j = 0; j < count; ++j) {
    const Index index = indices[j * stride];
    if (index < 0 || index >= limit) broken(where(), ": index ", index, " is outside 0 to ", limit - 1);
    if (index <= last) broken(where(), ": index ", index, " follows ", last);
    last = index;
  }
}

std::string row(Index i) { return "row " + std::to_string(i); }

void check_compressed(const std::vector<Index>& offsets, const std::vector<std::int32_t>& indices, Index majors,
                      Index minors, const char* what, const char* line) {
  require_offsets(offsets, majors, static_cast<Index>(indices.size()), what);
  for (Index i = 0; i < majors; ++i) {
    require_ascending(indices.data() + offsets[i], offsets[i + 1] - offsets[i], 1, minors,
                      [&] { return line + std::to_string(i); });
  }
}

void check(PackedStorage&, std::monostate&) {}

void check(PackedStorage& packed, CscArrays& csc) {
  check_compressed(csc.col_ptr, csc.row_idx, packed.cols, packed.rows, "col_ptr", "column ");
  require_slots(packed, csc.col_ptr.back());
}

void check(PackedStorage& packed, CooArrays& coo) {
  const auto count = static_cast<Index>(coo.row_idx.size());
  require_size(coo.col_idx, count, "col_idx");
  require_slots(packed, count);
  for (Index p = 0; p < count; ++p) {
    const Index i = coo.row_idx[p], k = coo.col_idx[p];
    if (i < 0 || i >= packed.rows || k < 0 || k >= packed.cols) {
      broken("element ", p, ": (", i, ", ", k, ") is outside ", packed.rows, " x ", packed.cols);
    }
    const bool ascends = p == 0 || coo.row_idx[p - 1] < i || (coo.row_idx[p - 1] == i && coo.col_idx[p - 1] < k);
    if (!ascends) broken("element ", p, ": (", i, ", ", k, ") does not follow the one before it");
  }
}

void check(PackedStorage& packed, BsrArrays& bsr) {
  const BlockShape& block = packed.options.block;
  check_compressed(bsr.block_ptr, bsr.block_idx, ceil_div(packed.rows, block.rows), ceil_div(packed.cols, block.cols),
                   "block_ptr", "block row ");
  require_slots(packed, product(bsr.block_ptr.back(), block.rows * block.cols, "values"));
}

// Slots first, first + stride … of a row: `length` indices, then zeros up to `width`.
void check_filled_row(const std::int32_t* indices, Index length, Index width, Index stride, Index cols, Index i) {
  if (length < 0 || length > width) broken(row(i), ": ", length, " elements in ", width, " slots");
  require_ascending(indices, length, stride, cols, [&] { return row(i); });
  for (Index j = length; j < width; ++j) {
    if (indices[j * stride] != 0) broken(row(i), ": padding has index ", indices[j * stride], ", not 0");
  }
}

void check(PackedStorage& packed, EllArrays& ell) {
  require_size(ell.row_length, packed.rows, "row_length");
  ell.width = ell.row_length.empty() ? 0 : *std::max_element(ell.row_length.begin(), ell.row_length.end());
  if (ell.width < 0) broken("row_length: ", ell.width, " elements in every row");
  const Index slots = product(packed.rows, ell.width, "col_idx");
  require_size(ell.col_idx, slots, "col_idx");
  require_slots(packed, slots);
  for (Index i = 0; i < packed.rows; ++i) {
    check_filled_row(ell.col_idx.data() + i * ell.width, ell.row_length[i], ell.width, 1, packed.cols, i);
  }
}

// Each row once, and within its window; as many places without one as the last slice has too many, at its end.
void require_permutation(const std::vector<std::int32_t>& order, Index rows, Index window) {
  std::vector<bool> seen(rows);
  for (std::size_t r = 0; r < order.size(); ++r) {
    const Index i = order[r];
    if (static_cast<Index>(r) >= rows) {
      if (i != -1) broken("row_order: entry ", r, " is ", i, ", and has to be -1");
      continue;
    }
    if (i < 0 || i >= rows) broken("row_order: entry ", r, " is ", i, ", outside 0 to ", rows - 1);
    if (i / window != static_cast<Index>(r) / window) {
      broken("row_order: entry ", r, " is ", i, ", of another window of ", window, " rows");
    }
    if (seen[i]) broken("row_order: row ", i, " is there twice");
    seen[i] = true;
  }
}

void check(PackedStorage& packed, SellArrays& sell) {
  const Index height = packed.options.slice.height, slices = ceil_div(packed.rows, height);
  require_size(sell.row_order, slices * height, "row_order");
  require_size(sell.row_length, slices * height, "row_length");
  const auto slots = static_cast<Index>(sell.col_idx.size());
  require_offsets(sell.slice_ptr, slices, slots, "slice_ptr");
  require_slots(packed, slots);
  require_permutation(sell.row_order, packed.rows, packed.options.slice.window);
  for (Index r = 0; r < slices * height; ++r) {
    const Index s = r / height, begin = sell.slice_ptr[s], size = sell.slice_ptr[s + 1] - begin;
    if (size % height != 0) broken("slice ", s, ": ", size, " slots for ", height, " rows");
    if (sell.row_order[r] < 0 && sell.row_length[r] != 0) broken("slice ", s, ": a row that is not there has elements");
    check_filled_row(sell.col_idx.data() + begin + r % height, sell.row_length[r], size / height, height, packed.cols,
                     sell.row_order[r]);
  }
}

void check(PackedStorage& packed, BitmapArrays& bitmap) {
  const Index words = words_per_row(packed.cols);
  require_size(bitmap.words, product(packed.rows, words, "words"), "words");
  const int used = static_cast<int>(packed.cols % 64);
  bitmap.row_ptr.assign(1, 0);
  bitmap.row_ptr.reserve(packed.rows + 1);
  for (Index i = 0; i < packed.rows; ++i) {
    Index count = 0;
    for (Index w = 0; w < words; ++w) count += __builtin_popcountll(bitmap.words[i * words + w]);
    if (used != 0 && bitmap.words[(i + 1) * words - 1] >> used != 0) {
      broken(row(i), ": a bit is set behind column ", packed.cols - 1);
    }
    bitmap.row_ptr.push_back(bitmap.row_ptr.back() + count);
  }
  require_slots(packed, bitmap.row_ptr.back());
}

void check(PackedStorage& packed, NmArrays& nm) {
  const GroupShape& shape = packed.options.group;
  const Index groups = ceil_div(packed.cols, shape.m);
  require_size(nm.positions, product(packed.rows, nm_row_bytes(packed), "positions"), "positions");
  require_slots(packed, product(packed.rows, groups * shape.n, "values"));
  BitReader reader(nm.positions.data());
  for (Index i = 0; i < packed.rows && groups > 0; ++i) {
    for (Index g = 0; g < groups; ++g) {
      Index last = -1;
      // Of the last group, as many as there can be are in front of the last column.
      const Index width = std::min<Index>(shape.m, packed.cols - g * shape.m);
      for (int e = 0; e < shape.n; ++e) {
        const auto position = static_cast<Index>(reader.get(bits_for(shape.m)));
        if (position >= shape.m || position <= last) {
          broken(row(i), ", group ", g, ": position ", position, " follows ", last, " of ", shape.m);
        }
        if (e < width && position >= width) {
          broken(row(i), ", group ", g, ": position ", position, " is behind column ", packed.cols - 1);
        }
        last = position;
      }
    }
    const int rest = static_cast<int>((8 - reader.bit() % 8) % 8);
    if (reader.get(rest) != 0) broken(row(i), ": a bit is set behind the last position");
  }
}

// One tile: runs, longest first, of rows that ascend in each; no row twice, and no other than those of the block.
class TcsrTile {
 public:
  TcsrTile(const PackedStorage& packed, const TcsrArrays& tcsr) : tcsr_(tcsr), seen_(tcsr.block_rows, -1) {
    tiles_per_block_ = ceil_div(packed.cols, tcsr.tile_cols);
    rows_ = packed.rows, cols_ = packed.cols;
  }

  void check(Index t) {
    const Index block = t / tiles_per_block_ * tcsr_.block_rows, first = t % tiles_per_block_ * tcsr_.tile_cols;
    const Index height = std::min(tcsr_.block_rows, rows_ - block), width = std::min(tcsr_.tile_cols, cols_ - first);
    const std::string where = "tile " + std::to_string(t);
    Index at = tcsr_.row_ptr[t], slot = tcsr_.slot_ptr[t], longer = width + 1;
    for (Index run = tcsr_.run_ptr[t]; run < tcsr_.run_ptr[t + 1]; ++run) {
      const Index rows = tcsr_.run_rows[run], count = tcsr_.run_count[run];
      if (count < (first == 0 ? 0 : 1) || count >= longer) broken(where, ": a run of ", count, " elements");
      if (rows < 1 || rows > tcsr_.row_ptr[t + 1] - at) broken(where, ": a run of ", rows, " rows");
      if (rows * count > tcsr_.slot_ptr[t + 1] - slot) broken(where, ": more elements than slots");
      longer = count;
      for (Index r = 0; r < rows; ++r, ++at, slot += count) check_row(t, at, r > 0, block, height, slot, count, width);
    }
    if (at != tcsr_.row_ptr[t + 1]) broken(where, ": ", tcsr_.row_ptr[t + 1] - at, " rows are in no run");
    if (slot != tcsr_.slot_ptr[t + 1]) broken(where, ": ", tcsr_.slot_ptr[t + 1] - slot, " slots are in no row");
    if (first == 0 && at - tcsr_.row_ptr[t] != height) broken(where, ": does not list all rows of its block");
  }

 private:
  void check_row(Index t, Index at, bool has_last, Index block, Index height, Index slot, Index count, Index width) {
    const Index i = tcsr_.row_idx[at];
    if (i < block || i >= block + height) broken("tile ", t, ": row ", i, " is in another block");
    if (has_last && i <= tcsr_.row_idx[at - 1]) broken("tile ", t, ": row ", i, " follows ", tcsr_.row_idx[at - 1]);
    if (seen_[i - block] == t) broken("tile ", t, ": row ", i, " is there twice");
    seen_[i - block] = t;
    require_ascending(tcsr_.col_offset.data() + slot, count, 1, width,
                      [&] { return "tile " + std::to_string(t) + ", " + row(i); });
  }

  const TcsrArrays& tcsr_;
  Index tiles_per_block_ = 0, rows_ = 0, cols_ = 0;
  std::vector<Index> seen_;  // the last tile in which each row of the block was
};

void check(PackedStorage& packed, TcsrArrays& tcsr) {
  if (tcsr.block_rows != tcsr_block_rows(packed.rows)) broken("block_rows: ", tcsr.block_rows);
  const Index most = std::min<Index>(65536, std::max<Index>(1, packed.cols));
  if (tcsr.tile_cols < 1 || tcsr.tile_cols > most) broken("tile_cols: ", tcsr.tile_cols, " is outside 1 to ", most);
  const Index tiles = ceil_div(packed.rows, tcsr.block_rows) * ceil_div(packed.cols, tcsr.tile_cols);
  require_size(tcsr.run_count, static_cast<Index>(tcsr.run_rows.size()), "run_count");
  require_offsets(tcsr.run_ptr, tiles, static_cast<Index>(tcsr.run_rows.size()), "run_ptr");
  require_offsets(tcsr.row_ptr, tiles, static_cast<Index>(tcsr.row_idx.size()), "row_ptr");
  require_offsets(tcsr.slot_ptr, tiles, static_cast<Index>(tcsr.col_offset.size()), "slot_ptr");
  require_slots(packed, static_cast<Index>(tcsr.col_offset.size()));
  TcsrTile tile(packed, tcsr);
  for (Index t = 0; t < tiles; ++t) tile.check(t);
}

}  // namespace

void check_arrays(PackedStorage& packed) {
  if (packed.options.format != Format::csr) {
    return std::visit([&](auto& of) { check(packed, of); }, packed.arrays);
  }
  const CsrArrays& csr = packed.csr;
  check_compressed(csr.row_ptr, csr.col_idx, packed.rows, packed.cols, "row_ptr", "row ");
  packed.stored = static_cast<Index>(csr.values.size()) / size_of(packed.type);
  require_slots(packed, csr.nnz());
}

}  // namespace septet::detail
