// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/shapes.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace septet::bench {

std::vector<Shape> read_shapes(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be opened");
  std::vector<Shape> shapes;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    Shape shape;
    if (!(words >> shape.name)) continue;
    std::string more;
    const bool good = static_cast<bool>(words >> shape.m >> shape.n >> shape.k) && !(words >> more);
    if (!good || shape.m < 1 || shape.n < 1 || shape.k < 1) {
      throw std::runtime_error(path + ": line " + std::to_string(number) + ": want `name m n k`, all positive");
    }
    shapes.push_back(shape);
  }
  return shapes;
}

}  // namespace septet::bench
