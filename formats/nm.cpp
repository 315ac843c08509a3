// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bits.hpp"
#include "slots.hpp"
#include "src/arithmetic.hpp"

namespace septet::detail {
namespace {

// A row that the format cannot hold is an error of the matrix.
void require_room(Index row, Index group, Index count, const GroupShape& shape) {
  if (count <= shape.n) return;
  throw Error(Status(Cause::bad_structure, "a",
                     "nm " + std::to_string(shape.n) + ":" + std::to_string(shape.m) + ": row " + std::to_string(row) +
                         " has " + std::to_string(count) + " elements in group " + std::to_string(group) +
                         " (columns " + std::to_string(group * shape.m) + " to " +
                         std::to_string(group * shape.m + shape.m - 1) + ")"));
}

// The positions of a group that has those of `taken`: these, and the smallest free ones up to n.
unsigned filled_up(unsigned taken, int n) {
  unsigned filled = taken;
  for (unsigned bit = 1; __builtin_popcount(filled) < n; bit <<= 1) filled |= bit;
  return filled;
}

}  // namespace

Index nm_row_bytes(const PackedStorage& packed) {
  const GroupShape& shape = packed.options.group;
  return bytes_for_bits(ceil_div(packed.cols, shape.m) * shape.n * bits_for(shape.m));
}

void pack_nm(const CsrArrays& csr, PackedStorage& packed) {
  const GroupShape shape = packed.options.group;
  const Index groups = ceil_div(csr.cols, shape.m);
  for (Index i = 0; i < csr.rows; ++i) {
    for (Index p = csr.row_ptr[i], first = p; p < csr.row_ptr[i + 1]; first = p) {
      const Index group = csr.col_idx[p] / shape.m;
      while (p < csr.row_ptr[i + 1] && csr.col_idx[p] / shape.m == group) ++p;
      require_room(i, group, p - first, shape);
    }
  }
  fill_zeros(packed, csr.rows, groups * shape.n);
  const SlotWriter values(csr, packed.values);
  NmArrays nm;
  BitWriter writer(nm.positions);
  Index slot = 0;
  for (Index i = 0; i < csr.rows; ++i) {
    Index p = csr.row_ptr[i];
    for (Index g = 0; g < groups; ++g) {
      unsigned taken = 0;
      const Index first = p;
      for (; p < csr.row_ptr[i + 1] && csr.col_idx[p] / shape.m == g; ++p) taken |= 1u << (csr.col_idx[p] % shape.m);
      Index source = first;
      for (unsigned rest = filled_up(taken, shape.n); rest != 0; rest &= rest - 1, ++slot) {
        const int position = __builtin_ctz(rest);
        writer.put(static_cast<std::uint64_t>(position), bits_for(shape.m));
        if ((taken >> position) & 1) values.copy(source++, slot);
      }
    }
    writer.align();
  }
  packed.arrays = std::move(nm);
}

void nm_places(const PackedStorage& packed, SlotPlaces& places) {
  const auto& nm = std::get<NmArrays>(packed.arrays);
  const GroupShape shape = packed.options.group;
  BitReader reader(nm.positions.data());
  for (Index i = 0; i < packed.rows; ++i) {
    for (Index first = 0; first < packed.cols; first += shape.m) {
      for (int e = 0; e < shape.n; ++e) {
        const Index k = first + static_cast<Index>(reader.get(bits_for(shape.m)));
        k < packed.cols ? places.add(i, k) : places.add_padding();
      }
    }
    reader.align();
  }
}

}  // namespace septet::detail
