// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/shapes.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace septet::bench {
namespace {

// `name m n k [count]`, all positive, and nothing after.
bool parse(std::istringstream& words, Shape& shape) {
  if (!(words >> shape.m >> shape.n >> shape.k)) return false;
  if (!(words >> std::ws).eof() && !(words >> shape.count)) return false;
  std::string more;
  return !(words >> more) && shape.m > 0 && shape.n > 0 && shape.k > 0 && shape.count > 0;
}

}  // namespace

std::vector<Shape> read_shapes(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be opened");
  std::vector<Shape> shapes;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    Shape shape;
    if (!(words >> shape.name)) continue;
    if (!parse(words, shape)) {
      throw std::runtime_error(path + ": line " + std::to_string(number) +
                               ": want `name m n k` or `name m n k count`, all positive");
    }
    shapes.push_back(shape);
  }
  return shapes;
}

}  // namespace septet::bench
