// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Embedding bags against what PyTorch made of the same tables and lists: answers.txt, which answers.py wrote. Sums of
// f32 have its bits; of f16 tables it rounds them to f16 at the end. Its means are quotients of those, where ours are
// FBGEMM's products with 1 / n: the quotient of our sum has its bits, too, and our mean is beside it.
#include "../tflite/answers.hpp"
#include "septet/narrow_float.hpp"
#include "septet/network/execute.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <sstream>

namespace septet::network {
namespace {

using support::fill_with_numbers;
using support::fnv;

struct Problem {
  std::string table, mode, hash;
  std::uint32_t seed = 0;
  Index rows = 0, width = 0, bags = 0;
};

Tensor filled(Type type, std::vector<Index> shape, std::uint32_t seed) {
  Tensor tensor({"t", type, std::move(shape), {}});
  fill_with_numbers(tensor, seed);
  return tensor;
}

Tensor table_of(const Problem& p) {
  if (p.table == "u8") {
    const Tensor stored = filled(Type::u8, {p.rows, p.width}, p.seed),
                 ends = filled(Type::f32, {p.rows, 2}, p.seed + 3);
    Tensor table({"table", Type::u8, {p.rows, p.width + 8}, {}});
    for (Index row = 0; row < p.rows; ++row) {
      std::uint8_t* to = table.as<std::uint8_t>() + row * (p.width + 8);
      std::memcpy(to, stored.as<std::uint8_t>() + row * p.width, static_cast<std::size_t>(p.width));
      std::memcpy(to + p.width, ends.as<float>() + row * 2, 8);
    }
    return table;
  }
  Tensor floats = filled(Type::f32, {p.rows, p.width}, p.seed);
  if (p.table == "f32") return floats;
  Tensor halves({"table", Type::f16, {p.rows, p.width}, {}});
  for (Index i = 0; i < p.rows * p.width; ++i) halves.as<f16>()[i] = f16(floats.as<float>()[i]);
  return halves;
}

// Where each bag's list starts; the first one is empty.
std::vector<std::int32_t> offsets_of(const Problem& p) {
  const Tensor counts = filled(Type::u8, {p.bags}, p.seed + 1);
  std::vector<std::int32_t> offsets{0};
  for (Index b = 0; b < p.bags; ++b)
    offsets.push_back(offsets.back() + (b == 0 ? 0 : counts.as<std::uint8_t>()[b] % 12));
  return offsets;
}

Tensor run(const Problem& p, EmbeddingBag::Mode mode) {
  const std::vector<std::int32_t> starts = offsets_of(p);
  const Tensor listed = filled(Type::u8, {starts.back()}, p.seed + 2);
  Tensor indices({"indices", Type::s32, {starts.back()}, {}}), offsets({"offsets", Type::s32, {p.bags + 1}, {}});
  for (Index i = 0; i < starts.back(); ++i) {
    indices.as<std::int32_t>()[i] = static_cast<std::int32_t>(listed.as<std::uint8_t>()[i] % p.rows);
  }
  std::copy(starts.begin(), starts.end(), offsets.as<std::int32_t>());
  EmbeddingBag op;
  op.table = std::make_shared<const Tensor>(table_of(p)), op.mode = mode;
  Tensor y({"y", Type::f32, {p.bags, p.width}, {}});
  execute({"bag", op, {}, 0}, {&indices, &offsets}, y);
  return y;
}

Tensor halves_of(const Tensor& x) {
  Tensor y({"y", Type::f16, x.info().shape, {}});
  for (Index i = 0; i < x.info().elements(); ++i) y.as<f16>()[i] = f16(x.as<float>()[i]);
  return y;
}

// PyTorch's mean of our sums: of f16, of what those are rounded to.
Tensor quotients(const Problem& p, Tensor sums) {
  const std::vector<std::int32_t> starts = offsets_of(p);
  for (Index i = 0; i < sums.info().elements(); ++i) {
    const auto b = static_cast<std::size_t>(i / p.width);
    const auto count = static_cast<float>(std::max(starts[b + 1] - starts[b], 1));
    float& sum = sums.as<float>()[i];
    sum = (p.table == "f16" ? static_cast<float>(f16(sum)) : sum) / count;
  }
  return sums;
}

void check(const Problem& p) {
  Tensor want = run(p, EmbeddingBag::Mode::sum);
  if (p.mode == "mean") {
    want = quotients(p, std::move(want));
    const Tensor mean = run(p, EmbeddingBag::Mode::mean);
    // Of f32 two roundings beside one, of f16 that of the sum as well.
    const float units = p.table == "f16" ? 0x1p-11f + 0x1p-23f : 0x1p-23f;
    for (Index i = 0; i < mean.info().elements(); ++i) {
      const float a = mean.as<float>()[i], b = want.as<float>()[i];
      CHECK(std::fabs(a - b) <= units * std::fabs(a) + (p.table == "f16" ? 0x1p-25f : 0));
    }
  }
  CHECK(fnv(p.table == "f16" ? halves_of(want) : want) == std::stoull(p.hash, nullptr, 16));
}

}  // namespace

TEST_CASE("embedding bags have the bits of PyTorch's") {
  std::ifstream file(SEPTET_PYTORCH_ANSWERS);
  REQUIRE(file.is_open());
  int problems = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    INFO(line);
    std::istringstream in(line);
    Problem p;
    in >> p.table >> p.mode >> p.seed >> p.rows >> p.width >> p.bags >> p.hash;
    REQUIRE(!in.fail());
    check(p);
    ++problems;
  }
  CHECK(problems == 60);
}

}  // namespace septet::network
