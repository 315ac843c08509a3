// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// explore: sweeps that contradict themselves and files that are wrong in one place. One line that names the flag or the
// file, its key or line, and the cause; exit code 2; nothing written.
#include "explore_support.hpp"

#include <functional>

namespace septet::cli::test {
namespace {

const std::string kOutputs = " -o d.csv --json d.json --report d.html";

class Refused {
 public:
  Refused() : before_(f_.folder.list()) {}

  const Folder& folder() const { return f_.folder; }
  void operator()(const std::string& arguments, const std::string& argument, const std::string& part) const {
    folder().refused("explore " + arguments + kOutputs, argument, part);
    CHECK(folder().list() == before_);
  }
  /// A file that is wrong, given as `flag`.
  void file(const std::string& flag, const std::string& name, const std::string& content, const std::string& argument,
            const std::string& part) const {
    folder().write(name, content);
    CAPTURE(content);
    folder().refused("explore t.csv " + flag + " " + name + kOutputs, argument, part);
    std::remove(folder().path(name).c_str());
    CHECK(folder().list() == before_);
  }

 private:
  ExploreFolder f_;
  std::vector<std::string> before_;
};

}  // namespace

TEST_CASE("cli: explore refuses values that are none") {
  const Refused refused;
  refused("t.csv --arrays 4x", "--arrays", "'4x' is no shape");
  refused("t.csv --arrays 0x4", "--arrays", "0");
  refused("t.csv --arrays 4x4,", "--arrays", "'' is no shape");
  refused("t.csv --dataflows dos", "--dataflows", "'dos' is none of auto, dOS");
  refused("t.csv --dataflows all,dOS", "--dataflows", "'all' is none of");
  refused("t.csv --precisions s4", "--precisions", "'s4' is none of");
  refused("t.csv --precisions s8/9", "--precisions", "9");
  refused("t.csv --precisions s8/4/2", "--precisions", "is no precision");
  refused("t.csv --sparsities -1", "--sparsities", "-1 is neither own nor 0 to 1");
  refused("t.csv --sparsities 1.5", "--sparsities", "1.5 is neither own nor 0 to 1");
  refused("t.csv --sparsities nan", "--sparsities", "nan is neither own nor 0 to 1");
  refused("t.csv --seed -1", "--seed", "-1");
  refused("t.csv --seed 1,2", "--seed", "takes one value");
  refused("t.csv --buffers 1K:1K", "--buffers", "'1K:1K' is not three sizes");
  refused("t.csv --buffers 1K:1K:0", "--buffers", "0 is not 1 to 2^63 - 1 bytes");
  refused("t.csv --buffer-total 1000 --splits 7", "--buffer-total", "1000 bytes are not 7 equal parts");
  refused("t.csv --buffer-total 1K --splits 2", "--splits", "2 is not 3 to 256");
  refused("t.csv --bandwidths -8 --buffers 1K:1K:1K", "--bandwidths", "-8");
  refused("t.csv --slowdown 0.9", "--slowdown", "0.9 is not 1 or more");
  refused("t.csv --shard 3/2", "--shard", "3 is not 1 to 2");
  refused("t.csv --shard 2", "--shard", "'2' is not i/n");
  refused("t.csv --threads 0", "--threads", "0");
}

TEST_CASE("cli: explore refuses what contradicts itself") {
  const Refused refused;
  refused("t.csv --arrays 4x4,8x8,4x4", "--arrays", "twice");
  refused("t.csv --dataflows dOS,dOS", "--dataflows", "twice");
  refused("t.csv --precisions s8,s8", "--precisions", "twice");
  refused("t.csv --sparsities 0.5,own,0.50", "--sparsities", "twice");
  refused("t.csv --buffers 1K:1K:1K,1024:1K:1K", "--buffers", "twice");
  refused("t.csv --buffer-total 1K,1024", "--buffer-total", "twice");
  refused("t.csv --buffers 1K:1K:1K --bandwidths 8,8", "--bandwidths", "twice");
  refused("t.csv --arrays 4x4 --sweep sweep.json", "--arrays", "excludes sweep.json: arrays");
  refused("t.csv --buffer-total 1K --buffers 1K:1K:1K", "--buffer-total", "excludes --buffers");
  refused("t.csv --buffers 1K:1K:1K --sweep sweep.json", "sweep.json: buffer_total", "excludes --buffers");
  refused("t.csv --splits 4", "--splits", "needs a total of buffers");
  refused("t.csv --bandwidths 8", "--bandwidths", "buffers");
  refused("t.csv --weight-bits 4 --precisions s8,s8/2", "--weight-bits", "excludes --precisions s8/2");
  refused("t.csv --weight-bits 4 --sweep sweep.json", "--weight-bits", "excludes sweep.json: precisions s8/4");
  refused("t.csv --hardware m.csv --arrays 4x4", "--arrays", "excludes --hardware");
  refused("t.csv --hardware m.csv --sweep sweep.json", "sweep.json: arrays", "excludes --hardware");
  refused("t.csv --accumulate fold --dataflows auto,dOS", "--dataflows", "dOS has no --accumulate fold");
  refused("t.csv --fold-accumulator s20", "--fold-accumulator", "needs --accumulate fold");
  refused("t.csv --accumulator f16 --precisions f16,s8", "--accumulator", "sums of s8 are s16 to s32");
}

TEST_CASE("cli: explore refuses models and outputs") {
  const Refused refused;
  refused("", "MODEL", "is missing");
  refused("missing.csv", "missing.csv", "cannot be opened");
  refused("t.csv --config a", "--config", "is of configurations (.json) alone");
  const Folder& folder = refused.folder();
  folder.write("a.csv",
               "model,batch,seq,component,gemm_m,gemm_n,gemm_k,count_per_layer,layers,macs,b_operand,"
               "weight_params_per_instance\nmine,1,16,scores,16,16,2,2,3,3072,activation,0\n");
  folder.write("huge.csv", "Layer, M, N, K\nbig, 1, 16385, 16384\n");
  const std::vector<std::string> before = folder.list();
  folder.refused("explore a.csv --sparsities 0.5 -o d.csv", "--sparsities", "");
  folder.refused("explore huge.csv --sparsities own,0.5 -o d.csv", "--sparsities",
                 "big has 16385 x 16384 weights: a pattern of zeros is made for up to 268435456");
  folder.refused("explore t.csv -o d.npy", "d.npy", "the output is a .csv file");
  folder.refused("explore t.csv -o d.csv --json ./d.csv", "./d.csv", "is the file of another output already");
  folder.refused("explore t.csv -o d.csv --journal d.csv", "d.csv", "is the file of another output already");
  folder.refused("explore t.csv -o d.csv --report r.pdf", "--report", "does not end in .html");
  const std::string overwritten = "is a file that is read";
  folder.refused("explore t.csv -o t.csv", "t.csv", overwritten);
  folder.refused("explore t.csv -o ./t.csv", "./t.csv", overwritten);
  folder.refused("explore t.csv --sweep sweep.json --json sweep.json", "sweep.json", overwritten);
  folder.refused("explore t.csv --hardware a.csv -o a.csv", "a.csv", overwritten);
  folder.refused("explore t.csv --journal t.csv", "t.csv", overwritten);
  folder.refused("explore t.csv --vector-work a.csv -o a.csv", "a.csv", overwritten);
  folder.refused("explore --merge part.csv p2 -o part.csv", "part.csv", overwritten);
  folder.refused("network t.csv --json t.csv", "t.csv", overwritten);
  folder.refused("explore t.csv -o none/d.csv", "none/d.csv", "cannot be created");
  folder.refused("explore t.csv --shard 1/2", "--shard", "needs -o");
  folder.refused("explore t.csv --shard 1/2 -o p --json -", "--json", "is of all shards together");
  CHECK(folder.list() == before);
}

TEST_CASE("cli: explore refuses sweeps in files") {
  const Refused refused;
  const auto file = [&](const std::string& content, const std::string& argument, const std::string& part) {
    refused.file("--sweep", "s.json", content, argument, part);
  };
  file("", "s.json", "is not JSON");
  file("[]", "s.json", "is not a JSON object of axes");
  file("{\"array\": [\"4x4\"]}", "s.json", "'array' is no axis of a sweep");
  file("{\"arrays\": [\"4x4\"], \"arrays\": [\"8x8\"]}", "s.json", "'arrays' is there twice");
  file("{\"arrays\": []}", "s.json: arrays", "has no values");
  file("{\"arrays\": [[4, 4]]}", "s.json: arrays", "is a list of texts or numbers");
  file("{\"arrays\": \"4y4\"}", "s.json: arrays", "'4y4' is no shape");
  file("{\"arrays\": [\"4x4\", \"4x4\"]}", "s.json: arrays", "twice");
  file("{\"bandwidths\": [1.5], \"buffers\": [\"1K:1K:1K\"]}", "s.json: bandwidths", "'1.5' is not a whole number");
  file("{\"sparsities\": [null]}", "s.json: sparsities", "is a list of texts or numbers");
  refused("t.csv --sweep missing.json", "missing.json", "cannot be opened");
}

TEST_CASE("cli: explore refuses machines in files") {
  const Refused refused;
  Json machine = {{"array_height", 4},
                  {"array_width", 8},
                  {"type", "s8"},
                  {"buffer_a_bytes", 1024},
                  {"buffer_b_bytes", 1024},
                  {"buffer_c_bytes", 1024},
                  {"off_chip_bandwidth_bytes_per_cycle", 8}};
  const auto changed = [&](const std::string& part, const std::function<void(Json&)>& change) {
    Json other = machine;
    change(other);
    refused.file("--hardware", "m.json", Json::array({machine, other}).dump(), "m.json", part);
  };
  for (const auto& field : machine.items()) {
    const std::string key = field.key();
    changed("[1]: " + key + " is missing", [&](Json& json) { json.erase(key); });
    if (key != "type") changed("[1]: " + key + " is -4, not ", [&](Json& json) { json[key] = -4; });
    if (key != "type") changed("[1]: " + key + " is not a whole number", [&](Json& json) { json[key] = 4.5; });
  }
  changed("[1]: type 's4' is none of s8", [](Json& json) { json["type"] = "s4"; });
  changed("[1]: unknown key 'colour'", [](Json& json) { json["colour"] = "red"; });
  changed("[1]: ", [](Json& json) { json["a_bits"] = 9; });
  changed("[1]: ", [](Json& json) { json["array_height"] = 1 << 20; });
  refused.file("--hardware", "m.json", "[]", "m.json", "has no machines");
  refused.file("--hardware", "m.json", "{}", "m.json", "is not a list of machines");
  refused.file("--hardware", "m.json", "[4]", "m.json", "[0]: is not a JSON object");
  const std::string columns =
      "array_rows,array_cols,wgt_bits,act_bits,acc_bits,ibuf_bits,wbuf_bits,obuf_bits,ibuf_bits_per_cycle,wbuf_bits_"
      "per_cycle,obuf_bits_per_cycle\n";
  const auto csv = [&](const std::string& line, const std::string& part) {
    refused.file("--hardware", "m.csv", columns + "4,4,8,8,32,65536,65536,65536,64,64,64\n" + line + "\n", "m.csv",
                 part);
  };
  csv("-4,4,8,8,32,65536,65536,65536,64,64,64", "line 3: column 1 (array_rows): is -4, not 1 to 2^40");
  csv("4,4,8,8,32,65536,,65536,64,64,64", "line 3: column 7 (wbuf_bits): is empty");
  csv("4,4,8,8,32,65536,-65536,65536,64,64,64", "line 3: column 7 (wbuf_bits): is -65536");
  csv("4,4,8,8,32,65536,65537,65536,64,64,64", "line 3: column 7 (wbuf_bits): is 65537: no whole bytes");
  csv("4,4,32,8,32,65536,65536,65536,64,64,64", "line 3: column 3 (wgt_bits): is 32");
  csv("4,4,8,8,24,65536,65536,65536,64,64,64", "line 3: column 5 (acc_bits): is not 32");
  csv("4,4,8,8,32,65536,65536,65536,64,64", "line 3: column 11 (obuf_bits_per_cycle): is empty");
  refused.file("--hardware", "m.csv", "array_rows,wgt_bits\n4,8\n", "m.csv", "column array_cols is missing");
  refused("t.csv --hardware missing.csv", "missing.csv", "cannot be opened");
}

}  // namespace septet::cli::test
