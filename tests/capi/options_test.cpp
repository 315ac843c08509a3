// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Every option that C sets arrives at its field of the C++ options, and nothing else is accepted.
#include "src/capi/option_keys.hpp"

#include "support.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <string>

namespace {

using namespace septet;
using namespace septet::support;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void expect_refused(septet_status status, septet_status want, const std::string& argument, const std::string& part) {
  INFO(argument << ": " << std::string(septet_error_argument()) << ": " << std::string(septet_error_message()));
  CHECK(status == want);
  CHECK(septet_error_argument() == argument);
  CHECK(std::string(septet_error_message()).find(part) != std::string::npos);
}

double number(const capi::Number& field) {
  return std::visit([](auto* value) { return static_cast<double>(*value); }, field);
}

int choice(const capi::Choice& field) {
  return std::visit([](auto* value) { return static_cast<int>(*value); }, field);
}

// The keys of a table, once each.
template <class Table>
std::set<std::string> keys_of(const Table& table) {
  std::set<std::string> keys;
  for (const auto& entry : table) keys.insert(entry.key);
  CHECK(keys.size() == std::size(table));
  return keys;
}

}  // namespace

TEST_CASE("the keys are those of septet.h") {
  CHECK(keys_of(capi::kNumberKeys) == std::set<std::string>{"alpha",
                                                            "beta",
                                                            "a_zero_point",
                                                            "b_zero_point",
                                                            "zero_point",
                                                            "threads",
                                                            "array.height",
                                                            "strict_nonfinite",
                                                            "block.rows",
                                                            "block.cols",
                                                            "slice.height",
                                                            "slice.window",
                                                            "group.n",
                                                            "group.m",
                                                            "tile_cols",
                                                            "expected_cols",
                                                            "array.width",
                                                            "fold_depth",
                                                            "combine.lanes",
                                                            "combine.window",
                                                            "accumulator.bits",
                                                            "fold_accumulator.bits",
                                                            "flush_subnormals",
                                                            "bandwidth",
                                                            "a_word_bits",
                                                            "memory.a_bytes",
                                                            "memory.b_bytes",
                                                            "memory.c_bytes",
                                                            "memory.off_chip_bandwidth",
                                                            "epilogue.requantise.zero_point",
                                                            "epilogue.requantise.low",
                                                            "epilogue.requantise.high"});
  CHECK(keys_of(capi::kChoiceKeys) ==
        std::set<std::string>{"dataflow", "accumulate", "mac", "accumulator.overflow", "fold_accumulator.overflow",
                              "combine.policy", "timing", "engine", "format", "side", "epilogue.activation",
                              "epilogue.requantise.rounding", "epilogue.requantise.overflow"});
  CHECK(keys_of(capi::kOperandKeys) == std::set<std::string>{"preload", "epilogue.scale", "epilogue.bias",
                                                             "epilogue.residual", "epilogue.requantise.multiplier",
                                                             "epilogue.requantise.shift", "epilogue.requantise.scale"});
}

TEST_CASE("every key sets its own field and no other") {
  // Different values for all of them: a field that two keys share would lose one.
  const OwnedOptions options = make_options();
  const float data = 0;
  int next = 1;
  for (const auto& entry : capi::kNumberKeys) {
    const bool flag = std::holds_alternative<bool*>(entry.field(*options));
    CHECK(septet_options_set_number(options.get(), entry.key, flag ? 1 : ++next) == SEPTET_OK);
  }
  for (const auto& entry : capi::kOperandKeys) {
    const septet_matrix matrix = in_c(row_major(&data, 1, ++next));
    CHECK(septet_options_set_matrix(options.get(), entry.key, &matrix) == SEPTET_OK);
  }
  next = 1;
  for (const auto& entry : capi::kNumberKeys) {
    const bool flag = std::holds_alternative<bool*>(entry.field(*options));
    CHECK(number(entry.field(*options)) == (flag ? 1 : ++next));
  }
  for (const auto& entry : capi::kOperandKeys) CHECK(entry.field(*options)->cols == ++next);
  for (const auto& entry : capi::kOperandKeys) {
    CHECK(septet_options_set_matrix(options.get(), entry.key, nullptr) == SEPTET_OK);
    CHECK(entry.field(*options)->data == nullptr);
  }
}

