// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What C computes has the bits, and the array's counts, of what C++ computes.
#include "formats/storage.hpp"
#include "support.hpp"
#include "tests/support/comparison.hpp"
#include "tests/support/generators.hpp"

#include <cstdio>
#include <string>

namespace {

using namespace septet;
using namespace septet::support;

constexpr std::uint64_t kProblems = 1000;

// A as C++ and C take it, sparse: the library's own arrays of its pattern, in 32 or 64 bits.
template <class T, class I>
struct Compressed {
  Compressed(const MatrixView<const T>& a, int zero_point, bool by_rows)
      : view{by_rows ? SparseView::Layout::csr : SparseView::Layout::csc, type_of<T>(), sizeof(I), a.rows, a.cols} {
    const MatrixView<const T> major = by_rows ? a : a.transposed();
    for (Index i = 0; i < major.rows; ++i) {
      for (Index j = 0; j < major.cols; ++j) {
        if (is_zero(major(i, j), zero_point)) continue;
        indices.push_back(static_cast<I>(j));
        values.push_back(major(i, j));
      }
      offsets.push_back(static_cast<I>(indices.size()));
    }
    view.offsets = offsets.data(), view.indices = indices.data(), view.values = values.data();
  }

  septet_sparse in_c() const {
    return {view.layout == SparseView::Layout::csr ? SEPTET_CSR : SEPTET_CSC,
            static_cast<std::int32_t>(view.type),
            view.index_bytes,
            view.rows,
            view.cols,
            view.offsets,
            view.indices,
            view.values};
  }

