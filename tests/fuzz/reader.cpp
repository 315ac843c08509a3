// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Files of one ending (SEPTET_FUZZ_READER): refused by name and place, or a matrix whose numbers agree.
#include "io/matrix_file.hpp"
#include "scratch_file.hpp"
#include "target.hpp"

#include <cstdlib>
#include <fstream>
#include <string>

namespace septet::fuzz {
namespace {

const std::string kEnding = SEPTET_FUZZ_READER;

Input input_of(const std::string& text) { return {text.begin(), text.end()}; }

std::string npy(const std::string& dict, const std::string& elements) {
  const std::string header = dict + std::string(64 - (10 + dict.size() + 1) % 64, ' ') + "\n";
  const char length[] = {static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  return std::string("\x93NUMPY\x01\x00", 8) + std::string(length, 2) + header + elements;
}

}  // namespace

std::vector<Input> seeds() {
  if (kEnding == ".npy") {
    return {input_of(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", std::string(24, '\x3f'))),
            input_of(npy("{'descr': '|i1', 'fortran_order': True, 'shape': (4,), }", "abcd")),
            input_of(npy("{'descr': '>i8', 'fortran_order': False, 'shape': (1, 0), }", ""))};
  }
  if (kEnding == ".mtx") {
    return {input_of("%%MatrixMarket matrix coordinate real general\n% note\n3 4 3\n1 1 1.5\n3 4 -2e3\n2 2 nan\n"),
            input_of("%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 3\n"),
            input_of("%%MatrixMarket matrix array integer general\n2 2\n1\n2\n3\n4\n"),
            input_of("%%MatrixMarket matrix coordinate integer skew-symmetric\n3 3 1\n2 1 7\n")};
  }
  return {input_of("3, 4, 3\n0 1 1 3\n0 2 3\n"), input_of("1, 1, 0\n0 0\n\n"), input_of("2, 5, 2\n0 1 2\n4 0\n")};
}

}  // namespace septet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace septet;
  static const fuzz::ScratchFile file(fuzz::kEnding);
  std::ofstream(file.path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  io::FileMatrix matrix;
  const Status status = io::read_matrix(file.path, matrix);
  if (!status.ok()) {
    fuzz::require(status.cause() == Cause::bad_file || status.cause() == Cause::out_of_memory, "another cause");
    fuzz::require(status.argument() == file.path, "names the file");
    return 0;
  }
  for (const io::Entry& entry : matrix.entries) {
    fuzz::require(entry.row >= 0 && entry.row < matrix.rows && entry.col >= 0 && entry.col < matrix.cols, "within");
  }
  if (matrix.rows * matrix.cols > 10000) return 0;
  for (const bool densify : {false, true}) {
    io::OwnedMatrix converted;
    if (io::convert(matrix, Type::f64, densify, converted).ok()) {
      const PackedMatrix packed = pack(converted.weights());
      fuzz::require(packed.nnz() <= matrix.rows * matrix.cols, "no more elements than there is room for");
    }
  }
  return 0;
}