TEST_CASE("every name of every choice") {
  const struct {
    const char* key;
    std::vector<std::string> names;
    int initial = 0;
  } choices[] = {
      {"dataflow", {"auto", "dOS", "dWS", "dIS", "sOS", "sWS", "sIS", "csOS"}},
      {"accumulate", {"chained", "fold"}},
      {"mac", {"fused", "unfused"}},
      {"accumulator.overflow", {"clamp", "wrap"}, 1},
      {"fold_accumulator.overflow", {"clamp", "wrap"}, 1},
      {"combine.policy", {"in-order", "first-fit"}},
      {"timing", {"serial", "overlapped", "scalesim"}},
      {"engine", {"registers", "plan", "plain"}},
      {"format", {"auto", "dense", "csr", "tsb", "csb", "csc", "coo", "bsr", "ell", "sell", "bitmap", "nm", "tcsr"}},
      {"side", {"left", "right"}},
      {"epilogue.activation", {"none", "relu", "relu6", "gelu", "sigmoid", "tanh"}},
      {"epilogue.requantise.rounding",
       {"gemmlowp-double", "single-half-up", "single-half-away", "truncate", "floor", "fp32-nearest-even",
        "single-half-even"}},
      {"epilogue.requantise.overflow", {"clamp", "wrap"}}};
  static_assert(std::size(choices) == std::size(capi::kChoiceKeys), "septet: a choice without its names");
  const OwnedOptions options = make_options();
  for (std::size_t i = 0; i < std::size(choices); ++i) {
    const auto& entry = capi::kChoiceKeys[i];
    REQUIRE(entry.key == std::string(choices[i].key));
    CHECK(choice(entry.field(*options)) == choices[i].initial);  // mostly, the first is the default
    const int count = static_cast<int>(choices[i].names.size());
    for (int value = count - 1; value >= 0; --value) {
      const std::string& wanted = choices[i].names[static_cast<std::size_t>(value)];
      CHECK(septet_options_set_name(options.get(), entry.key, wanted.c_str()) == SEPTET_OK);
      CHECK(choice(entry.field(*options)) == value);
    }
    for (const char* wrong : {"", "Auto", "csOSS", "7"}) {
      expect_refused(septet_options_set_name(options.get(), entry.key, wrong), SEPTET_BAD_OPTION, entry.key,
                     "none of " + choices[i].names[0]);
      CHECK(std::string(septet_error_message()).find(choices[i].names.back()) != std::string::npos);
    }
    CHECK(choice(entry.field(*options)) == 0);
  }
}

TEST_CASE("numbers that are none, or not whole, or do not fit") {
  const OwnedOptions options = make_options();
  for (const auto& entry : capi::kNumberKeys) {
    const auto set = [&](double value) { return septet_options_set_number(options.get(), entry.key, value); };
    if (std::holds_alternative<bool*>(entry.field(*options))) {
      for (const double wrong : {2.0, 0.5, -1.0, kNaN}) expect_refused(set(wrong), SEPTET_BAD_OPTION, entry.key, "");
      CHECK(set(0) == SEPTET_OK);
      continue;
    }
    REQUIRE(set(3) == SEPTET_OK);
    expect_refused(set(kNaN), SEPTET_BAD_OPTION, entry.key, "not a number");
    const capi::Number field = entry.field(*options);
    if (std::holds_alternative<double*>(field)) {
      CHECK(set(0.5) == SEPTET_OK);
      CHECK(set(-kInfinity) == SEPTET_OK);
      continue;
    }
    const double end = std::holds_alternative<int*>(field) ? 0x1p31 : 0x1p63;
    expect_refused(set(0.5), SEPTET_BAD_OPTION, entry.key, "not a whole number");
    for (const double beyond : {end, std::nextafter(-end, -kInfinity), kInfinity, -kInfinity, 1e300}) {
      expect_refused(set(beyond), SEPTET_BAD_OPTION, entry.key, "");
    }
    CHECK(number(field) == 3);
    CHECK(set(-end) == SEPTET_OK);
    CHECK(set(std::trunc(std::nextafter(end, 0))) == SEPTET_OK);
  }
}

