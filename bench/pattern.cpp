// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/pattern.hpp"

#include "io/matrix_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <random>
#include <stdexcept>

namespace septet::bench {
namespace {

// Exactly `chosen` of `all`, in one pass: each is taken with the share that is still wanted (Knuth, The Art of Computer
// Programming 2, 1997, section 3.4.2, algorithm S).
std::vector<std::uint8_t> choose(Index chosen, Index all, std::mt19937_64& engine) {
  std::vector<std::uint8_t> taken(static_cast<std::size_t>(all));
  for (std::uint8_t& element : taken) {
    element = engine() % static_cast<std::uint64_t>(all) < static_cast<std::uint64_t>(chosen) ? 1 : 0;
    chosen -= element;
    --all;
  }
  return taken;
}

Pattern make_groups(const PatternKind& kind, Index rows, Index cols, std::mt19937_64& engine) {
  Pattern pattern{rows, cols, {}};
  pattern.kept.reserve(static_cast<std::size_t>(rows * cols));
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; j += kind.group_m) {
      const Index width = std::min<Index>(kind.group_m, cols - j);
      const auto group = choose(std::min<Index>(kind.group_n, width), width, engine);
      pattern.kept.insert(pattern.kept.end(), group.begin(), group.end());
    }
  }
  return pattern;
}

}  // namespace

Index Pattern::nnz() const { return std::accumulate(kept.begin(), kept.end(), Index{0}); }

PatternKind pattern_named(const std::string& name) {
  constexpr int kLargest = 256, kLargestGroup = 16;
  PatternKind kind;
  kind.name = name;
  if (name == "uniform") return kind;
  int first = 0, second = 0, end = 0;
  const int size = static_cast<int>(name.size());
  if (std::sscanf(name.c_str(), "%dx%d%n", &first, &second, &end) == 2 && end == size && first >= 1 && second >= 1 &&
      first <= kLargest && second <= kLargest) {
    kind.block_rows = first, kind.block_cols = second;
    return kind;
  }
  if (std::sscanf(name.c_str(), "%d:%d%n", &first, &second, &end) == 2 && end == size && first >= 1 &&
      first <= second && second <= kLargestGroup) {
    kind.group_n = first, kind.group_m = second;
    return kind;
  }
  throw std::invalid_argument("pattern " + name + ": want uniform, ROWSxCOLUMNS up to 256x256, or N:M with M up to 16");
}

Pattern make_pattern(const PatternKind& kind, Index rows, Index cols, double zeros) {
  std::mt19937_64 engine(4);
  if (kind.is_grouped()) return make_groups(kind, rows, cols, engine);
  const Index block_rows = (rows + kind.block_rows - 1) / kind.block_rows;
  const Index block_cols = (cols + kind.block_cols - 1) / kind.block_cols;
  const Index blocks = block_rows * block_cols;
  const auto there = choose(std::llround((1 - zeros) * static_cast<double>(blocks)), blocks, engine);
  Pattern pattern{rows, cols, std::vector<std::uint8_t>(static_cast<std::size_t>(rows * cols))};
  for (Index i = 0; i < rows; ++i) {
    const auto* row = there.data() + i / kind.block_rows * block_cols;
    for (Index j = 0; j < cols; ++j) pattern.kept[static_cast<std::size_t>(i * cols + j)] = row[j / kind.block_cols];
  }
  return pattern;
}

Pattern read_pattern(const std::string& path) {
  io::FileMatrix file;
  io::OwnedMatrix matrix;
  Status status = io::read_matrix(path, file);
  if (status.ok()) status = io::convert(file, Type::f64, true, matrix);
  if (!status.ok()) throw std::runtime_error(status.to_string());
  Pattern pattern{matrix.rows, matrix.cols, {}};
  const Matrix view = matrix.dense_view();
  const auto* values = static_cast<const double*>(view.data);
  for (Index i = 0; i < matrix.rows * matrix.cols; ++i) pattern.kept.push_back(values[i] != 0 ? 1 : 0);
  return pattern;
}

std::vector<std::string> pattern_files(const std::string& path) {
  namespace fs = std::filesystem;
  if (!fs::exists(path)) throw std::runtime_error(path + ": there is no such file or directory");
  if (!fs::is_directory(path)) return {path};
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    const fs::path ending = entry.path().extension();
    if (entry.is_regular_file() && (ending == ".mtx" || ending == ".smtx")) files.push_back(entry.path().string());
  }
  if (files.empty()) throw std::runtime_error(path + ": holds no .mtx and no .smtx file");
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace septet::bench
