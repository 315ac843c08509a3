// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Offsets, counts and byte sizes beyond 2^31. Operands lie in address space that is reserved, not filled: of many
// gigabytes, only the pages of the few elements that a product touches take memory.
#include "formats/slots.hpp"
#include "kernels/dispatch.hpp"
#include "products.hpp"

#include <sys/mman.h>

namespace {

using namespace septet;
using namespace septet::support;

constexpr Index kFar = Index{1} << 31;

// Zeros without end, as far as nobody writes to them.
class Reserved {
 public:
  explicit Reserved(Index bytes) : bytes_(static_cast<std::size_t>(bytes)) {
    map_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map_ == MAP_FAILED) MESSAGE("NOT TESTED: this system does not reserve " << bytes << " bytes");
  }
  Reserved(const Reserved&) = delete;
  Reserved& operator=(const Reserved&) = delete;
  ~Reserved() {
    if (there()) munmap(map_, bytes_);
  }
  bool there() const { return map_ != MAP_FAILED; }
  template <class T>
  T* as() const {
    return static_cast<T*>(map_);
  }

 private:
  std::size_t bytes_;
  void* map_;
};

// A product whose operands' rows, or columns, are more than 2^31 elements apart.
template <class T, class TC>
void multiply_far_apart(Rng& rng, Index m, Index n, Index k, bool b_columns, bool c_columns) {
  const Index ld = kFar + 21;
  const auto far = [&](auto* data, Index rows, Index cols, bool columns) {
    return columns ? column_major(data, rows, cols, ld) : row_major(data, rows, cols, ld);
  };
  const Reserved b_memory(ld * (b_columns ? n : k) * static_cast<Index>(sizeof(T)));
  const Reserved c_memory(ld * (c_columns ? n : m) * static_cast<Index>(sizeof(TC)));
  if (!b_memory.there() || !c_memory.there()) return;
  const auto b = far(b_memory.as<T>(), k, n, b_columns);
  const auto c = far(c_memory.as<TC>(), m, n, c_columns);
  Storage<T> a(m, k);
  Storage<TC> want(m, n);
  fill_pattern(rng, a.view(), make_pattern(rng, PatternKind::uniform, m, k, 0.5, {4, 4}), ValueKind::small_integers);
  fill_random(rng, b, ValueKind::small_integers);
  reference_gemm(a.view(), b, want.view(), {});
  for (const Format format : kFormats) {
    const PackedMatrix packed = pack(a.view(), likely_packing(rng, format, pattern_of(a.view()), 0));
    fill_random(rng, c, ValueKind::small_integers);
    gemm(packed, b, c);
    const Difference difference = compare_up_to_zero_sign(c, want.view());
    INFO(describe(packed.options()) << " " << name(type_of<T>()) << " " << m << "x" << n << "x" << k << " columns "
                                    << b_columns << c_columns << ": " << difference.text);
    CHECK(difference.equal);
  }
}

}  // namespace