TEST_CASE("unknown keys are named, also those of another kind") {
  const OwnedOptions options = make_options();
  const float data = 0;
  const septet_matrix matrix = in_c(row_major(&data, 1, 1));
  for (const char* key : {"", "array.hight", "dataflow", "preload", "ALPHA"}) {
    expect_refused(septet_options_set_number(options.get(), key, 1), SEPTET_BAD_OPTION, key, "a number");
  }
  for (const char* key : {"", "alpha", "epilogue"}) {
    expect_refused(septet_options_set_name(options.get(), key, "auto"), SEPTET_BAD_OPTION, key, "a name");
    expect_refused(septet_options_set_matrix(options.get(), key, &matrix), SEPTET_BAD_OPTION, key, "a matrix");
  }
}

TEST_CASE("operands of options are matrices") {
  const OwnedOptions options = make_options();
  const float data = 0;
  for (const auto& entry : capi::kOperandKeys) {
    septet_matrix matrix = in_c(row_major(&data, 2, 3));
    const auto set = [&] { return septet_options_set_matrix(options.get(), entry.key, &matrix); };
    matrix.type = 8;
    expect_refused(set(), SEPTET_BAD_TYPE, entry.key, "8");
    matrix = in_c(row_major<const float>(nullptr, 2, 3));
    expect_refused(set(), SEPTET_BAD_POINTER, entry.key, "null");
    matrix = in_c(row_major(&data, -2, 3));
    expect_refused(set(), SEPTET_BAD_SHAPE, entry.key, "negative");
    CHECK(entry.field(*options)->data == nullptr);
  }
}

TEST_CASE("presets by name") {
  const OwnedOptions options = make_options();
  int count = 0;
  for (; septet_preset_name(count) != nullptr; ++count) {
    CHECK(septet_options_apply_preset(options.get(), septet_preset_name(count)) == SEPTET_OK);
    CHECK(std::string(septet_preset_name(count)) == presets()[count].name);
  }
  CHECK(count == 4);
  CHECK(septet_preset_name(-1) == nullptr);
  CHECK(septet_preset_name(count + 5) == nullptr);
  CHECK(septet_options_apply_preset(options.get(), "gemmini") == SEPTET_OK);
  CHECK(options->gemm.accumulator.bits == 20);
  CHECK(options->gemm.fold_accumulator.bits == 32);
  CHECK(options->gemm.accumulate == Accumulate::fold_then_add);
  expect_refused(septet_options_apply_preset(options.get(), "tpu"), SEPTET_BAD_OPTION, "preset",
                 "flexisaga, gemmini, tflite, inference-card-fp16");
  CHECK(options->gemm.accumulator.bits == 20);
  expect_refused(septet_options_apply_preset(options.get(), nullptr), SEPTET_BAD_POINTER, "preset", "null");
  expect_refused(septet_options_apply_preset(nullptr, "gemmini"), SEPTET_BAD_POINTER, "options", "null");
}

TEST_CASE("options that are not there") {
  const OwnedOptions options = make_options();
  expect_refused(septet_options_create(nullptr), SEPTET_BAD_POINTER, "options", "null");
  expect_refused(septet_options_set_number(nullptr, "alpha", 1), SEPTET_BAD_POINTER, "options", "null");
  expect_refused(septet_options_set_name(nullptr, "mac", "fused"), SEPTET_BAD_POINTER, "options", "null");
  expect_refused(septet_options_set_matrix(nullptr, "preload", nullptr), SEPTET_BAD_POINTER, "options", "null");
  expect_refused(septet_options_set_tile_function(nullptr, nullptr, nullptr), SEPTET_BAD_POINTER, "options", "null");
  expect_refused(septet_options_set_progress_function(nullptr, nullptr, nullptr), SEPTET_BAD_POINTER, "options",
                 "null");
  expect_refused(septet_options_set_workspace(nullptr, nullptr, 0), SEPTET_BAD_POINTER, "options", "null");
  expect_refused(septet_options_set_number(options.get(), nullptr, 1), SEPTET_BAD_POINTER, "key", "null");
  expect_refused(septet_options_set_name(options.get(), nullptr, "fused"), SEPTET_BAD_POINTER, "key", "null");
  expect_refused(septet_options_set_name(options.get(), "mac", nullptr), SEPTET_BAD_POINTER, "name", "null");
  expect_refused(septet_options_set_matrix(options.get(), nullptr, nullptr), SEPTET_BAD_POINTER, "key", "null");
  septet_options_free(nullptr);
}
