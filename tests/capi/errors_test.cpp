// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What C can say wrongly: the status, the argument's name, and nothing written.
#include "support.hpp"

#include <functional>
#include <limits>
#include <string>
#include <thread>

namespace {

using namespace septet;
using namespace septet::support;

// A good call that each case spoils in one way.
struct Call {
  std::vector<float> a_data = std::vector<float>(6, 1), b_data = std::vector<float>(12, 1);
  std::vector<float> c_data = std::vector<float>(8, 42);
  septet_matrix a = in_c(row_major(a_data.data(), 2, 3));
  septet_matrix b = in_c(row_major(b_data.data(), 3, 4));
  septet_matrix c = in_c(row_major(c_data.data(), 2, 4));
  septet_weights weights = {&a, nullptr, nullptr};
};

void expect(septet_status status, septet_status want, const std::string& argument) {
  INFO(std::string(septet_error_argument()) << ": " << std::string(septet_error_message()));
  CHECK(status == want);
  CHECK(septet_error_argument() == argument);
  CHECK(*septet_error_message() != '\0');
}

// Every call that takes A, B and C.
void expect_all(septet_status want, const std::string& argument, const std::function<void(Call&)>& spoil) {
  Call call;
  spoil(call);
  septet_report* report = nullptr;
  expect(septet_gemm(&call.weights, &call.b, &call.c, nullptr), want, argument);
  expect(septet_gemm_batch(2, &call.a, 0, &call.b, 0, &call.c, 8, nullptr), want, argument);
  expect(septet_emulate(&call.weights, &call.b, &call.c, nullptr, &report), want, argument);
  CHECK(report == nullptr);
  CHECK(call.c_data == std::vector<float>(8, 42));
}

constexpr std::int32_t kNoTypes[] = {-1, 8, 256, std::numeric_limits<std::int32_t>::min(),
                                     std::numeric_limits<std::int32_t>::max()};

OwnedPacked packed_right(const Call& call) {
  const OwnedOptions options = make_options();
  REQUIRE(septet_options_set_name(options.get(), "side", "right") == SEPTET_OK);
  const septet_weights b = {&call.b, nullptr, nullptr};
  septet_packed* packed = nullptr;
  REQUIRE(septet_pack(&b, options.get(), &packed) == SEPTET_OK);
  return OwnedPacked(packed);
}

}  // namespace

TEST_CASE("what C++ refuses, C refuses by the same name") {
  expect_all(SEPTET_BAD_SHAPE, "a", [](Call& c) { c.a.rows = -1; });
  expect_all(SEPTET_BAD_SHAPE, "b", [](Call& c) { c.b.rows = 2; });
  expect_all(SEPTET_BAD_SHAPE, "c", [](Call& c) { c.c.cols = 3; });
  expect_all(SEPTET_BAD_POINTER, "a", [](Call& c) { c.a.data = nullptr; });
  expect_all(SEPTET_BAD_POINTER, "b", [](Call& c) { c.b.data = nullptr; });
  expect_all(SEPTET_BAD_POINTER, "c", [](Call& c) { c.c.data = nullptr; });
  expect_all(SEPTET_BAD_STRIDE, "a", [](Call& c) { c.a.row_stride = std::numeric_limits<Index>::max(); });
  expect_all(SEPTET_BAD_STRIDE, "c", [](Call& c) { c.c.row_stride = 0; });
  expect_all(SEPTET_BAD_TYPE, "a", [](Call& c) { c.a.type = SEPTET_S32; });
  expect_all(SEPTET_BAD_TYPE, "b", [](Call& c) { c.b.type = SEPTET_F64; });
  expect_all(SEPTET_OVERLAP, "c", [](Call& c) { c.b.data = c.c.data, c.b.row_stride = 0; });
}