  SparseView view;
  std::vector<I> offsets{0}, indices;
  std::vector<T> values;
};

// Runs both on copies of C; each gets its own as the last argument.
template <class P, class Cxx, class InC>
void compare(const P& p, const char* what, Cxx&& cxx, InC&& in_c_call) {
  auto want = p.c, got = p.c;
  INFO(what << " in " << describe(p));
  const Status status = cxx(Matrix(want.view()));
  const septet_matrix c = in_c(ConstMatrix(got.view()));
  const septet_status found = in_c_call(&c);
  CHECK(static_cast<int>(found) == static_cast<int>(status.cause()));
  if (!status.ok()) {
    CHECK(septet_error_argument() == status.argument());
    CHECK(septet_error_message() == status.message());
  }
  const auto difference = compare_bits(got.view(), want.view());
  CHECK_MESSAGE(difference.equal, difference.text);
  CHECK(got.padding_intact());
}

template <class P>
void compare_sparse(const P& p, const septet_matrix* b, const septet_options* options) {
  using T = typename P::AType;
  const bool by_rows = p.seed % 2 == 0;
  const auto check = [&](const auto& a) {
    const septet_sparse sparse = a.in_c();
    const septet_weights weights = {nullptr, &sparse, nullptr};
    compare(
        p, "sparse A", [&](const Matrix& c) { return try_gemm(a.view, p.b.view(), c, p.options); },
        [&](const septet_matrix* c) { return septet_gemm(&weights, b, c, options); });
  };
  if (p.seed % 3 == 0) {
    check(Compressed<T, std::int32_t>(p.a.view(), p.options.a_zero_point, by_rows));
  } else {
    check(Compressed<T, std::int64_t>(p.a.view(), p.options.a_zero_point, by_rows));
  }
}

// Packs in both, compares what there is to say, and multiplies.
template <class P>
void compare_packed(const P& p, const septet_weights& a, const septet_matrix* b) {
  PackOptions packing;
  packing.dataflow = p.options.dataflow, packing.array = p.options.array, packing.combine = p.options.combine;
  packing.zero_point = p.options.a_zero_point;
  const OwnedOptions options = in_c(p.options, packing);
  septet_packed* made = nullptr;
  REQUIRE(septet_pack(&a, options.get(), &made) == SEPTET_OK);
  const OwnedPacked owned(made);
  const PackedMatrix packed = pack(p.a.view(), packing);

  septet_packed_info info;
  REQUIRE(septet_packed_get_info(made, &info) == SEPTET_OK);
  CHECK(info.type == static_cast<int>(packed.type()));
  CHECK((info.rows == packed.rows() && info.cols == packed.cols() && info.nnz == packed.nnz()));
  CHECK(info.values_bytes == packed.footprint().values);
  CHECK(info.metadata_bytes == packed.footprint().metadata);
  const PackOptions& own = packed.options();
  CHECK(info.format == std::string(name(own.format)));
  CHECK(info.dataflow == std::string(name(own.dataflow)));
  CHECK(info.side == std::string("left"));
  CHECK((info.array_height == own.array.height && info.array_width == own.array.width));
  CHECK((info.combine_lanes == own.combine.lanes && info.combine_window == own.combine.window));
  CHECK(info.combine_policy == std::string(name(own.combine.policy)));
  CHECK(info.zero_point == own.zero_point);

  auto want = p.a, got = p.a;
  unpack(packed, want.view());
  const septet_matrix back = in_c(ConstMatrix(got.view()));
  REQUIRE(septet_unpack(made, &back) == SEPTET_OK);
  CHECK(got.same_bytes(want));

  const septet_weights weights = {nullptr, nullptr, made};
  compare(
      p, "packed A", [&](const Matrix& c) { return try_gemm(packed, p.b.view(), c, p.options); },
      [&](const septet_matrix* c) { return septet_gemm(&weights, b, c, options.get()); });
}

template <class P>
void compare_packed_b(const P& p, const septet_matrix* a, const septet_matrix& b) {
  PackOptions packing;
  packing.side = Side::right, packing.zero_point = p.options.b_zero_point;
  const OwnedOptions pack_options = in_c({}, packing), options = in_c(p.options);
  const septet_weights weights = {&b, nullptr, nullptr};
  septet_packed* made = nullptr;
  REQUIRE(septet_pack(&weights, pack_options.get(), &made) == SEPTET_OK);
  const OwnedPacked owned(made);
  const PackedMatrix packed = pack(p.b.view(), packing);
  compare(
      p, "packed B", [&](const Matrix& c) { return try_gemm(p.a.view(), packed, c, p.options); },
      [&](const septet_matrix* c) { return septet_gemm_packed_b(a, made, c, options.get()); });
  const septet_matrix c = in_c(ConstMatrix(p.c.view()));
  std::int64_t bytes = -1;
  REQUIRE(septet_gemm_packed_b_workspace_bytes(a, made, &c, options.get(), &bytes) == SEPTET_OK);
  auto output = p.c;
  CHECK(bytes == gemm_workspace_bytes(p.a.view(), packed, output.view(), p.options));
}

std::vector<std::pair<std::string, Index>> counts_of(const septet_report* report) {
  std::vector<std::pair<std::string, Index>> counts;
  for (Index i = 0; septet_report_key(i) != nullptr; ++i) {
    counts.emplace_back(septet_report_key(i), -1);
    REQUIRE(septet_report_count(report, septet_report_key(i), &counts.back().second) == SEPTET_OK);
  }
  return counts;
}

void compare_report(septet_report* report, const emulation::Report& want) {
  const OwnedReport owned(report);
  std::vector<std::pair<std::string, Index>> counts;
  emulation::for_each_count(want, [&](const char* key, Index value) { counts.emplace_back(key, value); });
  CHECK(counts_of(report) == counts);
  emulation::for_each_memory_count(want.memory, [&](const char* key, Index value) {
    Index count = -1;
    REQUIRE(septet_report_count(report, key, &count) == SEPTET_OK);
    CHECK_MESSAGE(count == value, key);
  });
  emulation::for_each_energy(emulation::energy(want), [&](const char* key, double value) {
    double picojoules = -1;
    REQUIRE(septet_report_energy(report, key, &picojoules) == SEPTET_OK);
    CHECK_MESSAGE(picojoules == value, key);
  });
  double utilization = -1;
  REQUIRE(septet_report_utilization(report, &utilization) == SEPTET_OK);
  CHECK(utilization == want.utilization);
  const char* dataflow = nullptr;
  REQUIRE(septet_report_dataflow(report, &dataflow) == SEPTET_OK);
  CHECK(dataflow == std::string(name(want.dataflow)));
}

}  // namespace

TEST_CASE("products: dense, sparse, packed on either side") {
  for (std::uint64_t seed = 1; seed <= kProblems; ++seed) {
    for_random_problem(seed, {}, [](auto& p) {
      const OwnedOptions options = in_c(p.options);
      const septet_matrix a = in_c(ConstMatrix(p.a.view())), b = in_c(ConstMatrix(p.b.view()));
      const septet_weights weights = {&a, nullptr, nullptr};
      compare(
          p, "dense A", [&](const Matrix& c) { return try_gemm(p.a.view(), p.b.view(), c, p.options); },
          [&](const septet_matrix* c) { return septet_gemm(&weights, &b, c, options.get()); });
      compare_sparse(p, &b, options.get());
      compare_packed(p, weights, &b);
      compare_packed_b(p, &a, b);
    });
  }
}

