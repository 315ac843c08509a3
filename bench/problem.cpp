// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/problem.hpp"

#include <cmath>
#include <random>
#include <stdexcept>
#include <type_traits>

namespace septet::bench {
namespace {

// An element as a number that holds every one of ours exactly.
long double value_at(const void* data, Type type, Index at) {
  switch (type) {
    case Type::f32:
      return static_cast<const float*>(data)[at];
    case Type::f64:
      return static_cast<const double*>(data)[at];
    case Type::s8:
      return static_cast<const std::int8_t*>(data)[at];
    case Type::u8:
      return static_cast<const std::uint8_t*>(data)[at];
    case Type::s16:
      return static_cast<const std::int16_t*>(data)[at];
    case Type::s32:
      return static_cast<const std::int32_t*>(data)[at];
    case Type::bf16:
      return static_cast<float>(static_cast<const bf16*>(data)[at]);
    case Type::f16:
      return static_cast<float>(static_cast<const f16*>(data)[at]);
  }
  throw std::logic_error("a type without values");
}

template <class T>
void fill_floats(const Buffer& buffer, std::mt19937_64& engine) {
  T* data = buffer.data<T>();
  const Index count = buffer.bytes() / static_cast<Index>(sizeof(T));
  using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;
  for (Index i = 0; i < count; ++i) data[i] = T(static_cast<Wide>(static_cast<double>(engine() >> 40) * 0x1p-24 - 0.5));
}

// Floats in [-0.5, 0.5); bytes over their whole range, extremes included, or half of it; s16 in eleven bits, so that no
// sum wraps around: not every peer says what it does then.
void fill(const Buffer& buffer, Type type, bool seven_bits, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  switch (type) {
    case Type::f32:
      return fill_floats<float>(buffer, engine);
    case Type::f64:
      return fill_floats<double>(buffer, engine);
    case Type::bf16:
      return fill_floats<bf16>(buffer, engine);
    case Type::f16:
      return fill_floats<f16>(buffer, engine);
    case Type::s16:
      for (Index i = 0; i < buffer.bytes() / 2; ++i) {
        buffer.data<std::int16_t>()[i] = static_cast<std::int16_t>(static_cast<int>(engine() >> 53) - 1024);
      }
      return;
    default: {
      const int shift = seven_bits ? 57 : 56, lowest = type == Type::u8 ? 0 : seven_bits ? -64 : -128;
      auto* bytes = buffer.data<std::uint8_t>();
      for (Index i = 0; i < buffer.bytes(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(static_cast<int>(engine() >> shift) + lowest);
      }
    }
  }
}

// Half an ulp of 1 in the type that accumulates.
long double unit_roundoff(Type accumulator) { return accumulator == Type::f64 ? 0x1p-53L : 0x1p-24L; }

// Nothing where the pattern has nothing; where it has something and chance made a zero, a number.
template <class T>
void mask(T* row, const Pattern& pattern, Index i, Index step, T number) {
  for (Index j = 0; j < pattern.cols; ++j) {
    T& x = row[j * step];
    x = !pattern.has(i, j) ? T{} : x == T{} ? number : x;
  }
}

Index row_stride(char layout, Index cols) { return layout == 'r' ? cols : 1; }
Index col_stride(char layout, Index rows) { return layout == 'r' ? 1 : rows; }

}  // namespace

const std::vector<Types>& all_types() {
  static const std::vector<Types> types = {
      {"f32", Type::f32, Type::f32, Type::f32}, {"f64", Type::f64, Type::f64, Type::f64},
      {"s8", Type::s8, Type::s8, Type::s32},    {"u8s8", Type::u8, Type::s8, Type::s32},
      {"s8u8", Type::s8, Type::u8, Type::s32},  {"u8", Type::u8, Type::u8, Type::s32},
      {"s16", Type::s16, Type::s16, Type::s32}, {"bf16", Type::bf16, Type::bf16, Type::f32},
      {"f16", Type::f16, Type::f16, Type::f32},
  };
  return types;
}

const Types& types_named(const std::string& name) {
  std::string known;
  for (const Types& types : all_types()) {
    if (types.name == name) return types;
    known += std::string(known.empty() ? "" : ", ") + types.name;
  }
  throw std::invalid_argument("type " + name + ": want one of " + known);
}

Problem::Problem(const Shape& shape, const Setting& setting, const Pattern* pattern)
    : shape_(shape),
      setting_(setting),
      original_{Buffer(shape.count * a_stride() * size_of(setting.types.a)),
                Buffer(shape.count * b_stride() * size_of(setting.types.b)), Buffer(0)} {
  fill(original_.a, setting.types.a, setting.seven_bits, 1);
  fill(original_.b, setting.types.b, setting.seven_bits, 2);
  has_pattern_ = pattern != nullptr;
  if (pattern != nullptr) apply(*pattern);
  constexpr int kSamples = 24;
  std::mt19937_64 engine(3);
  const auto below = [&](Index end) { return static_cast<Index>(engine() % static_cast<std::uint64_t>(end)); };
  samples_.push_back(reference(0, 0, 0));
  samples_.push_back(reference(shape.count - 1, shape.m - 1, shape.n - 1));
  while (samples_.size() < kSamples) samples_.push_back(reference(below(shape.count), below(shape.m), below(shape.n)));
}

void Problem::apply(const Pattern& pattern) {
  const ConstMatrix a = this->a(original_);
  if (pattern.rows != a.rows || pattern.cols != a.cols || shape_.count != 1) {
    throw std::logic_error("a pattern of another shape");
  }
  for (Index i = 0; i < a.rows; ++i) {
    switch (a.type) {
      case Type::f32:
        mask(original_.a.data<float>() + i * a.row_stride, pattern, i, a.col_stride, 0.25F);
        break;
      case Type::f64:
        mask(original_.a.data<double>() + i * a.row_stride, pattern, i, a.col_stride, 0.25);
        break;
      case Type::s8:
        mask(original_.a.data<std::int8_t>() + i * a.row_stride, pattern, i, a.col_stride, std::int8_t{1});
        break;
      default:
        throw std::logic_error("patterns are for f32, f64 and s8");
    }
  }
}

std::shared_ptr<const Operands> Problem::fresh_operands() const {
  constexpr Index kBeyondCaches = Index{512} << 20;
  const auto operands = fresh_b_and_c();
  const Buffer a = original_.a.bytes() > kBeyondCaches ? original_.a : original_.a.copy();
  return std::make_shared<Operands>(Operands{a, operands->b, operands->c});
}

std::shared_ptr<const Operands> Problem::fresh_b_and_c() const {
  return std::make_shared<Operands>(
      Operands{Buffer(0), original_.b.copy(), Buffer(shape_.count * c_stride() * size_of(setting_.types.c))});
}

ConstMatrix Problem::a(const Operands& operands, Index index) const {
  const char layout = setting_.layout[0];
  const auto* data = operands.a.data<const char>() + index * a_stride() * size_of(setting_.types.a);
  return {data, setting_.types.a, shape_.m, shape_.k, row_stride(layout, shape_.k), col_stride(layout, shape_.m)};
}

ConstMatrix Problem::b(const Operands& operands, Index index) const {
  const char layout = setting_.layout[1];
  const auto* data = operands.b.data<const char>() + index * b_stride() * size_of(setting_.types.b);
  return {data, setting_.types.b, shape_.k, shape_.n, row_stride(layout, shape_.n), col_stride(layout, shape_.k)};
}

Matrix Problem::c(const Operands& operands, Index index) const {
  const char layout = setting_.layout[2];
  auto* data = operands.c.data<char>() + index * c_stride() * size_of(setting_.types.c);
  return {data, setting_.types.c, shape_.m, shape_.n, row_stride(layout, shape_.n), col_stride(layout, shape_.m)};
}

RowMajorProduct Problem::row_major() const {
  const auto operands = fresh_operands();
  const bool a_by_columns = setting_.layout[0] == 'c', b_by_columns = setting_.layout[1] == 'c';
  const Shape& s = shape_;
  const Types& t = setting_.types;
  const bool pack_a = setting_.prepacked == Prepacked::a, pack_b = setting_.prepacked == Prepacked::b;
  const Operand a{operands->a.data(), t.a, a_by_columns, a_by_columns ? s.m : s.k, a_stride(), pack_a};
  const Operand b{operands->b.data(), t.b, b_by_columns, b_by_columns ? s.k : s.n, b_stride(), pack_b};
  void* c = operands->c.data();
  if (setting_.layout[2] == 'r') return {s.m, s.n, s.k, s.count, a, b, c, t.c, c_stride(), operands};
  Operand at = a, bt = b;
  at.transposed = !a.transposed;
  bt.transposed = !b.transposed;
  return {s.n, s.m, s.k, s.count, bt, at, c, t.c, c_stride(), operands};
}

double Problem::operations() const {
  return 2.0 * static_cast<double>(shape_.m) * static_cast<double>(shape_.n) * static_cast<double>(shape_.k) *
         static_cast<double>(shape_.count);
}

double Problem::bytes() const {
  const Index c_bytes = shape_.count * c_stride() * size_of(setting_.types.c);
  return static_cast<double>(original_.a.bytes() + original_.b.bytes() + c_bytes);
}

void Problem::poison(const Operands& operands) const {
  std::memset(operands.c.data(), 0xFF, static_cast<std::size_t>(operands.c.bytes()));
}

// |error| <= (k + 1) u sum |a||b| for any order of k additions (Higham, Accuracy and Stability of Numerical
// Algorithms, 2002, section 3.1). Twice that: some instructions on narrow floats round other than to nearest.
Problem::Sample Problem::reference(Index index, Index i, Index j) const {
  const ConstMatrix a = this->a(original_, index), b = this->b(original_, index);
  long double sum = 0, magnitude = 0;
  std::int64_t whole = 0;
  for (Index k = 0; k < shape_.k; ++k) {
    const long double x = value_at(a.data, a.type, i * a.row_stride + k * a.col_stride);
    const long double y = value_at(b.data, b.type, k * b.row_stride + j * b.col_stride);
    sum += x * y;
    magnitude += std::abs(x * y);
    if (is_integer(a.type)) whole += static_cast<std::int64_t>(x) * static_cast<std::int64_t>(y);
  }
  const long double unit = unit_roundoff(setting_.types.c);
  const long double tolerance = 2 * static_cast<long double>(shape_.k + 2) * unit * magnitude;
  return {index, i, j, sum, tolerance, static_cast<std::uint32_t>(whole)};
}

bool Problem::is_right(const Operands& operands) const {
  for (const Sample& sample : samples_) {
    const Matrix c = this->c(operands, sample.index);
    const Index at = sample.i * c.row_stride + sample.j * c.col_stride;
    if (c.type == Type::s32) {
      if (static_cast<const std::uint32_t*>(c.data)[at] != sample.bits) return false;
    } else if (!(std::abs(value_at(c.data, c.type, at) - sample.value) <= sample.tolerance)) {
      return false;
    }
  }
  return true;
}

}  // namespace septet::bench