TEST_CASE("rows and columns of B and C more than 2^31 elements apart") {
  Rng rng(58);
  for (const std::string& target : all_targets()) {
    REQUIRE(set_target(target.c_str()).ok());
    for (const Index n : {1, 3, 16}) {
      multiply_far_apart<float, float>(rng, 5, n, 4, rng.chance(0.5), rng.chance(0.5));
      multiply_far_apart<std::int8_t, std::int32_t>(rng, 4, n, 5, rng.chance(0.5), rng.chance(0.5));
      multiply_far_apart<bf16, float>(rng, 3, n, 3, rng.chance(0.5), rng.chance(0.5));
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

namespace {

// 3 x (2^31 - 1), the most columns that there are; elements wherever the table says.
struct Wide {
  static constexpr Index kCols = kFar - 1;
  std::vector<std::int64_t> row_ptr{0, 3, 3, 5}, col_idx{0, kFar / 2, kCols - 1, 77, kCols - 2};
  std::vector<std::int64_t> row_idx{0, 0, 0, 2, 2};
  std::vector<float> values{1, 2, 3, 4, 5};

  SparseView as_csr() const { return csr(3, kCols, row_ptr.data(), col_idx.data(), values.data()); }
  SparseView as_coo() const { return coo(3, kCols, 5, row_idx.data(), col_idx.data(), values.data()); }
};

void multiply_wide(const Weights& a, Index n, const std::string& what) {
  const Wide wide;
  const Reserved memory(Wide::kCols * n * static_cast<Index>(sizeof(float)));  // up to 128 GiB
  if (!memory.there()) return;
  const MatrixView<float> b = row_major(memory.as<float>(), Wide::kCols, n);
  std::vector<float> c(static_cast<std::size_t>(3 * n)), want(c.size(), 0);
  for (std::size_t p = 0; p < wide.values.size(); ++p) {
    for (Index j = 0; j < n; ++j) {
      float& element = b(wide.col_idx[p], j) = static_cast<float>(j + 10 * static_cast<Index>(p) + 1);
      want[static_cast<std::size_t>(wide.row_idx[p] * n + j)] += wide.values[p] * element;
    }
  }
  const Status status = try_gemm(a, b, row_major(c.data(), 3, n));
  INFO(what << ", n " << n << " on " << std::string(target()) << ": " << status.to_string());
  CHECK(c == want);
}

}  // namespace

TEST_CASE("A of 2^31 - 1 columns against a B of 2^31 - 1 rows") {
  const Wide wide;
  for (const std::string& target : all_targets()) {
    REQUIRE(set_target(target.c_str()).ok());
    // Whole vectors of columns, so that B is read where it lies.
    const Index lanes = kernels::row_set(kernels::arithmetic_for(Type::f32, Mac::fused)).lanes;
    for (const Index n : {Index{1}, 2 * lanes}) {
      multiply_wide(wide.as_csr(), n, "csr view");
      multiply_wide(wide.as_coo(), n, "coo view");
      for (const Format format : {Format::csr, Format::coo, Format::ell, Format::sell, Format::bsr, Format::tcsr}) {
        if (format == Format::bsr && n == 1) continue;  // copies a single column, all of it
        PackOptions packing;
        packing.format = format;
        packing.block = {2, 4};
        multiply_wide(pack(wide.as_csr(), packing), n, name(format));
      }
    }
  }
  REQUIRE(set_target(nullptr).ok());
}

namespace {

// The kernels themselves, on lists that begin beyond 2^31 elements: f32, sums of whole numbers.
//
//   row 0: 1 * b[0] + 2 * b[2] + 3 * b[3]     row 1: 4 * b[1] + 5 * b[3]
class FarLists {
 public:
  static constexpr Index kFirst = 3 * kFar / 2;

  FarLists() : values_((kFirst + 64) * 4), index_((kFirst + 64) * 4), index16_((kFirst + 64) * 2) {
    if (!there()) return;
    for (Index p = 0; p < 5; ++p) {
      values_.as<float>()[kFirst + p] = static_cast<float>(p + 1);
      index_.as<std::int32_t>()[kFirst + p] = kColumns[p];
      index16_.as<std::uint16_t>()[kFirst + p] = static_cast<std::uint16_t>(kColumns[p]);
    }
    for (std::size_t i = 0; i < b_.size(); ++i) b_[i] = static_cast<float>(i % 31);
  }
  bool there() const { return values_.there() && index_.there() && index16_.there(); }

  void run_rows() {
    const kernels::RowSet& kernels = set();
    kernels::RowsCall call = rows_call();
    kernels.rows32[vectors() - 1](call);
    check("rows32", kCols, {0, 1});
    call.index = index16_.as<std::uint16_t>();
    kernels.rows16[vectors() - 1](call);
    check("rows16", kCols, {0, 1});
  }

  // Two rows that are that far apart; of the first one nothing is wanted.
  void run_row_step() {
    const std::int32_t length[] = {3, 2}, row_idx[] = {-1, 1};
    kernels::RowsCall call = rows_call();
    call.row_ptr = nullptr, call.row_step = kFirst + 3, call.length = length, call.row_idx = row_idx;
    set().rows32[vectors() - 1](call);
    CHECK(c_[0] == kUntouched);
    check("row_step", kCols, {1});
  }

  void run_column() {
    kernels::RowsCall call = rows_call();
    const float column[] = {b_[0], b_[kStep], b_[2 * kStep], b_[3 * kStep]};
    call.b = column, call.b_step = 4, call.c_row = 4;
    set().column32(call);
    check("column32", 1, {0, 1});
    call.index = index16_.as<std::uint16_t>();
    set().column16(call);
    check("column16", 1, {0, 1});
  }

  // The same elements column by column, but for the last one.
  void run_columns() {
    const Reserved rows((kFirst + 64) * 4);
    if (!rows.there()) return;
    rows.as<std::int32_t>()[kFirst + 3] = 1;
    const Index begin[] = {kFirst, kFirst + 3, kFirst + 1, kFirst + 2};
    const Index end[] = {kFirst + 1, kFirst + 4, kFirst + 2, kFirst + 3};
    kernels::ColumnsCall call;
    call.values = values_.as<float>(), call.row_idx = rows.as<std::int32_t>();
    call.begin = begin, call.end = end, call.k_end = 4;
    call.b = b_.data(), call.b_step = kStep * 4, call.c = c_.data(), call.c_row = kStep * 4;
    std::fill(c_.begin(), c_.end(), 0.f);
    set().columns[vectors() - 1](call);
    check("columns", kCols, {0});
  }

 private:
  static constexpr Index kCols = 8, kStep = 64;  // no target needs more than eight vectors; whole ones fit
  static constexpr float kUntouched = -1;
  static constexpr std::int32_t kColumns[] = {0, 2, 3, 1, 3};
  static constexpr Index kRowPtr[] = {kFirst, kFirst + 3, kFirst + 5};

  static const kernels::RowSet& set() { return kernels::row_set(kernels::arithmetic_for(Type::f32, Mac::fused)); }
  static int vectors() { return static_cast<int>((kCols + set().lanes - 1) / set().lanes); }

  kernels::RowsCall rows_call() {
    kernels::RowsCall call;
    call.values = values_.as<float>(), call.index = index_.as<std::int32_t>();
    call.rows = 2, call.row_ptr = kRowPtr;
    call.b = b_.data(), call.b_step = kStep * 4;
    call.c = c_.data(), call.c_row = kStep * 4, call.cols = kCols, call.zero = true;
    return call;
  }
  void check(const char* what, Index cols, std::initializer_list<Index> rows) {
    INFO(what << " on " << std::string(target()));
    for (const Index i : rows) {
      for (Index j = 0; j < cols; ++j) {
        float want = 0;
        for (Index p = kRowPtr[i]; p < kRowPtr[i + 1]; ++p) {
          want += static_cast<float>(p - kFirst + 1) * b_[kColumns[p - kFirst] * kStep + j];
        }
        CHECK(c_[i * (cols == 1 ? 1 : kStep) + j] == want);
      }
    }
    std::fill(c_.begin(), c_.end(), kUntouched);
  }

  Reserved values_, index_, index16_;
  std::vector<float> b_ = std::vector<float>(4 * kStep), c_ = std::vector<float>(2 * kStep, kUntouched);
};

}  // namespace

TEST_CASE("lists that begin beyond 2^31 elements, in the kernels for rows and columns") {
  FarLists lists;
  if (!lists.there()) return;
  for (const std::string& target : all_targets()) {
    REQUIRE(set_target(target.c_str()).ok());
    lists.run_rows();
    lists.run_row_step();
    lists.run_column();
    lists.run_columns();
  }
  REQUIRE(set_target(nullptr).ok());
}

TEST_CASE("sizes of formats beyond 2^31") {
  detail::PackedStorage packed;
  packed.rows = packed.cols = Index{1} << 30;
  packed.options.format = Format::dense;
  CHECK(packed.footprint().values == Index{1} << 62);
  packed.type = Type::f64, packed.rows = 3, packed.cols = kFar - 1;
  CHECK(packed.footprint().values == 24 * (kFar - 1));

  CHECK(detail::words_per_row(kFar - 1) == kFar / 64);
  CHECK(detail::words_per_row(8 * kFar) == kFar / 8);
  packed.options.group = {16, 16};
  CHECK(detail::nm_row_bytes(packed) == kFar / 2);  // four bits each, and 2^31 of them
  packed.options.group = {3, 16};
  CHECK(detail::nm_row_bytes(packed) == kFar / 16 * 3 / 2);
  for (const Index wanted : {Index{0}, Index{1}, Index{65536}}) {
    for (const Index nnz : {Index{0}, kFar, 1000 * kFar, Index{1} << 61}) {
      const Index cols = detail::tcsr_tile_cols(kFar - 1, kFar - 1, nnz, wanted, 0);
      CHECK((wanted == 0 ? cols >= 1 && cols <= 65536 : cols == wanted));
    }
  }
  CHECK(detail::tcsr_block_rows(kFar - 1) >= 1);

  // More slots than 63 bits count: an error before anything is allocated.
  for (const auto& [lines, width] : {std::pair{Index{1} << 32, Index{1} << 31}, std::pair{kFar - 1, Index{1} << 60}}) {
    packed.options.format = Format::ell;
    try {
      detail::fill_zeros(packed, lines, width);
      FAIL_CHECK("no error");
    } catch (const Error& error) {
      CHECK(error.status().cause() == Cause::bad_shape);
      CHECK(error.status().message().find("ell") != std::string::npos);
    }
  }
}

TEST_CASE("views too large to be counted are refused before their elements are looked at") {
  const auto* const nowhere = reinterpret_cast<const float*>(64);
  const auto* const no_index = reinterpret_cast<const std::int64_t*>(64);
  const auto refused = [](const SparseView& view, const PackOptions& options = {}) {
    PackedMatrix packed;
    const Status status = try_pack(view, options, packed);
    CHECK(packed.empty());
    return status;
  };
  CHECK(refused(coo(3, 3, Index{1} << 61, no_index, no_index, nowhere)).cause() == Cause::bad_shape);
  // One block of 2^31 x 2^31 values.
  const std::int64_t block_ptr[] = {0, 1}, block_idx[] = {0};
  CHECK(refused(bsr(kFar, kFar, kFar, kFar, block_ptr, block_idx, nowhere)).cause() == Cause::bad_shape);
  // No elements, but 2^31 columns, or as many bytes as nobody counts.
  const std::int64_t empty[] = {0, 0};
  CHECK(refused(csr(1, kFar, empty, empty, nowhere)).cause() == Cause::bad_shape);
  CHECK(pack(csr(1, kFar - 1, empty, empty, nowhere)).cols() == kFar - 1);
  CHECK(refused(coo(kFar, 1, 0, no_index, no_index, nowhere)).cause() == Cause::bad_shape);
  CHECK(refused(coo(Index{1} << 40, Index{1} << 40, 0, no_index, no_index, nowhere)).cause() == Cause::bad_shape);

  const Status status = try_gemm(row_major(nowhere, 4, 4), row_major(nowhere, 4, Index{1} << 60),
                                 row_major(const_cast<float*>(nowhere), 4, Index{1} << 60));
  CHECK(status.cause() == Cause::bad_stride);
}