TEST_CASE("types that are none") {
  for (const std::int32_t type : kNoTypes) {
    expect_all(SEPTET_BAD_TYPE, "a", [&](Call& c) { c.a.type = type; });
    expect_all(SEPTET_BAD_TYPE, "b", [&](Call& c) { c.b.type = type; });
    expect_all(SEPTET_BAD_TYPE, "c", [&](Call& c) { c.c.type = type; });
    Call call;
    septet_report* report = nullptr;
    septet_packed* packed = nullptr;
    std::int64_t bytes = -7;
    expect(septet_cycles(&call.weights, 4, type, nullptr, &report), SEPTET_BAD_TYPE, "b_type");
    expect(septet_cycles_of_shape(2, 4, 3, type, 0, nullptr, &report), SEPTET_BAD_TYPE, "a_type");
    expect(septet_cycles_of_shape(2, 4, 3, 0, type, nullptr, &report), SEPTET_BAD_TYPE, "b_type");
    const OwnedPacked b = packed_right(call);
    septet_matrix wrong = call.c;
    wrong.type = type;
    expect(septet_unpack(b.get(), &wrong), SEPTET_BAD_TYPE, "a");
    expect(septet_gemm_packed_b(&call.a, b.get(), &wrong, nullptr), SEPTET_BAD_TYPE, "c");
    expect(septet_gemm_workspace_bytes(&call.weights, &call.b, &wrong, nullptr, &bytes), SEPTET_BAD_TYPE, "c");
    call.a.type = type;
    expect(septet_pack(&call.weights, nullptr, &packed), SEPTET_BAD_TYPE, "a");
    CHECK((report == nullptr && packed == nullptr && bytes == -7));
  }
}

TEST_CASE("sparse views") {
  const std::int32_t offsets[] = {0, 1, 2}, indices[] = {0, 2};
  const float values[] = {1, 2};
  const septet_sparse good = {SEPTET_CSR, SEPTET_F32, 4, 2, 3, offsets, indices, values};
  const auto spoiled = [&](septet_status want, const std::function<void(septet_sparse&)>& spoil) {
    Call call;
    septet_sparse sparse = good;
    spoil(sparse);
    call.weights = {nullptr, &sparse, nullptr};
    septet_packed* packed = nullptr;
    expect(septet_gemm(&call.weights, &call.b, &call.c, nullptr), want, "a");
    expect(septet_pack(&call.weights, nullptr, &packed), want, "a");
    CHECK(call.c_data == std::vector<float>(8, 42));
  };
  for (const std::int32_t major : {-1, 2, 256}) {
    spoiled(SEPTET_BAD_OPTION, [&](septet_sparse& s) { s.major = major; });
  }
  for (const std::int32_t type : kNoTypes) spoiled(SEPTET_BAD_TYPE, [&](septet_sparse& s) { s.type = type; });
  for (const std::int32_t bytes : {0, 2, -4, 16})
    spoiled(SEPTET_BAD_TYPE, [&](septet_sparse& s) { s.index_bytes = bytes; });
  spoiled(SEPTET_BAD_POINTER, [](septet_sparse& s) { s.offsets = nullptr; });
  spoiled(SEPTET_BAD_POINTER, [](septet_sparse& s) { s.indices = nullptr; });
  spoiled(SEPTET_BAD_POINTER, [](septet_sparse& s) { s.values = nullptr; });
  spoiled(SEPTET_BAD_STRUCTURE, [](septet_sparse& s) { s.cols = 2; });
}

TEST_CASE("weights are exactly one thing") {
  Call call;
  const OwnedPacked packed = packed_right(call);
  for (const septet_weights& weights : {septet_weights{}, septet_weights{&call.a, nullptr, packed.get()}}) {
    call.weights = weights;
    septet_packed* made = nullptr;
    expect(septet_gemm(&call.weights, &call.b, &call.c, nullptr), SEPTET_BAD_POINTER, "a");
    expect(septet_pack(&call.weights, nullptr, &made), SEPTET_BAD_POINTER, "a");
  }
  call.weights = {nullptr, nullptr, packed.get()};
  call.b = in_c(row_major(call.b_data.data(), 4, 2)), call.c = in_c(row_major(call.c_data.data(), 3, 2));
  expect(septet_gemm(&call.weights, &call.b, &call.c, nullptr), SEPTET_BAD_OPTION, "a");  // the other side
  CHECK(call.c_data == std::vector<float>(8, 42));
}