TEST_CASE("the array: products and reports") {
  Limits limits;
  limits.max_dim = 20;
  limits.any_fold_depth = false;
  for (std::uint64_t seed = 1; seed <= kProblems; ++seed) {
    for_random_problem(seed, limits, [seed](auto& p) {
      if (seed % 2 == 0) p.array_options.memory = {8192, 64 << 10, 4096, 8};
      const OwnedOptions options = in_c(p.options, {}, p.array_options);
      const septet_matrix a = in_c(ConstMatrix(p.a.view())), b = in_c(ConstMatrix(p.b.view()));
      const septet_weights weights = {&a, nullptr, nullptr};
      emulation::Report want;
      septet_report *counted = nullptr, *computed = nullptr, *from_shape = nullptr;
      compare(
          p, "emulate",
          [&](const Matrix& c) {
            return emulation::try_emulate(p.a.view(), p.b.view(), c, p.options, p.array_options, want);
          },
          [&](const septet_matrix* c) { return septet_emulate(&weights, &b, c, options.get(), &counted); });
      REQUIRE(counted != nullptr);
      compare_report(counted, want);
      REQUIRE(septet_cycles(&weights, p.n, b.type, options.get(), &computed) == SEPTET_OK);
      compare_report(computed, want);
      const Status status = emulation::try_cycles(p.m, p.n, p.k, p.a_type, p.b_type, p.options, p.array_options, want);
      const septet_status found = septet_cycles_of_shape(p.m, p.n, p.k, a.type, b.type, options.get(), &from_shape);
      CHECK(static_cast<int>(found) == static_cast<int>(status.cause()));
      if (status.ok()) compare_report(from_shape, want);
    });
  }
}

TEST_CASE("batches, and workspaces of one's own") {
  constexpr Index kCount = 5, kSide = 40;
  Rng rng(71);
  Storage<float> a(kCount * kSide, kSide), b(kSide, kSide), want(kCount * kSide, kSide), got(kCount * kSide, kSide);
  fill_random(rng, a.view(), ValueKind::mixed);
  fill_random(rng, b.view(), ValueKind::mixed);
  const auto first = [](auto& x) { return x.view().block(0, 0, kSide, kSide); };
  GemmOptions cxx;
  cxx.alpha = 0.3;
  gemm_batch(kCount, first(a), kSide * kSide, first(b), 0, first(want), kSide * kSide, cxx);

  const OwnedOptions options = in_c(cxx);
  const septet_matrix a0 = in_c(first(a)), b0 = in_c(first(b)), c0 = in_c(first(got));
  std::int64_t bytes = -1;
  REQUIRE(septet_gemm_batch_workspace_bytes(kCount, &a0, &b0, &c0, options.get(), &bytes) == SEPTET_OK);
  CHECK(bytes == gemm_batch_workspace_bytes(kCount, first(a), first(b), first(got), cxx));
  std::vector<char> workspace(static_cast<std::size_t>(bytes) + 1);
  REQUIRE(septet_options_set_workspace(options.get(), workspace.data(), bytes) == SEPTET_OK);
  REQUIRE(septet_gemm_batch(kCount, &a0, kSide * kSide, &b0, 0, &c0, kSide * kSide, options.get()) == SEPTET_OK);
  const auto difference = compare_bits(got.view(), want.view());
  CHECK_MESSAGE(difference.equal, difference.text << ", seed 71");
  CHECK(septet_gemm_batch(0, nullptr, 0, nullptr, 0, nullptr, 0, nullptr) == SEPTET_OK);
  REQUIRE(septet_options_set_workspace(options.get(), workspace.data(), -1) == SEPTET_OK);
  CHECK(septet_gemm_batch(kCount, &a0, kSide * kSide, &b0, 0, &c0, kSide * kSide, options.get()) == SEPTET_BAD_OPTION);
  CHECK(septet_error_argument() == std::string("options.workspace_bytes"));
}

