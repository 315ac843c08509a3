// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/emulate_run.hpp"

#include "septet/emulation/cycles.hpp"
#include "septet/gemm.hpp"

#include <fmt/format.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

namespace septet::bench {
namespace {

// Bytes of all values but 0, floats in (-1, 1) without 0; `zeros` of them 0 instead.
template <class T>
void fill(std::vector<std::byte>& bytes, double zeros, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  const auto limit = static_cast<std::uint64_t>(zeros * 0x1p32);
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(T)) {
    const std::uint64_t bits = engine();
    T value{};
    if (bits >> 32 >= limit) {
      if constexpr (std::is_same_v<T, std::int8_t>) {
        value = static_cast<T>(1 + bits % 127);
        if ((bits & 0x1000) != 0) value = static_cast<T>(-value);
      } else {
        value = static_cast<T>((static_cast<double>(bits & 0xffffff) + 0.5) * 0x1p-23 - 1);
      }
    }
    std::memcpy(&bytes[i], &value, sizeof(T));
  }
}

std::vector<std::byte> random_operand(Type type, Index elements, double zeros, std::uint64_t seed) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(elements * size_of(type)));
  type == Type::s8 ? fill<std::int8_t>(bytes, zeros, seed) : fill<float>(bytes, zeros, seed);
  return bytes;
}

std::string counts(const emulation::Report& report) {
  std::string text;
  emulation::for_each_count(report, [&](const char* key, Index value) { text += fmt::format(" {} {}", key, value); });
  return text;
}

}  // namespace

std::string text(const ArrayShape& array) { return fmt::format("{}x{}", array.height, array.width); }
std::string text(const Shape& shape) { return fmt::format("{}x{}x{}", shape.m, shape.n, shape.k); }

nlohmann::json to_json(const EmulatedSetting& s, Engine engine, const emulation::Report& report) {
  return {{"name", s.shape.name},
          {"m", s.shape.m},
          {"n", s.shape.n},
          {"k", s.shape.k},
          {"type", name(s.type)},
          {"dataflow", name(s.dataflow)},
          {"array", text(s.array)},
          {"threads", s.threads},
          {"engine", name(engine)},
          {"cycles", report.cycles},
          {"nnz", report.nnz},
          {"macs_issued", report.macs_issued},
          {"pe_cycles", pe_cycles(report)}};
}

GemmOptions EmulatedSetting::options() const {
  GemmOptions options;
  options.dataflow = dataflow;
  options.array = array;
  options.threads = threads;
  return options;
}

EmulatedProduct::EmulatedProduct(const EmulatedSetting& setting, double zeros)
    : setting_(setting),
      a_(random_operand(setting.type, setting.shape.m * setting.shape.k, is_sparse(setting.dataflow) ? zeros : 0, 1)),
      b_(random_operand(setting.type, setting.shape.k * setting.shape.n, 0, 2)),
      c_(static_cast<std::size_t>(setting.shape.m * setting.shape.n * size_of(accumulator_of(setting.type)))) {
  if (!is_sparse(setting.dataflow)) return;
  PackOptions packing;
  packing.dataflow = setting.dataflow;
  packing.array = setting.array;
  packed_ = pack(dense_a(), packing);
  std::vector<std::byte>().swap(a_);
}

ConstMatrix EmulatedProduct::dense_a() const {
  return {a_.data(), setting_.type, setting_.shape.m, setting_.shape.k, setting_.shape.k, 1};
}

ConstMatrix EmulatedProduct::b() const {
  return {b_.data(), setting_.type, setting_.shape.k, setting_.shape.n, setting_.shape.n, 1};
}

Weights EmulatedProduct::weights() const { return packed_.empty() ? Weights(dense_a()) : Weights(packed_); }

emulation::Report EmulatedProduct::emulate(Engine engine) {
  const Shape& s = setting_.shape;
  emulation::ArrayOptions array_options;
  array_options.engine = engine;
  const Matrix c(c_.data(), accumulator_of(setting_.type), s.m, s.n, s.n, 1);
  return emulation::emulate(weights(), b(), c, setting_.options(), array_options);
}

void EmulatedProduct::check(Engine engine, const emulation::Report& report) const {
  const Shape& s = setting_.shape;
  std::vector<std::byte> expected(c_.size());
  gemm(weights(), b(), Matrix(expected.data(), accumulator_of(setting_.type), s.m, s.n, s.n, 1), setting_.options());
  const auto wrong = [&](const std::string& what) {
    throw WrongResult(fmt::format("{}, {} of {} on {}, {}: {}", name(setting_.dataflow), name(setting_.type), text(s),
                                  text(setting_.array), name(engine), what));
  };
  if (c_ != expected) wrong("the bits are not those of septet::gemm");
  const std::string closed = counts(emulation::cycles(weights(), s.n, setting_.type, setting_.options()));
  if (counts(report) != closed) wrong("counts" + counts(report) + ", but in closed form" + closed);
}

double EmulatedProduct::operand_bytes() const {
  const Footprint a = packed_.empty() ? Footprint{static_cast<Index>(a_.size()), 0} : packed_.footprint();
  return static_cast<double>(a.values + a.metadata) + static_cast<double>(b_.size() + c_.size());
}

}  // namespace septet::bench
