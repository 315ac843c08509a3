// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// An index.json beside arrays that are right: refused with the file's name and one line, or a valid network.
#include "io/network_index.hpp"
#include "io/npy.hpp"
#include "io/staged_file.hpp"
#include "target.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace septet::fuzz {
namespace {

namespace fs = std::filesystem;

// A folder with arrays of every type; its index is written over and over.
struct Folder {
  fs::path path;

  Folder() {
    const fs::path parent = fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
    path = parent / ("septet-fuzz-network-" + std::to_string(::getpid()));
    fs::create_directory(path);
    array("w", Type::s8, {4, 3, 3, 2});
    array("d", Type::u8, {1, 3, 3, 4});
    array("f", Type::f32, {4});
    array("i", Type::s32, {4});
    array("m", Type::s32, {1});
    array("t", Type::f32, {5, 4});
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }

 private:
  void array(const std::string& name, Type type, const std::vector<Index>& shape) const {
    const std::vector<unsigned char> ones(1024, 1);
    io::StagedFile file((path / (name + ".npy")).string());
    io::write_npy_array(file, type, shape, ones.data());
    file.commit();
  }
};

std::string tensor(int id, const std::string& shape, const std::string& dtype, const std::string& more) {
  return R"({"id":)" + std::to_string(id) + R"(,"name":"t","shape":)" + shape + R"(,"dtype":")" + dtype + '"' + more +
         "}";
}

std::string index(const std::string& inputs, const std::string& outputs, const std::string& steps) {
  return R"({"format":"npy-model-index/1","name":"f","rounding":"floor","inputs":[)" + inputs + R"(],"outputs":[)" +
         outputs + R"(],"steps":[)" + steps + "]}";
}

Input bytes(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

std::vector<Input> seeds() {
  const std::string x = tensor(0, "[1,4,4,2]", "int8", R"(,"scale":0.5,"zero_point":3)");
  const std::string y = tensor(1, "[1,4,4,4]", "int8", R"(,"scale":0.25,"zero_point":-1)");
  const std::string z = tensor(2, "[1,2,2,4]", "int8", R"(,"scale":0.25,"zero_point":-1)");
  const std::string w = tensor(8, "[4,3,3,2]", "int8", R"(,"scale":0.125,"zero_point":0)");
  const std::string bias = tensor(9, "[4]", "int32", "");
  const std::string convolution = R"({"op":"CONV_2D","params":{"padding":"SAME","activation":"RELU6"},"inputs":[)" + x +
                                  "," + w + "," + bias + R"(],"outputs":[)" + y +
                                  R"(],"files":{"weight":"w.npy","bias":"i.npy","weight_scale":"f.npy"}})";
  const std::string pool =
      R"({"op":"MAX_POOL_2D","params":{"filter_h":2,"filter_w":2,"stride_h":2,"stride_w":2},"inputs":[)" + y +
      R"(],"outputs":[)" + z + R"(],"output_clamp":[-3,77]})";
  const std::string u = tensor(3, "[1,5,5,4]", "uint8", R"(,"scale":0.5,"zero_point":128)");
  const std::string v = tensor(4, "[1,3,3,4]", "uint8", R"(,"scale":0.5,"zero_point":128)");
  const std::string depthwise =
      R"({"op":"DEPTHWISE_CONV_2D","params":{"depth_multiplier":1,"pad_h":[0,0]},"inputs":[)" + u + "," +
      tensor(8, "[1,3,3,4]", "uint8", R"(,"scale":0.125,"zero_point":9)") + R"(],"outputs":[)" + v +
      R"(],"files":{"weight":"d.npy","requant_multiplier":"m.npy","requant_shift":"m.npy"}})";
  const std::string a = tensor(5, "[2,4]", "float32", ""), b = tensor(6, "[2,5]", "float32", "");
  const std::string connected = R"({"op":"FULLY_CONNECTED","params":{"activation":"TANH"},"inputs":[)" + a + "," +
                                tensor(8, "[5,4]", "float32", "") + R"(],"outputs":[)" + b +
                                R"(],"files":{"weight":"t.npy"}})";
  return {bytes(index(x, z, convolution + "," + pool)), bytes(index(u, v, depthwise)), bytes(index(a, b, connected))};
}

}  // namespace septet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace septet;
  static const fuzz::Folder folder;
  const std::string path = (folder.path / "index.json").string();
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  try {
    const network::Network network = io::read_network(path);
    fuzz::require(network::validate(network).ok(), "valid");
    const std::string copy = (folder.path / "copy").string();
    io::write_network(copy, network);
    fuzz::require(io::read_network(copy).steps.size() == network.steps.size(), "written and read");
    std::filesystem::remove_all(copy);
  } catch (const Error& error) {
    const Status& status = error.status();
    fuzz::require(status.cause() == Cause::bad_file, "another cause");
    fuzz::require(status.argument().rfind(folder.path.string(), 0) == 0, "names a file");
    fuzz::require(status.message().find('\n') == std::string::npos, "one line");
  }
  return 0;
}