TEST_CASE("null pointers") {
  Call call;
  const auto& [w, a, b, c] = std::tie(call.weights, call.a, call.b, call.c);
  const OwnedPacked packed = packed_right(call);
  std::int64_t bytes = 0;
  double utilization = 0;
  const char* dataflow = nullptr;
  septet_packed* made = nullptr;
  septet_packed_info info;
  septet_report* report = nullptr;
  expect(septet_gemm(nullptr, &b, &c, nullptr), SEPTET_BAD_POINTER, "a");
  expect(septet_gemm(&w, nullptr, &c, nullptr), SEPTET_BAD_POINTER, "b");
  expect(septet_gemm(&w, &b, nullptr, nullptr), SEPTET_BAD_POINTER, "c");
  expect(septet_gemm_packed_b(nullptr, packed.get(), &c, nullptr), SEPTET_BAD_POINTER, "a");
  expect(septet_gemm_packed_b(&a, nullptr, &c, nullptr), SEPTET_BAD_POINTER, "b");
  expect(septet_gemm_packed_b(&a, packed.get(), nullptr, nullptr), SEPTET_BAD_POINTER, "c");
  expect(septet_gemm_batch(1, nullptr, 0, &b, 0, &c, 0, nullptr), SEPTET_BAD_POINTER, "a");
  expect(septet_gemm_batch(1, &a, 0, nullptr, 0, &c, 0, nullptr), SEPTET_BAD_POINTER, "b");
  expect(septet_gemm_batch(1, &a, 0, &b, 0, nullptr, 0, nullptr), SEPTET_BAD_POINTER, "c");
  expect(septet_gemm_batch(-1, &a, 0, &b, 0, &c, 0, nullptr), SEPTET_BAD_SHAPE, "count");
  expect(septet_gemm_batch(2, &a, 0, &b, 0, &c, 0, nullptr), SEPTET_BAD_STRIDE, "c_stride");
  expect(septet_gemm_workspace_bytes(&w, &b, &c, nullptr, nullptr), SEPTET_BAD_POINTER, "bytes");
  expect(septet_gemm_workspace_bytes(nullptr, &b, &c, nullptr, &bytes), SEPTET_BAD_POINTER, "a");
  expect(septet_gemm_packed_b_workspace_bytes(&a, nullptr, &c, nullptr, &bytes), SEPTET_BAD_POINTER, "b");
  expect(septet_gemm_packed_b_workspace_bytes(&a, packed.get(), &c, nullptr, nullptr), SEPTET_BAD_POINTER, "bytes");
  expect(septet_gemm_batch_workspace_bytes(1, &a, &b, &c, nullptr, nullptr), SEPTET_BAD_POINTER, "bytes");
  expect(septet_pack(nullptr, nullptr, &made), SEPTET_BAD_POINTER, "a");
  expect(septet_pack(&w, nullptr, nullptr), SEPTET_BAD_POINTER, "packed");
  expect(septet_unpack(nullptr, &b), SEPTET_BAD_POINTER, "packed");
  expect(septet_unpack(packed.get(), nullptr), SEPTET_BAD_POINTER, "a");
  expect(septet_packed_get_info(nullptr, &info), SEPTET_BAD_POINTER, "packed");
  expect(septet_packed_get_info(packed.get(), nullptr), SEPTET_BAD_POINTER, "info");
  expect(septet_emulate(&w, &b, &c, nullptr, nullptr), SEPTET_BAD_POINTER, "report");
  expect(septet_cycles(nullptr, 4, SEPTET_F32, nullptr, &report), SEPTET_BAD_POINTER, "a");
  expect(septet_cycles(&w, 4, SEPTET_F32, nullptr, nullptr), SEPTET_BAD_POINTER, "report");
  expect(septet_cycles_of_shape(2, 4, 3, 0, 0, nullptr, nullptr), SEPTET_BAD_POINTER, "report");
  expect(septet_report_count(nullptr, "cycles", &bytes), SEPTET_BAD_POINTER, "report");
  expect(septet_report_utilization(nullptr, &utilization), SEPTET_BAD_POINTER, "report");
  expect(septet_report_dataflow(nullptr, &dataflow), SEPTET_BAD_POINTER, "report");
  CHECK(call.c_data == std::vector<float>(8, 42));
  septet_packed_free(nullptr);
  septet_report_free(nullptr);
}

