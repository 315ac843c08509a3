// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The shared real matrices against matrix_facts.json, which was checked against scipy.io.mmread.
#include "io_test_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace septet::io::test {
namespace {

using Json = nlohmann::json;

struct Facts {
  std::vector<Index> row_nnz, col_nnz;
  double sum = 0;
  double frobenius = 0;
};

Facts facts_of(const FileMatrix& matrix) {
  Facts facts;
  facts.row_nnz.resize(static_cast<std::size_t>(matrix.rows));
  facts.col_nnz.resize(static_cast<std::size_t>(matrix.cols));
  long double sum = 0, squares = 0;  // so that the tolerance is about the reader, not about this sum
  for (const Entry& entry : matrix.entries) {
    ++facts.row_nnz.at(static_cast<std::size_t>(entry.row));
    ++facts.col_nnz.at(static_cast<std::size_t>(entry.col));
    sum += entry.value;
    squares += static_cast<long double>(entry.value) * entry.value;
  }
  facts.sum = static_cast<double>(sum);
  facts.frobenius = static_cast<double>(std::sqrt(squares));
  return facts;
}

Index maximum(const std::vector<Index>& counts) {
  return counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
}

bool strictly_ascending(const std::vector<Entry>& entries) {
  const auto not_ascending = [](const Entry& a, const Entry& b) {
    return b.row < a.row || (b.row == a.row && b.col <= a.col);
  };
  return std::adjacent_find(entries.begin(), entries.end(), not_ascending) == entries.end();
}

void check_count(const Json& facts, const char* key, Index count) {
  if (!facts.contains(key)) return;
  CAPTURE(key);
  CHECK(facts.at(key).get<Index>() == count);
}

void check_close(const Json& facts, const char* key, double value) {
  if (!facts.contains(key)) return;
  CAPTURE(key);
  CAPTURE(value);
  const double expected = facts.at(key).get<double>();
  CHECK(std::abs(value - expected) <= 1e-9 * std::abs(expected));
}

void check_coordinate(const FileMatrix& matrix, const Json& facts) {
  CHECK(matrix.coordinate);
  CHECK(strictly_ascending(matrix.entries));
  if (facts.value("duplicates_stored", 0) == 0) {
    check_count(facts, "expanded_nnz", static_cast<Index>(matrix.entries.size()));
  }
  check_count(facts, "duplicates_stored", matrix.duplicates_stored);
  check_count(facts, "explicit_zeros_stored", matrix.explicit_zeros_stored);
  const Facts found = facts_of(matrix);
  check_count(facts, "max_row_nnz", maximum(found.row_nnz));
  check_count(facts, "max_col_nnz", maximum(found.col_nnz));
  check_count(facts, "empty_rows", std::count(found.row_nnz.begin(), found.row_nnz.end(), 0));
  check_count(facts, "empty_cols", std::count(found.col_nnz.begin(), found.col_nnz.end(), 0));
  check_close(facts, "sum", found.sum);
  check_close(facts, "frobenius", found.frobenius);
  const double size = static_cast<double>(matrix.rows) * static_cast<double>(matrix.cols);
  check_close(facts, "density", static_cast<double>(matrix.entries.size()) / size);
}

// Sparse and dense forms hold the same values. Only where three dense copies are small.
void check_forms(const FileMatrix& matrix) {
  if (matrix.rows * matrix.cols > Index{1} << 21) return;
  OwnedMatrix sparse;
  REQUIRE(convert(matrix, Type::f64, false, sparse).ok());
  REQUIRE(sparse.sparse);
  REQUIRE(sparse.row_ptr.size() == static_cast<std::size_t>(matrix.rows) + 1);
  REQUIRE(sparse.row_ptr.front() == 0);
  REQUIRE(sparse.row_ptr.back() == static_cast<std::int64_t>(matrix.entries.size()));
  const std::vector<double> values = dense<double>(matrix);
  const SparseView view = sparse.sparse_view();
  const auto* csr_values = static_cast<const double*>(view.values);
  bool equal = true;
  std::vector<double> rebuilt(values.size());
  for (std::size_t row = 0; row < static_cast<std::size_t>(matrix.rows); ++row) {
    for (auto at = sparse.row_ptr[row]; at < sparse.row_ptr[row + 1]; ++at) {
      const Entry& entry = matrix.entries[static_cast<std::size_t>(at)];
      const auto col = sparse.col_idx[static_cast<std::size_t>(at)];
      equal = equal && static_cast<std::size_t>(entry.row) == row && entry.col == col && csr_values[at] == entry.value;
      rebuilt[row * static_cast<std::size_t>(matrix.cols) + static_cast<std::size_t>(col)] = csr_values[at];
    }
  }
  CHECK(equal);
  CHECK(rebuilt == values);
}

TEST_CASE("io: the shared matrices are what matrix_facts.json says") {
  const std::string data = shared_data("data");
  if (data.empty()) return;
  Json all;
  std::ifstream(data + "/matrix_facts.json") >> all;
  REQUIRE(all.size() > 0);
  for (const auto& item : all.items()) {
    const std::string& file = item.key();
    const Json& facts = item.value();
    CAPTURE(file);
    const std::string path = data + "/" + file;
    if (facts.contains("reject")) {
      const bool complex = facts.value("field", "") == "complex";
      check_file_refused(path, complex ? "line 1: field complex" : "line 1: the %%MatrixMarket banner is missing");
      continue;
    }
    const FileMatrix matrix = read_ok(path);
    check_count(facts, "rows", matrix.rows);
    check_count(facts, "cols", matrix.cols);
    check_count(facts, "stored", matrix.stored);
    CHECK(facts.value("symmetry", "general") == matrix.symmetry);
    CHECK(facts.value("field", "pattern") == name(matrix.element));
    if (facts.at("format") == "array") {
      CHECK_FALSE(matrix.coordinate);
    } else {
      check_coordinate(matrix, facts);
      check_forms(matrix);
    }
  }
}

TEST_CASE("io: jumbled entries give the same matrix") {
  const std::string folder = shared_data("data/matrices");
  if (folder.empty()) return;
  const FileMatrix sorted = read_ok(folder + "/west0067.mtx"), jumbled = read_ok(folder + "/west0067_jumbled.mtx");
  CHECK(dense<double>(sorted) == dense<double>(jumbled));
}

TEST_CASE("io: array files are read column by column") {
  const std::string folder = shared_data("data/matrices");
  if (folder.empty()) return;
  CHECK(dense<double>(read_ok(folder + "/full.mtx")) ==
        std::vector<double>{.646, .276, .162, .709, .679, .118, .754, .655, .498});
  const std::vector<double> full = dense<double>(read_ok(folder + "/full_symmetric.mtx"));
  CHECK(full == std::vector<double>{10.762188911437988, 18.18952178955078, 28.239410400390625, 22.269603729248047,
                                    18.18952178955078, 7.084949970245361, 18.75064468383789, 19.203340530395508,
                                    28.239410400390625, 18.75064468383789, 7.289100170135498, 19.899736404418945,
                                    22.269603729248047, 19.203340530395508, 19.899736404418945, 3.9635860919952393});
}

}  // namespace
}  // namespace septet::io::test
