// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Lists of machines: the bytes as JSON and as CSV, refused with the file's name and one line, or machines with sizes.
#include "io/machine_file.hpp"
#include "scratch_file.hpp"
#include "target.hpp"

#include <fstream>
#include <string>

namespace septet::fuzz {
namespace {

Input bytes(const std::string& text) { return {text.begin(), text.end()}; }

void read(const std::string& path, const std::uint8_t* data, std::size_t size) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  try {
    const std::vector<io::Machine> machines = io::read_machines(path);
    require(!machines.empty(), "machines");
    for (const io::Machine& machine : machines) {
      require(machine.array.height > 0 && machine.array.width > 0, "an array");
      require(machine.buffers.a > 0 && machine.buffers.b > 0 && machine.buffers.c > 0, "buffers");
      require(machine.bandwidth >= 0 && machine.precision.a_bits >= 0, "bandwidth and bits");
    }
  } catch (const Error& error) {
    require(error.status().cause() == Cause::bad_file, "another cause");
    require(error.status().argument() == path, "names the file");
    require(error.status().message().find('\n') == std::string::npos, "one line");
  }
}

}  // namespace

std::vector<Input> seeds() {
  return {bytes(R"([{"name":"a","array_height":4,"array_width":8,"type":"s8","a_bits":4,"buffer_a_bytes":1024,)"
                R"("buffer_b_bytes":2048,"buffer_c_bytes":4096,"off_chip_bandwidth_bytes_per_cycle":0}])"),
          bytes("array_height,array_width,type,buffer_a_bytes,buffer_b_bytes,buffer_c_bytes,"
                "off_chip_bandwidth_bytes_per_cycle\n4,8,f16,1024,2048,4096,16\n"),
          bytes("phase,array_rows,array_cols,wgt_bits,act_bits,acc_bits,ibuf_bits,wbuf_bits,obuf_bits,"
                "ibuf_bits_per_cycle,wbuf_bits_per_cycle,obuf_bits_per_cycle\n"
                "inference,16,16,4,4,32,131072,131072,524288,128,64,128\n")};
}

}  // namespace septet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace septet;
  static const fuzz::ScratchFile json("-machines.json"), csv("-machines.csv");
  fuzz::read(json.path, data, size);
  fuzz::read(csv.path, data, size);
  return 0;
}
