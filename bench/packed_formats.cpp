// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/packed_formats.hpp"

#include "septet/septet.hpp"

#include <algorithm>

namespace septet::bench {
namespace {

constexpr Format kSparseFormats[] = {Format::csr,    Format::csc, Format::coo, Format::bsr, Format::ell, Format::sell,
                                     Format::bitmap, Format::tsb, Format::csb, Format::nm,  Format::tcsr};

std::string by(Index rows, Index cols) { return " " + std::to_string(rows) + "x" + std::to_string(cols); }

void add_blocks(const PatternKind& kind, std::vector<FormatVariant>& variants) {
  std::vector<BlockShape> shapes = {{4, 4}, {8, 1}};
  const BlockShape own{kind.block_rows, kind.block_cols};
  const bool listed =
      std::any_of(shapes.begin(), shapes.end(), [&](BlockShape s) { return s.rows == own.rows && s.cols == own.cols; });
  if (!listed && own.rows * own.cols > 1) shapes.push_back(own);
  for (const BlockShape shape : shapes) {
    PackOptions options;
    options.format = Format::bsr;
    options.block = shape;
    variants.push_back({"bsr" + by(shape.rows, shape.cols), options});
  }
}

void add_vectors(const PatternKind& kind, std::vector<FormatVariant>& variants) {
  std::vector<Index> heights = {2, 4, 8, 16};
  if (kind.block_rows > 16) heights.push_back(kind.block_rows);
  for (const Index height : heights) {
    PackOptions options;
    options.format = Format::tsb;
    options.array.height = height;
    variants.push_back({"tsb " + std::to_string(height), options});
  }
}

void add_groups(const PatternKind& kind, std::vector<FormatVariant>& variants) {
  PackOptions options;
  options.format = Format::nm;
  if (kind.is_grouped()) options.group = {kind.group_n, kind.group_m};
  variants.push_back({"nm " + std::to_string(options.group.n) + ":" + std::to_string(options.group.m), options});
}

void add(Format format, const PatternKind& kind, std::vector<FormatVariant>& variants) {
  if (format == Format::bsr) return add_blocks(kind, variants);
  if (format == Format::tsb) return add_vectors(kind, variants);
  if (format == Format::nm) return add_groups(kind, variants);
  PackOptions options;
  options.format = format;
  variants.push_back({name(format), options});
}

FormatCandidate candidate(const std::string& label, const PackedMatrix& packed, const SparseProblem& p, int threads) {
  const auto operands = p.problem.fresh_b_and_c();
  GemmOptions options;
  options.threads = threads;
  const auto run = [=, b = p.problem.b(*operands), c = p.problem.c(*operands)] {
    throw_if_error(try_gemm(packed, b, c, options));
  };
  const Footprint footprint = packed.footprint();
  return {{label, run, Runtime::openmp, Role::ours, name(packed.format()), operands},
          name(packed.format()),
          static_cast<double>(footprint.values + footprint.metadata)};
}

template <class T>
bool equal(const Buffer& x, const Buffer& y) {
  const Index count = x.bytes() / static_cast<Index>(sizeof(T));
  return std::equal(x.data<const T>(), x.data<const T>() + count, y.data<const T>());
}

}  // namespace

std::vector<std::string> sparse_format_names() {
  std::vector<std::string> names;
  for (const Format format : kSparseFormats) names.emplace_back(name(format));
  return names;
}

std::vector<FormatVariant> format_variants(const PatternKind& kind, const std::vector<std::string>& wanted,
                                           Index expected_cols) {
  std::vector<FormatVariant> variants;
  for (const Format format : kSparseFormats) {
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), name(format)) != wanted.end()) {
      add(format, kind, variants);
    }
  }
  for (FormatVariant& variant : variants) variant.options.expected_cols = expected_cols;
  return variants;
}

PackedFormats::PackedFormats(const ConstMatrix& a, const std::vector<FormatVariant>& variants) {
  for (const FormatVariant& variant : variants) {
    PackedMatrix packed;
    const Status status = try_pack(a, variant.options, packed);
    if (status.ok()) {
      packed_.push_back({variant.name, packed});
    } else {
      refused_.push_back({variant.name, status.to_string()});
    }
  }
}

void PackedFormats::propose(const SparseProblem& problem, int threads, std::vector<FormatCandidate>& candidates) const {
  for (const Packed& packed : packed_) candidates.push_back(candidate(packed.name, packed.matrix, problem, threads));
}

FormatCandidate automatic(const SparseProblem& problem, int threads) {
  PackOptions options;
  options.expected_cols = problem.n();
  return candidate("automatic", pack(problem.problem.a(problem.problem.original()), options), problem, threads);
}

Buffer dense_product(const Problem& problem) {
  const auto operands = problem.fresh_b_and_c();
  throw_if_error(try_gemm(problem.a(problem.original()), problem.b(*operands), problem.c(*operands)));
  return operands->c;
}

// Zeros of either sign compare equal; no product here is NaN.
bool same_bits(const Buffer& x, const Buffer& y, Type type) {
  switch (type) {
    case Type::f32:
      return equal<float>(x, y);
    case Type::f64:
      return equal<double>(x, y);
    default:
      return equal<std::int32_t>(x, y);
  }
}

}  // namespace septet::bench
