// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "machine_file.hpp"

#include "csv.hpp"
#include "input.hpp"
#include "json_object.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <string_view>

namespace septet::io {
namespace {

// A line of every machine that was ever built would not be longer.
constexpr Index kMaxBytes = 1 << 24;
constexpr Index kMost = Index{1} << 40;
constexpr std::initializer_list<Type> kTypes = {Type::s8,  Type::u8,  Type::s16, Type::bf16,
                                                Type::f16, Type::f32, Type::f64};

constexpr const char* kHeight = "array_height";
constexpr const char* kWidth = "array_width";
constexpr const char* kType = "type";
constexpr const char* kBits = "a_bits";
constexpr const char* kBufferA = "buffer_a_bytes";
constexpr const char* kBufferB = "buffer_b_bytes";
constexpr const char* kBufferC = "buffer_c_bytes";
constexpr const char* kBandwidth = "off_chip_bandwidth_bytes_per_cycle";

// One machine as values by their keys, whatever the file. Everything throws Error about the key.
class Entry {
 public:
  virtual ~Entry() = default;
  virtual std::string place() const = 0;
  virtual bool has(const char* key) const = 0;
  virtual Index integer(const char* key) const = 0;
  virtual std::string text(const char* key) const = 0;
  [[noreturn]] virtual void refuse(const char* key, const std::string& why) const = 0;

  Index from(const char* key, Index least) const {
    const Index value = integer(key);
    if (value < least || value > kMost) refuse(key, fmt::format("is {}, not {} to 2^40", value, least));
    return value;
  }
};

class JsonEntry final : public Entry {
 public:
  JsonEntry(const JsonObject& object, std::size_t place) : object_(object), place_(place) {}

  std::string place() const override { return fmt::format("[{}]", place_); }
  bool has(const char* key) const override { return object_.has(key); }
  Index integer(const char* key) const override { return object_.integer(key); }
  std::string text(const char* key) const override { return object_.text(key); }
  [[noreturn]] void refuse(const char* key, const std::string& why) const override {
    fail(object_.path(), object_.place(key) + " " + why);
  }

 private:
  const JsonObject& object_;
  std::size_t place_;
};

class CsvEntry final : public Entry {
 public:
  CsvEntry(const CsvFile& file, const CsvLine& line) : row_(file, line), number_(line.number) {}

  std::string place() const override { return fmt::format("line {}", number_); }
  bool has(const char* key) const override { return row_.has(key); }
  Index integer(const char* key) const override { return row_.integer(key, std::numeric_limits<Index>::min()); }
  std::string text(const char* key) const override { return row_.text(key); }
  [[noreturn]] void refuse(const char* key, const std::string& why) const override { row_.fail(key, why); }

 private:
  CsvRow row_;
  Index number_;
};

Type type_in(const Entry& entry) {
  const std::string word = entry.text(kType);
  const auto* const found = std::find_if(kTypes.begin(), kTypes.end(), [&](Type type) { return word == name(type); });
  if (found == kTypes.end()) {
    std::string known;
    for (const Type type : kTypes) known += (known.empty() ? "" : ", ") + std::string(name(type));
    entry.refuse(kType, io::quoted(word) + " is none of " + known);
  }
  return *found;
}

Machine machine_in(const Entry& entry) {
  Machine machine;
  machine.place = entry.place();
  machine.array = {entry.from(kHeight, 1), entry.from(kWidth, 1)};
  machine.precision = {type_in(entry), entry.has(kBits) ? entry.from(kBits, 0) : 0};
  machine.buffers = {entry.from(kBufferA, 0), entry.from(kBufferB, 0), entry.from(kBufferC, 0)};
  machine.bandwidth = entry.from(kBandwidth, 0);
  return machine;
}

Index bytes_of(const Entry& entry, const char* bits_key) {
  const Index bits = entry.from(bits_key, 1);
  if (bits % 8 != 0) entry.refuse(bits_key, fmt::format("is {}: no whole bytes", bits));
  return bits / 8;
}

// SimDIT's machines have a channel per buffer; here one channel is as wide as the three. Its integers have the bits
// that they have; here B is of the type that holds both operands, and A's words may be narrower.
Machine simdit_machine_in(const Entry& entry) {
  Machine machine;
  machine.place = entry.place();
  machine.array = {entry.from("array_rows", 1), entry.from("array_cols", 1)};
  const Index a_bits = entry.from("wgt_bits", 1), b_bits = entry.from("act_bits", 1);
  for (const auto& [key, bits] : {std::pair("wgt_bits", a_bits), std::pair("act_bits", b_bits)}) {
    if (bits > 16) entry.refuse(key, fmt::format("is {}: integers of 16 bits at most are known", bits));
  }
  if (entry.from("acc_bits", 1) != 32) entry.refuse("acc_bits", "is not 32");
  const Type type = a_bits > 8 || b_bits > 8 ? Type::s16 : Type::s8;
  machine.precision = {type, a_bits == 8 * size_of(type) ? 0 : a_bits};
  machine.buffers = {bytes_of(entry, "wbuf_bits"), bytes_of(entry, "ibuf_bits"), bytes_of(entry, "obuf_bits")};
  machine.bandwidth = bytes_of(entry, "ibuf_bits_per_cycle") + bytes_of(entry, "wbuf_bits_per_cycle") +
                      bytes_of(entry, "obuf_bits_per_cycle");
  return machine;
}

std::vector<Machine> read_json_list(const std::string& path) {
  const Json json = read_json(path, kMaxBytes, "a list of machines");
  if (!json.is_array()) fail(path, "is not a list of machines");
  std::vector<Machine> machines;
  for (const Json& one : json) {
    const JsonObject object(path, fmt::format("[{}]", machines.size()), one);
    object.require_known({"name", kHeight, kWidth, kType, kBits, kBufferA, kBufferB, kBufferC, kBandwidth});
    machines.push_back(machine_in(JsonEntry(object, machines.size())));
  }
  return machines;
}

std::vector<Machine> read_csv_list(const std::string& path) {
  const CsvFile file = read_csv(path);
  std::vector<Machine> machines;
  for (const CsvLine& line : file.lines) {
    const CsvEntry entry(file, line);
    machines.push_back(entry.has("wgt_bits") ? simdit_machine_in(entry) : machine_in(entry));
  }
  return machines;
}

}  // namespace

std::vector<Machine> read_machines(const std::string& path) {
  constexpr std::string_view kJson = ".json";
  const bool json = path.size() > kJson.size() && path.compare(path.size() - kJson.size(), kJson.size(), kJson) == 0;
  std::vector<Machine> machines = json ? read_json_list(path) : read_csv_list(path);
  if (machines.empty()) fail(path, "has no machines");
  return machines;
}

}  // namespace septet::io