TEST_CASE("an epilogue with everything, and a function between") {
  constexpr Index kM = 7, kN = 19, kK = 23;
  Rng rng(72);
  Storage<std::int8_t> a(kM, kK), b(kK, kN), want(kM, kN), got(kM, kN);
  Storage<std::int32_t> multiplier(kM, 1), shift(kM, 1), bias(1, kN);
  fill_random(rng, a.view(), ValueKind::mixed);
  fill_random(rng, b.view(), ValueKind::mixed);
  for (Index i = 0; i < kM; ++i) {
    multiplier(i, 0) = static_cast<std::int32_t>(rng.between(1 << 29, (1 << 30) + 12345));
    shift(i, 0) = static_cast<std::int32_t>(rng.between(-12, -6));
  }
  for (Index j = 0; j < kN; ++j) bias(0, j) = static_cast<std::int32_t>(rng.between(-999, 999));
  GemmOptions cxx;
  cxx.epilogue.bias = per_column(&bias(0, 0), kM, kN);
  cxx.epilogue.activation = Activation::relu;
  Requantise& requantise = cxx.epilogue.requantise;
  requantise.multiplier = per_row(&multiplier(0, 0), kM, kN);
  requantise.shift = per_row(&shift(0, 0), kM, kN);
  requantise.rounding = Rounding::single_half_away;
  requantise.zero_point = -3, requantise.low = -3, requantise.high = 100;
  const OwnedOptions options = in_c(cxx);
  const auto add_place = [](const MatrixView<std::int32_t>& sums, Index m0, Index n0) {
    for (Index i = 0; i < sums.rows; ++i) {
      for (Index j = 0; j < sums.cols; ++j) sums(i, j) += static_cast<std::int32_t>(1000 * (m0 + i) + n0 + j);
    }
  };
  cxx.epilogue.function = tile_function<std::int32_t>(add_place);
  gemm(a.view(), b.view(), want.view(), cxx);

  auto function = add_place;
  const septet_tile_function call = [](void* user, const septet_tile* tile) {
    const MatrixView<std::int32_t> sums{static_cast<std::int32_t*>(tile->sums), tile->m1 - tile->m0,
                                        tile->n1 - tile->n0, tile->ld, 1};
    if (tile->type == SEPTET_S32) (*static_cast<decltype(function)*>(user))(sums, tile->m0, tile->n0);
  };
  REQUIRE(septet_options_set_tile_function(options.get(), call, &function) == SEPTET_OK);
  const septet_matrix a_view = in_c(a.view()), b_view = in_c(b.view()), c_view = in_c(got.view());
  const septet_weights weights = {&a_view, nullptr, nullptr};
  REQUIRE(septet_gemm(&weights, &b_view, &c_view, options.get()) == SEPTET_OK);
  const auto difference = compare_bits(got.view(), want.view());
  CHECK_MESSAGE(difference.equal, difference.text << ", seed 72");

  REQUIRE(septet_options_set_tile_function(options.get(), nullptr, nullptr) == SEPTET_OK);
  cxx.epilogue.function = {};
  gemm(a.view(), b.view(), want.view(), cxx);
  REQUIRE(septet_gemm(&weights, &b_view, &c_view, options.get()) == SEPTET_OK);
  CHECK(compare_bits(got.view(), want.view()).equal);
}

TEST_CASE("packed matrices: chosen by time, with new values, in files") {
  const std::vector<float> a{1, 0, 2, 0, 0, 3, 0, 4}, twice{2, 0, 4, 0, 0, 6, 0, 8}, wrong{1, 1, 2, 0, 0, 3, 0, 4};
  const septet_matrix views[] = {in_c(row_major(a.data(), 2, 4)), in_c(row_major(twice.data(), 2, 4)),
                                 in_c(row_major(wrong.data(), 2, 4))};
  const OwnedOptions options = make_options();
  REQUIRE(septet_options_set_name(options.get(), "format", "bsr") == SEPTET_OK);
  REQUIRE(septet_options_set_number(options.get(), "block.rows", 2) == SEPTET_OK);
  REQUIRE(septet_options_set_number(options.get(), "block.cols", 1) == SEPTET_OK);
  septet_packed *packed = nullptr, *updated = nullptr, *loaded = nullptr;
  const septet_weights first = {&views[0], nullptr, nullptr}, second = {&views[1], nullptr, nullptr},
                       third = {&views[2], nullptr, nullptr};
  REQUIRE(septet_pack(&first, options.get(), &packed) == SEPTET_OK);
  CHECK(septet_update_values(packed, &third, &updated) == SEPTET_OK);  // its blocks have a place for that
  septet_packed_free(updated);
  REQUIRE(septet_update_values(packed, &second, &updated) == SEPTET_OK);
  const std::string path = "capi_products_test.septet";
  REQUIRE(septet_save(updated, path.c_str()) == SEPTET_OK);
  REQUIRE(septet_load(path.c_str(), &loaded) == SEPTET_OK);
  std::remove(path.c_str());
  std::vector<float> back(8);
  const septet_matrix to = in_c(row_major(back.data(), 2, 4));
  CHECK(septet_unpack(loaded, &to) == SEPTET_OK);
  CHECK(back == twice);
  septet_packed* none = nullptr;
  CHECK(septet_load(path.c_str(), &none) == SEPTET_BAD_FILE);
  CHECK(none == nullptr);
  CHECK(septet_save(nullptr, path.c_str()) == SEPTET_BAD_POINTER);
  for (septet_packed* each : {packed, updated, loaded}) septet_packed_free(each);
}
