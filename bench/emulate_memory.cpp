// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "bench/emulate_bench.hpp"
#include "bench/emulate_run.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace septet::bench {
namespace {

constexpr double kMebibyte = 1024.0 * 1024.0;

// A line of proc(5)'s status that is in kB: VmRSS, what of the process is in memory; VmHWM, the most that ever was.
double status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key + ":", 0) == 0) return std::stod(line.substr(key.size() + 1)) * 1024;
  }
  throw std::runtime_error("/proc/self/status: no " + key);
}

// Packing has had more memory than it left behind: the peak begins anew. (Linux: "5" into clear_refs, proc(5).)
bool forget_peak() {
  ::malloc_trim(0);
  std::ofstream file("/proc/self/clear_refs");
  file << 5;
  return static_cast<bool>(file.flush());
}

}  // namespace

nlohmann::json bench_memory(const EmulateOptions& options) {
  EmulatedSetting setting;
  setting.shape = or_else(options.products, {{"cube", 4096, 4096, 4096, 1}}).front();
  setting.type = or_else(options.types, {Type::s8}).front();
  setting.dataflow = or_else(options.dataflows, {Dataflow::dOS}).front();
  setting.array = or_else(options.arrays, {{128, 128}}).front();
  setting.threads = or_else(options.threads, {2}).front();
  const Engine engine = options.engines.front();
  fmt::print("\nMemory: {}, {}, {} on {}, {} thread(s), engine {}\n", text(setting.shape), name(setting.type),
             name(setting.dataflow), text(setting.array), setting.threads, name(engine));

  EmulatedProduct product(setting, options.zeros);
  const bool alone = forget_peak();
  const double before = status_bytes("VmRSS");
  const auto begin = std::chrono::steady_clock::now();
  const emulation::Report report = product.emulate(engine);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double peak = status_bytes("VmHWM"), operands = product.operand_bytes();  // the check has a C of its own
  product.check(engine, report);

  fmt::print("operands {:.1f} MiB, process before {:.1f} MiB, {} {:.1f} MiB: {:.1f} MiB beyond the operands\n",
             operands / kMebibyte, before / kMebibyte, alone ? "peak while emulating" : "peak of packing and emulating",
             peak / kMebibyte, (peak - operands) / kMebibyte);
  fmt::print("{:.2f} s, {:.3f} x 10^9 PE-cycles per second\n", seconds, pe_cycles(report) / seconds * 1e-9);
  nlohmann::json json = to_json(setting, engine, report);
  json["operand_bytes"] = operands, json["rss_bytes_before"] = before, json["peak_bytes"] = peak;
  json["seconds"] = seconds, json["pe_cycles_per_s"] = pe_cycles(report) / seconds;
  return json;
}

}  // namespace septet::bench