TEST_CASE("reports and targets") {
  Call call;
  septet_report* report = nullptr;
  REQUIRE(septet_cycles(&call.weights, 4, SEPTET_F32, nullptr, &report) == SEPTET_OK);
  const OwnedReport owned(report);
  std::int64_t count = -7;
  expect(septet_report_count(report, "cycle", &count), SEPTET_BAD_OPTION, "key");
  expect(septet_report_count(report, nullptr, &count), SEPTET_BAD_POINTER, "key");
  expect(septet_report_count(report, "cycles", nullptr), SEPTET_BAD_POINTER, "count");
  double energy = -7;
  expect(septet_report_energy(report, "energy_of_the_sun_pj", &energy), SEPTET_BAD_OPTION, "key");
  expect(septet_report_energy(report, nullptr, &energy), SEPTET_BAD_POINTER, "key");
  expect(septet_report_energy(report, "energy_total_pj", nullptr), SEPTET_BAD_POINTER, "picojoules");
  expect(septet_report_energy(nullptr, "energy_total_pj", &energy), SEPTET_BAD_POINTER, "report");
  CHECK(energy == -7);
  expect(septet_report_utilization(report, nullptr), SEPTET_BAD_POINTER, "utilization");
  expect(septet_report_dataflow(report, nullptr), SEPTET_BAD_POINTER, "dataflow");
  CHECK(count == -7);
  for (const Index beyond : {Index{-1}, Index{1000}, std::numeric_limits<Index>::max()}) {
    CHECK(septet_report_key(beyond) == nullptr);
  }
  const std::string before = septet_target();
  expect(septet_set_target("AVX9000"), SEPTET_BAD_OPTION, "name");
  CHECK(septet_target() == before);
}

TEST_CASE("options that a call refuses are named by their keys") {
  Call call;
  const OwnedOptions options = make_options();
  REQUIRE(septet_options_set_number(options.get(), "combine.lanes", 257) == SEPTET_OK);
  expect(septet_gemm(&call.weights, &call.b, &call.c, options.get()), SEPTET_BAD_OPTION, "options.combine.lanes");
}

TEST_CASE("what a function of the caller's throws stays inside") {
  Call call;
  const OwnedOptions options = make_options();
  const auto emulate = [&](septet_progress_function function) {
    REQUIRE(septet_options_set_progress_function(options.get(), function, nullptr) == SEPTET_OK);
    septet_report* report = nullptr;
    const septet_status status = septet_emulate(&call.weights, &call.b, &call.c, options.get(), &report);
    const OwnedReport owned(report);
    return status;
  };
  expect(emulate([](void*, std::int64_t, std::int64_t) { throw std::runtime_error("enough"); }), SEPTET_BAD_OPTION,
         "options");
  CHECK(septet_error_message() == std::string("enough"));
  expect(emulate([](void*, std::int64_t, std::int64_t) { throw 7; }), SEPTET_BAD_OPTION, "options");
  expect(emulate([](void*, std::int64_t, std::int64_t) { throw std::bad_alloc(); }), SEPTET_OUT_OF_MEMORY, "workspace");
  // The run is over, C is anything, and the next one is as if nothing had been.
  CHECK(emulate(nullptr) == SEPTET_OK);
  const std::vector<float> emulated = call.c_data;
  CHECK(septet_gemm(&call.weights, &call.b, &call.c, options.get()) == SEPTET_OK);
  CHECK(emulated == call.c_data);
}

TEST_CASE("an error is its thread's, and stays until the next") {
  Call call;
  expect(septet_gemm(nullptr, &call.b, &call.c, nullptr), SEPTET_BAD_POINTER, "a");
  std::string other = "unset";
  std::thread([&] { other = septet_error_argument(); }).join();
  CHECK(other.empty());
  CHECK(septet_gemm(&call.weights, &call.b, &call.c, nullptr) == SEPTET_OK);
  CHECK(septet_error_argument() == std::string("a"));
  const OwnedOptions options = make_options();
  const std::string longer(1000, 'x');  // than is kept of it
  CHECK(septet_options_set_number(options.get(), longer.c_str(), 1) == SEPTET_BAD_OPTION);
  CHECK(longer.find(septet_error_argument()) == 0);
}
