// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Every format from dense, back, and from every other one; sizes against formulas written down anew; what is refused.
#include "any_format.hpp"
#include "formats/slots.hpp"

#include <set>

namespace {

using namespace septet;
using namespace septet::support;

Index ceil_of(Index a, Index b) { return (a + b - 1) / b; }

std::vector<Index> row_lengths(const Pattern& p) {
  std::vector<Index> lengths;
  for (Index i = 0; i < p.rows; ++i) lengths.push_back(count_nonzeros(p, i, 0, 1, p.cols));
  return lengths;
}

Footprint blocks(const Pattern& p, Index size, const BlockShape& shape) {
  Index count = 0;
  for (Index i = 0; i < p.rows; i += shape.rows) {
    for (Index k = 0; k < p.cols; k += shape.cols) {
      const Index height = std::min(shape.rows, p.rows - i), width = std::min(shape.cols, p.cols - k);
      count += count_nonzeros(p, i, k, height, width) != 0;
    }
  }
  return {count * shape.rows * shape.cols * size, (ceil_of(p.rows, shape.rows) + 1) * 8 + count * 4};
}

Footprint slices(const Pattern& p, Index size, const SliceShape& shape) {
  std::vector<Index> lengths = row_lengths(p);
  for (std::size_t i = 0; i < lengths.size(); i += shape.window) {
    const auto end = std::min(lengths.size(), i + static_cast<std::size_t>(shape.window));
    std::sort(lengths.begin() + static_cast<Index>(i), lengths.begin() + static_cast<Index>(end),
              std::greater<Index>());
  }
  Index slots = 0;
  const Index count = ceil_of(p.rows, shape.height);
  for (Index s = 0; s < count; ++s) {
    Index widest = 0;
    for (Index r = s * shape.height; r < std::min((s + 1) * shape.height, p.rows); ++r) {
      widest = std::max(widest, lengths[static_cast<std::size_t>(r)]);
    }
    slots += widest * shape.height;
  }
  return {slots * size, (count + 1) * 8 + count * shape.height * 8 + slots * 4};
}

Footprint tiles(const Pattern& p, Index size, Index wanted) {
  const Index nnz = count_nonzeros(p);
  const Index blocks = ceil_of(p.rows, 256);
  const Index block_rows = blocks <= 1 ? p.rows : ceil_of(ceil_of(p.rows, blocks), 16) * 16;
  Index width = wanted;
  if (wanted == 0) {
    const double density = p.marks.empty() ? 0 : static_cast<double>(nnz) / static_cast<double>(p.marks.size());
    const double ideal = density == 0 ? 65536 : std::ceil(12.8 / density / 32) * 32;
    width = static_cast<Index>(std::min(65536., std::max(80., ideal)));
  }
  width = std::min(width, std::max<Index>(1, p.cols));
  if (wanted == 0) width = ceil_of(std::max<Index>(1, p.cols), ceil_of(std::max<Index>(1, p.cols), width));
  Index metadata = 3 * 8 + nnz * 2;  // the first offset of each list, and the columns
  for (Index i = 0; i < p.rows; i += block_rows) {
    for (Index k = 0; k < p.cols; k += width) {
      std::set<Index> counts;
      Index listed = 0;
      for (Index row = i; row < std::min(i + block_rows, p.rows); ++row) {
        const Index count = count_nonzeros(p, row, k, 1, std::min(width, p.cols - k));
        if (count == 0 && k != 0) continue;
        counts.insert(count);
        ++listed;
      }
      metadata += 3 * 8 + static_cast<Index>(counts.size()) * 8 + listed * 4;
    }
  }
  return {nnz * size, metadata};
}

Footprint expected_footprint(const Pattern& p, Type type, const PackOptions& o) {
  const Index size = size_of(type), nnz = count_nonzeros(p);
  const std::vector<Index> lengths = row_lengths(p);
  const Index widest = lengths.empty() ? 0 : *std::max_element(lengths.begin(), lengths.end());
  switch (o.format) {
    case Format::dense:
      return {p.rows * p.cols * size, 0};
    case Format::csr:
      return {nnz * size, (p.rows + 1) * 8 + nnz * 4};
    case Format::csc:
      return {nnz * size, (p.cols + 1) * 8 + nnz * 4};
    case Format::coo:
      return {nnz * size, nnz * 8};
    case Format::bsr:
      return blocks(p, size, o.block);
    case Format::ell:
      return {p.rows * widest * size, p.rows * 4 + p.rows * widest * 4};
    case Format::sell:
      return slices(p, size, o.slice);
    case Format::bitmap:
      return {nnz * size, p.rows * ceil_of(p.cols, 64) * 8};
    case Format::nm: {
      const Index bits[] = {0, 0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4};
      const Index slots = ceil_of(p.cols, o.group.m) * o.group.n;
      return {p.rows * slots * size, p.rows * ceil_of(slots * bits[o.group.m], 8)};
    }
    case Format::tcsr:
      return tiles(p, size, o.tile_cols);
    default: {  // the array's own
      ArrayProblem problem{p, 1, type, type, {}, {}, false};
      problem.options.dataflow = o.dataflow == Dataflow::automatic && o.format == Format::tsb ? Dataflow::sOS
                                 : o.dataflow == Dataflow::automatic                          ? Dataflow::csOS
                                                                                              : o.dataflow;
      problem.options.array = o.array, problem.options.combine = o.combine;
      const auto report = array_report(problem);
      return {report.a_bytes_values, report.a_bytes_metadata};
    }
  }
}

template <class T>
void convert_all(std::uint64_t seed) {
  const RandomMatrix<T> x = random_matrix<T>(seed);
  Rng rng(seed ^ 0xf0);
  for (const Format format : kFormats) {
    const PackOptions options = random_packing(rng, format, x.pattern, x.zero_point);
    const PackedMatrix packed = pack(x.view(), options);
    INFO("seed " << seed << " " << name(type_of<T>()) << " " << name(format) << " " << x.a.rows() << "x" << x.a.cols());
    CHECK(packed.format() == format);
    CHECK(packed.nnz() == count_nonzeros(x.pattern));
    CHECK(holds(packed, x.a, x.zero_point));
    const Footprint want = expected_footprint(x.pattern, type_of<T>(), options);
    CHECK(packed.footprint().values == want.values);
    CHECK(packed.footprint().metadata == want.metadata);

    const Format other = rng.pick({Format::csr, Format::tsb, Format::csb, Format::csc, Format::coo, Format::bsr,
                                   Format::ell, Format::sell, Format::bitmap, Format::nm, Format::tcsr});
    const PackOptions next = random_packing(rng, other, x.pattern, x.zero_point);
    const PackedMatrix converted = pack(packed, next);
    INFO("to " << name(other));
    CHECK(holds(converted, x.a, x.zero_point));
    const PackedMatrix direct = pack(x.view(), next);
    CHECK(converted.storage()->bytes == direct.storage()->bytes);
    CHECK(converted.storage()->values == direct.storage()->values);
    CHECK(converted.footprint().metadata == direct.footprint().metadata);
  }
}

const std::vector<float> kSmall{1, 0, 0, 2, 0,   //
                                0, 0, 0, 3, 0,   //
                                0, 4, 0, 0, 5};  // 3 x 5

PackedMatrix packed_small(PackOptions options) { return pack(row_major(kSmall.data(), 3, 5), options); }

template <class Arrays>
const Arrays& arrays_of(const PackedMatrix& packed) {
  return std::get<Arrays>(packed.storage()->arrays);
}

std::vector<float> values_of(const PackedMatrix& packed) {
  const auto& bytes = packed.storage()->values;
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

}  // namespace

TEST_CASE("to every format, back, and between any two") {
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(problem_count(60)); ++seed) {
    for_each_type([&](auto* tag) { convert_all<std::remove_pointer_t<decltype(tag)>>(seed); });
  }
}

