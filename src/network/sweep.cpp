// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/explore.hpp"

#include <algorithm>
#include <iomanip>
#include <limits>
#include <sstream>
#include <string>

namespace septet::network {
namespace {

constexpr Index kMostSide = 65536, kMostBuffer = Index{1} << 40, kMostDesigns = Index{1} << 40;

Status bad(const char* argument, std::string message) { return {Cause::bad_option, argument, std::move(message)}; }

bool equal(const ArrayShape& x, const ArrayShape& y) { return x.height == y.height && x.width == y.width; }
bool equal(const Precision& x, const Precision& y) { return x.type == y.type && x.a_bits == y.a_bits; }
bool equal(const Buffers& x, const Buffers& y) { return x.a == y.a && x.b == y.b && x.c == y.c; }
template <class T>
bool equal(const T& x, const T& y) {
  return x == y;
}

std::string text(const ArrayShape& array) { return std::to_string(array.height) + "x" + std::to_string(array.width); }
std::string text(const Precision& precision) {
  const std::string type = name(precision.type);
  return precision.a_bits == 0 ? type : type + " with words of " + std::to_string(precision.a_bits) + " bits";
}
std::string text(const Buffers& b) {
  return std::to_string(b.a) + "," + std::to_string(b.b) + "," + std::to_string(b.c);
}
std::string text(Index value) { return std::to_string(value); }
// As somebody wrote it: a number of 15 digits survives the way through a double.
std::string text(double value) {
  std::ostringstream stream;
  stream << std::setprecision(std::numeric_limits<double>::digits10) << value;
  return stream.str();
}
std::string text(Dataflow dataflow) { return name(dataflow); }

// Null: the value is fine.
const char* fault_of(const ArrayShape& array) {
  const bool fits = array.height >= 1 && array.height <= kMostSide && array.width >= 1 && array.width <= kMostSide;
  return fits ? nullptr : "has a side that is not 1 to 65536";
}
const char* fault_of(const Precision& precision) {
  if (precision.type == Type::s32) return "is an output type only";
  const bool fits = precision.a_bits >= 0 && precision.a_bits <= 8 * size_of(precision.type);
  return fits ? nullptr : "has words of more bits than its type, or of fewer than none";
}
const char* fault_of(double sparsity) {
  return sparsity == -1 || (sparsity >= 0 && sparsity <= 1) ? nullptr : "is neither -1 nor 0 to 1";
}
const char* fault_of(const Buffers& b) {
  if (b.a == 0 && b.b == 0 && b.c == 0) return nullptr;
  if (b.a <= 0 || b.b <= 0 || b.c <= 0) return "has a buffer without bytes: all three have some, or none has";
  return std::max({b.a, b.b, b.c}) > kMostBuffer ? "has a buffer of more than 2^40 bytes" : nullptr;
}
const char* fault_of(Index bandwidth) { return bandwidth < 0 ? "is negative" : nullptr; }
const char* fault_of(Dataflow dataflow) { return dataflow > Dataflow::csOS ? "is no dataflow" : nullptr; }

template <class T>
Status check_axis(const char* argument, const std::vector<T>& axis) {
  if (axis.empty()) return bad(argument, "has no value");
  for (std::size_t i = 0; i < axis.size(); ++i) {
    if (const char* fault = fault_of(axis[i])) return bad(argument, text(axis[i]) + " " + fault);
    const auto same = [&](const T& other) { return equal(other, axis[i]); };
    const auto here = axis.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::any_of(axis.begin(), here, same)) return bad(argument, text(axis[i]) + " is there twice");
  }
  return {};
}

}  // namespace

Index Sweep::machines() const {
  return static_cast<Index>(arrays.size() * precisions.size() * sparsities.size() * buffers.size() * bandwidths.size());
}

Index Sweep::designs() const { return machines() * static_cast<Index>(dataflows.size()); }

Design design_of(const Sweep& sweep, Index index) {
  Design design;
  design.index = index;
  auto left = static_cast<std::size_t>(index);
  const auto take = [&](const auto& axis) {
    const std::size_t place = left % axis.size();
    left /= axis.size();
    return axis[place];
  };
  design.dataflow = take(sweep.dataflows);
  design.bandwidth = take(sweep.bandwidths);
  design.buffers = take(sweep.buffers);
  design.sparsity = take(sweep.sparsities);
  design.precision = take(sweep.precisions);
  design.array = take(sweep.arrays);
  return design;
}

Status check(const Sweep& sweep) {
  if (Status status = check_axis("sweep.arrays", sweep.arrays); !status.ok()) return status;
  if (Status status = check_axis("sweep.precisions", sweep.precisions); !status.ok()) return status;
  if (Status status = check_axis("sweep.sparsities", sweep.sparsities); !status.ok()) return status;
  if (Status status = check_axis("sweep.buffers", sweep.buffers); !status.ok()) return status;
  if (Status status = check_axis("sweep.bandwidths", sweep.bandwidths); !status.ok()) return status;
  if (Status status = check_axis("sweep.dataflows", sweep.dataflows); !status.ok()) return status;
  const bool none = std::any_of(sweep.buffers.begin(), sweep.buffers.end(), [](const Buffers& b) { return b.a == 0; });
  const bool limit = std::any_of(sweep.bandwidths.begin(), sweep.bandwidths.end(), [](Index b) { return b > 0; });
  if (none && limit) return bad("sweep.bandwidths", "an off-chip bandwidth says nothing without buffers");
  Index designs = 1;
  for (const std::size_t length : {sweep.arrays.size(), sweep.precisions.size(), sweep.sparsities.size(),
                                   sweep.buffers.size(), sweep.bandwidths.size(), sweep.dataflows.size()}) {
    if (__builtin_mul_overflow(designs, static_cast<Index>(length), &designs) || designs > kMostDesigns) {
      return bad("sweep", "has more than 2^40 designs");
    }
  }
  return {};
}

std::vector<Buffers> splits_of(Index total, Index parts) {
  if (parts < 3 || parts > 1024) throw Error(bad("parts", std::to_string(parts) + " is not 3 to 1024"));
  if (total <= 0 || total > kMostBuffer || total % parts != 0) {
    throw Error(
        bad("total", std::to_string(total) + " is not 1 to 2^40 bytes, a multiple of " + std::to_string(parts)));
  }
  const Index part = total / parts, third = total / 3;
  std::vector<Buffers> splits{{third, third, total - 2 * third}};
  for (Index a = 1; a < parts - 1; ++a) {
    for (Index b = 1; b < parts - a; ++b) {
      const Buffers split{a * part, b * part, (parts - a - b) * part};
      if (!equal(split, splits.front())) splits.push_back(split);
    }
  }
  return splits;
}

}  // namespace septet::network
