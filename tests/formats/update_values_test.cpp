// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// New values in an old pattern: every format, type and form of A; zeros that stay stored; what has no place.
#include "any_format.hpp"
#include "formats/storage.hpp"

namespace {

using namespace septet;
using namespace septet::support;

// Other values where `x` has a non-zero; some become zero.
template <class T>
Storage<T> changed(const RandomMatrix<T>& x, Rng& rng) {
  Storage<T> a(x.a.rows(), x.a.cols(), random_layout(rng), rng);
  for (Index i = 0; i < a.rows(); ++i) {
    for (Index j = 0; j < a.cols(); ++j) {
      const bool zero = !x.pattern(i, j) || rng.chance(0.2);
      a(i, j) = zero ? random_zero<T>(rng, x.zero_point) : random_value<T>(rng, ValueKind::mixed, x.zero_point);
    }
  }
  return a;
}

template <class T>
void update_all(std::uint64_t seed) {
  const RandomMatrix<T> x = random_matrix<T>(seed);
  Rng rng(seed ^ 0xab);
  for (const Format format : kFormats) {
    const PackedMatrix packed = pack(x.view(), random_packing(rng, format, x.pattern, x.zero_point));
    const Storage<T> a = changed(x, rng);
    const PackedMatrix updated = update_values(packed, a.view());
    INFO("seed " << seed << " " << name(type_of<T>()) << " " << name(format) << " " << a.rows() << "x" << a.cols());
    CHECK(holds(updated, a, x.zero_point));
    CHECK(holds(packed, x.a, x.zero_point));
    CHECK(updated.nnz() == count_nonzeros(pattern_of(a.view(), x.zero_point)));
    CHECK(updated.footprint().values == packed.footprint().values);
    CHECK(updated.footprint().metadata == packed.footprint().metadata);
    CHECK((updated.storage()->live == packed.storage()->live));
    // Packed anew, the stored zeros are gone.
    const PackedMatrix again = pack(updated, updated.options()), fresh = pack(a.view(), updated.options());
    CHECK(again.footprint().values == fresh.footprint().values);
    CHECK(again.footprint().metadata == fresh.footprint().metadata);
    // The old values come back, from any form: the same bytes as at first.
    PackOptions other;
    other.format = Format::coo, other.zero_point = x.zero_point;
    const PackedMatrix old = update_values(updated, pack(x.view(), other));
    CHECK(old.nnz() == packed.nnz());
    CHECK(holds(old, x.a, x.zero_point));
    if (format == Format::dense) continue;
    CHECK(old.storage()->bytes == packed.storage()->bytes);
    CHECK(old.storage()->values == packed.storage()->values);
    CHECK(old.storage()->csr.values == packed.storage()->csr.values);
  }
}

}  // namespace

TEST_CASE("new values, every format and type") {
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(problem_count(40)); ++seed) {
    for_each_type([&](auto* tag) { update_all<std::remove_pointer_t<decltype(tag)>>(seed); });
  }
}

TEST_CASE("what has no place") {
  const std::vector<float> old{1, 0, 0, 2, 0, 3}, grown{1, 0, 0, 2, 9, 3};
  PackedMatrix updated;
  for (const Format format : kFormats) {
    PackOptions options;
    options.format = format, options.array = {1, 1}, options.block = {1, 1}, options.group = {1, 1};
    const PackedMatrix packed = pack(row_major(old.data(), 2, 3), options);
    const Status status = try_update_values(packed, row_major(grown.data(), 2, 3), updated);
    // Dense stores every element, and so does 1:1.
    const bool everywhere = format == Format::dense || format == Format::nm;
    CHECK(status.ok() == everywhere);
    if (everywhere) continue;
    CHECK(status.cause() == Cause::bad_structure);
    CHECK(status.message() ==
          "row 1, column 1 is not zero, and packed (" + std::string(name(format)) + ") stores no element there");
  }
  updated = {};
  const PackedMatrix packed = pack(row_major(old.data(), 2, 3));
  CHECK(try_update_values(PackedMatrix(), row_major(old.data(), 2, 3), updated).argument() == "packed");
  CHECK(try_update_values(packed, PackedMatrix(), updated).cause() == Cause::bad_pointer);
  CHECK(try_update_values(packed, row_major(old.data(), 3, 2), updated).cause() == Cause::bad_shape);
  const std::vector<double> wide(6);
  CHECK(try_update_values(packed, row_major(wide.data(), 2, 3), updated).cause() == Cause::bad_type);
  CHECK(updated.empty());
  CHECK_THROWS_AS(update_values(packed, row_major(wide.data(), 2, 3)), Error);
}

TEST_CASE("zeros that a format injects take values") {
  const std::vector<float> old{1, 0, 0, 0}, grown{1, 2, 3, 4};
  PackOptions options;
  options.format = Format::bsr, options.block = {2, 2};
  const PackedMatrix updated = update_values(pack(row_major(old.data(), 2, 2), options), row_major(grown.data(), 2, 2));
  CHECK(updated.nnz() == 4);
  std::vector<float> back(4);
  unpack(updated, row_major(back.data(), 2, 2));
  CHECK(back == grown);
}