TEST_CASE("tall matrices have several blocks of tcsr") {
  Rng rng(7);
  for (const Index rows : {255, 256, 257, 300, 513, 1000}) {
    Storage<float> a(rows, 200);
    fill_random(rng, a.view(), ValueKind::mixed, 0, 0.9);
    const Pattern pattern = pattern_of(a.view());
    for (const Index tile : {0, 7, 64, 200, 65536}) {
      PackOptions options;
      options.format = Format::tcsr, options.tile_cols = tile;
      const PackedMatrix packed = pack(a.view(), options);
      INFO(rows << " rows, tiles of " << tile);
      CHECK(holds(packed, a, 0));
      CHECK(packed.footprint().metadata == expected_footprint(pattern, Type::f32, options).metadata);
    }
  }
}

TEST_CASE("arrays by hand") {
  using namespace septet::detail;
  using Ints = std::vector<std::int32_t>;
  using Offsets = std::vector<Index>;
  using Floats = std::vector<float>;
  PackOptions o;
  o.format = Format::csc;
  PackedMatrix p = packed_small(o);
  CHECK(arrays_of<CscArrays>(p).col_ptr == Offsets{0, 1, 2, 2, 4, 5});
  CHECK(arrays_of<CscArrays>(p).row_idx == Ints{0, 2, 0, 1, 2});
  CHECK(values_of(p) == Floats{1, 4, 2, 3, 5});

  o.format = Format::coo;
  p = packed_small(o);
  CHECK(arrays_of<CooArrays>(p).row_idx == Ints{0, 0, 1, 2, 2});
  CHECK(arrays_of<CooArrays>(p).col_idx == Ints{0, 3, 3, 1, 4});

  o.format = Format::bsr, o.block = {2, 2};
  p = packed_small(o);
  CHECK(arrays_of<BsrArrays>(p).block_ptr == Offsets{0, 2, 4});
  CHECK(arrays_of<BsrArrays>(p).block_idx == Ints{0, 1, 0, 2});
  CHECK(values_of(p) == Floats{1, 0, 0, 0, 0, 0, 2, 3, 0, 0, 4, 0, 5, 0, 0, 0});

  o.format = Format::ell;
  p = packed_small(o);
  CHECK(arrays_of<EllArrays>(p).width == 2);
  CHECK(arrays_of<EllArrays>(p).row_length == Ints{2, 1, 2});
  CHECK(arrays_of<EllArrays>(p).col_idx == Ints{0, 3, 3, 0, 1, 4});
  CHECK(values_of(p) == Floats{1, 2, 3, 0, 4, 5});

  o.format = Format::sell, o.slice = {2, 4};
  p = packed_small(o);
  CHECK(arrays_of<SellArrays>(p).slice_ptr == Offsets{0, 4, 6});
  CHECK(arrays_of<SellArrays>(p).row_order == Ints{0, 2, 1, -1});
  CHECK(arrays_of<SellArrays>(p).row_length == Ints{2, 2, 1, 0});
  CHECK(arrays_of<SellArrays>(p).col_idx == Ints{0, 1, 3, 4, 3, 0});
  CHECK(values_of(p) == Floats{1, 4, 2, 5, 3, 0});

  o.format = Format::bitmap;
  p = packed_small(o);
  CHECK(arrays_of<BitmapArrays>(p).words == std::vector<std::uint64_t>{0b01001, 0b01000, 0b10010});
  CHECK(arrays_of<BitmapArrays>(p).row_ptr == Offsets{0, 2, 3, 5});

  o.format = Format::nm, o.group = {2, 4};
  p = packed_small(o);
  // Two groups of four a row, the second with one column. Positions 0 3 | 0 1; 0 3 | 0 1; 0 1 | 0 1.
  CHECK(arrays_of<NmArrays>(p).positions ==
        std::vector<std::byte>{std::byte{0b01001100}, std::byte{0b01001100}, std::byte{0b01000100}});
  CHECK(values_of(p) == Floats{1, 2, 0, 0, 0, 3, 0, 0, 0, 4, 5, 0});

  o.format = Format::tcsr, o.tile_cols = 3;
  p = packed_small(o);
  const auto& tcsr = arrays_of<TcsrArrays>(p);
  // Tile 0, columns 0 to 2: rows 0 and 2 with one element, row 1 with none. Tile 1: all rows with one.
  CHECK(tcsr.block_rows == 3);
  CHECK(tcsr.run_ptr == Offsets{0, 2, 3});
  CHECK(tcsr.run_rows == Ints{2, 1, 3});
  CHECK(tcsr.run_count == Ints{1, 0, 1});
  CHECK(tcsr.row_ptr == Offsets{0, 3, 6});
  CHECK(tcsr.row_idx == Ints{0, 2, 1, 0, 1, 2});
  CHECK(tcsr.slot_ptr == Offsets{0, 2, 5});
  CHECK(tcsr.col_offset == std::vector<std::uint16_t>{0, 1, 0, 0, 1});
  CHECK(values_of(p) == Floats{1, 4, 2, 3, 5});
}

