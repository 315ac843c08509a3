// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "capi.hpp"
#include "option_keys.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <sstream>
#include <string>

namespace septet::capi {
namespace {

// The last value of every enumeration.
constexpr Dataflow last(Dataflow) { return Dataflow::csOS; }
constexpr Accumulate last(Accumulate) { return Accumulate::fold_then_add; }
constexpr Mac last(Mac) { return Mac::unfused; }
constexpr CombinePolicy last(CombinePolicy) { return CombinePolicy::first_fit; }
constexpr Timing last(Timing) { return Timing::scalesim; }
constexpr Engine last(Engine) { return Engine::plain; }
constexpr Format last(Format) { return Format::tcsr; }
constexpr Side last(Side) { return Side::right; }
constexpr Activation last(Activation) { return Activation::tanh; }
constexpr Rounding last(Rounding) { return Rounding::single_half_even; }
constexpr Overflow last(Overflow) { return Overflow::wrap; }

// Where the option `key` is, among those of one kind. Error: bad_pointer, bad_option.
template <class Field, std::size_t kCount>
Field find(const Key<Field> (&keys)[kCount], const char* kind, septet_options* options, const char* key) {
  septet_options& o = required(options, "options");
  const char* wanted = &required(key, "key");
  for (const Key<Field>& candidate : keys) {
    if (std::strcmp(wanted, candidate.key) == 0) return candidate.field(o);
  }
  throw Error({Cause::bad_option, key, std::string("is no option that is ") + kind});
}

Status refused(const char* key, double value, const char* why) {
  std::ostringstream text;
  text << value << why;
  return {Cause::bad_option, key, text.str()};
}

Status assign(double& field, double value, const char*) {
  field = value;
  return {};
}

Status assign(bool& field, double value, const char* key) {
  if (value != 0 && value != 1) return refused(key, value, " is neither 0 nor 1");
  field = value == 1;
  return {};
}

template <class Integer>
Status assign(Integer& field, double value, const char* key) {
  // Both ends are powers of two: exact as doubles, where the largest integer itself may not be.
  constexpr double kEnd = -static_cast<double>(std::numeric_limits<Integer>::min());
  if (value != std::trunc(value)) return refused(key, value, " is not a whole number");
  if (value < -kEnd || value >= kEnd) return refused(key, value, " does not fit an integer of its size");
  field = static_cast<Integer>(value);
  return {};
}

template <class E>
Status assign(E& field, const char* wanted, const char* key) {
  std::string known;
  for (int i = 0; i <= static_cast<int>(last(field)); ++i) {
    const E value = static_cast<E>(i);
    if (std::strcmp(wanted, name(value)) == 0) {
      field = value;
      return {};
    }
    known += (i == 0 ? "" : ", ") + std::string(name(value));
  }
  return {Cause::bad_option, key, std::string(wanted) + " is none of " + known};
}

void call_tile_function(void* user, const Tile& tile) {
  const auto& function = static_cast<const septet_options*>(user)->tile_function;
  const septet_tile c = {tile.sums, static_cast<std::int32_t>(tile.type), tile.ld, tile.m0, tile.m1, tile.n0, tile.n1};
  function.call(function.user, &c);
}

}  // namespace

const septet_options& options_of(const septet_options* options) {
  static const septet_options kDefaults;
  return options != nullptr ? *options : kDefaults;
}
// Made when the library is loaded: a fork may find another thread making it, and the child wait for that for ever.
[[maybe_unused]] static const septet_options& made_early = options_of(nullptr);

}  // namespace septet::capi

using namespace septet;
using namespace septet::capi;

septet_status septet_options_create(septet_options** options) noexcept {
  return run([&] { return make(options, "options", [](septet_options&) { return Status(); }); });
}

void septet_options_free(septet_options* options) noexcept { delete options; }

septet_status septet_options_set_number(septet_options* options, const char* key, double value) noexcept {
  return run([&] {
    const Number number = find(kNumberKeys, "a number", options, key);
    if (std::isnan(value)) return refused(key, value, " is not a number");
    return std::visit([&](auto* field) { return assign(*field, value, key); }, number);
  });
}

septet_status septet_options_set_name(septet_options* options, const char* key, const char* name) noexcept {
  return run([&] {
    const Choice choice = find(kChoiceKeys, "a name", options, key);
    return std::visit([&](auto* field) { return assign(*field, &required(name, "name"), key); }, choice);
  });
}

septet_status septet_options_apply_preset(septet_options* options, const char* preset) noexcept {
  return run([&] { return try_apply_preset(&required(preset, "preset"), required(options, "options").gemm); });
}

const char* septet_preset_name(int64_t index) noexcept {
  const Preset* preset = presets();
  for (int64_t i = 0; i < index && preset->name != nullptr; ++i) ++preset;
  return index < 0 ? nullptr : preset->name;
}

septet_status septet_options_set_matrix(septet_options* options, const char* key,
                                        const septet_matrix* matrix) noexcept {
  return run([&]() -> Status {
    ConstMatrix& operand = *find(kOperandKeys, "a matrix", options, key);
    const ConstMatrix given = matrix != nullptr ? ConstMatrix(matrix_of(matrix, key)) : ConstMatrix();
    if (Status status = detail::validate_view(given, key); !status.ok()) return status;
    operand = given;
    return {};
  });
}

septet_status septet_options_set_tile_function(septet_options* options, septet_tile_function function,
                                               void* user) noexcept {
  return run([&]() -> Status {
    septet_options& o = required(options, "options");
    o.tile_function = {function, user};
    o.gemm.epilogue.function = function != nullptr ? TileFunction{call_tile_function, &o} : TileFunction{};
    return {};
  });
}

septet_status septet_options_set_progress_function(septet_options* options, septet_progress_function function,
                                                   void* user) noexcept {
  return run([&]() -> Status {
    septet_options& o = required(options, "options");
    o.progress = nullptr;
    if (function != nullptr) o.progress = [=](Index done, Index total) { function(user, done, total); };
    return {};
  });
}

septet_status septet_options_set_workspace(septet_options* options, void* workspace, int64_t bytes) noexcept {
  return run([&]() -> Status {
    septet_options& o = required(options, "options");
    o.gemm.workspace = workspace;
    o.gemm.workspace_bytes = bytes;
    return {};
  });
}

septet_status septet_options_set_parallel_for(septet_options* options, septet_parallel_for function,
                                              void* user) noexcept {
  return run([&]() -> Status {
    required(options, "options").gemm.parallel_for = {function, user};
    return {};
  });
}
