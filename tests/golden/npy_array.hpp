// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Tensors of any rank from trusted .npy files (format 1.0, little-endian, C order), for the recorded layers.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace septet::support {

struct NpyArray {
  std::string dtype;  // "<i4", "|i1", "|u1", …
  std::vector<std::int64_t> shape;
  std::vector<char> bytes;

  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(bytes.data());
  }
};

inline NpyArray read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path);
  const std::string all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::uint16_t length = 0;
  std::memcpy(&length, all.data() + 8, sizeof length);
  const std::string header = all.substr(10, length);
  const auto after = [&](const std::string& key) { return header.find(key) + key.size(); };
  NpyArray array;
  array.dtype = header.substr(after("'descr': '"), 3);
  std::string shape = header.substr(after("'shape': ("));
  shape = shape.substr(0, shape.find(')'));
  for (char& c : shape) c = c == ',' ? ' ' : c;
  std::istringstream numbers(shape);
  for (std::int64_t n; numbers >> n;) array.shape.push_back(n);
  array.bytes.assign(all.begin() + 10 + length, all.end());
  return array;
}

}  // namespace septet::support