TEST_CASE("padding of integers is the zero point") {
  const std::vector<std::uint8_t> a{7, 9, 7, 7, 7, 7, 1, 2};
  PackOptions o;
  o.zero_point = 7, o.format = Format::ell;
  CHECK(pack(row_major(a.data(), 2, 4), o).storage()->values ==
        std::vector<std::byte>{std::byte{9}, std::byte{7}, std::byte{1}, std::byte{2}});
}

TEST_CASE("what the formats refuse") {
  PackedMatrix packed;
  PackOptions options;
  const auto refuse = [&](Cause cause, const std::string& argument, const std::string& words) {
    const Status status = try_pack(row_major(kSmall.data(), 3, 5), options, packed);
    INFO(status.to_string());
    CHECK(status.cause() == cause);
    CHECK(status.argument() == argument);
    CHECK(status.message().find(words) != std::string::npos);
    CHECK(packed.empty());
    options = {};
  };
  options.format = Format::nm, options.group = {1, 4};
  refuse(Cause::bad_structure, "a", "nm 1:4: row 0 has 2 elements in group 0 (columns 0 to 3)");
  for (const GroupShape group : {GroupShape{0, 4}, GroupShape{5, 4}, GroupShape{2, 17}, GroupShape{0, 0}}) {
    options.format = Format::nm, options.group = group;
    refuse(Cause::bad_option, "options.group", "1 <= n <= m <= 16");
  }
  for (const BlockShape block : {BlockShape{0, 4}, BlockShape{4, 257}, BlockShape{-1, 1}}) {
    options.format = Format::bsr, options.block = block;
    refuse(Cause::bad_option, "options.block", "1 to 256");
  }
  options.format = Format::sell, options.slice = {0, 4};
  refuse(Cause::bad_option, "options.slice.height", "outside 1 to 256");
  options.format = Format::sell, options.slice = {4, 6};
  refuse(Cause::bad_option, "options.slice.window", "multiple of the height");
  options.format = Format::sell, options.slice = {4, 0};
  refuse(Cause::bad_option, "options.slice.window", "multiple of the height");
  options.format = Format::tcsr, options.tile_cols = 65537;
  refuse(Cause::bad_option, "options.tile_cols", "outside 0 to 65536");
  options.expected_cols = -1;
  refuse(Cause::bad_option, "options.expected_cols", "outside 0 to 2147483647");
  for (const Format format : kFormats) {
    if (format <= Format::csb && format != Format::csr) continue;
    options.format = format, options.dataflow = Dataflow::sOS;
    refuse(Cause::bad_option, "options.format", "is not what sOS streams");
    options.format = format, options.combine.policy = CombinePolicy::first_fit;
    refuse(Cause::bad_option, "options.format", "is not what csOS streams");
    options.format = format, options.side = Side::right;
    refuse(Cause::bad_option, "options.side", "packed as dense");
  }
  // Options of another format are not looked at.
  options.format = Format::coo, options.block = {0, 0}, options.slice = {0, 0}, options.group = {9, 3};
  options.tile_cols = -1;
  CHECK(try_pack(row_major(kSmall.data(), 3, 5), options, packed).ok());
}

TEST_CASE("sizes beyond 2^63 bytes are an error, not a small number") {
  detail::PackedStorage storage;
  storage.options.format = Format::ell;
  storage.type = Type::f64;
  const auto cause = [&](Index lines, Index width) {
    try {
      detail::fill_zeros(storage, lines, width);
    } catch (const Error& error) {
      CHECK(storage.values.empty());
      return error.status().cause();
    }
    return Cause::ok;
  };
  CHECK(cause(Index{1} << 32, Index{1} << 31) == Cause::bad_shape);
  CHECK(cause(Index{1} << 31, Index{1} << 29) == Cause::bad_shape);  // 2^63 bytes
  CHECK(cause(3, 5) == Cause::ok);
}
