// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet compare: the first difference and its place in the array, against the tests' own order of writing, computed
// from the page; and every input that is refused.
#include "images_support.hpp"

#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <tuple>

namespace septet::cli::test {
namespace {

using namespace septet::support;  // NOLINT(google-build-using-namespace)

using Words = std::vector<std::uint64_t>;

constexpr const char* kDataflows[] = {"dOS", "dWS", "dIS", "sOS", "sWS", "sIS", "csOS"};
const std::string kC = " --images images", kWrites = " --writes --images images";

// A random product of s8, with zero points and narrow sums, exported to `images`; the flags.
std::string export_random(const Folder& folder, Rng& rng, const std::string& dataflow) {
  const Index m = rng.between(1, 14), k = rng.between(1, 20), n = rng.between(1, 12);
  std::ostringstream flags;
  flags << "export random:" << m << "x" << k << ",zeros=0." << rng.between(0, 9)
        << ",dtype=s8,seed=" << rng.below(1000000) << " random:" << k << "x" << n
        << ",dtype=s8,seed=" << rng.below(1000000) << " --dataflow " << dataflow << " --array " << rng.between(1, 5)
        << "x" << rng.between(1, 5);
  flags << " --timing " << rng.pick({"serial", "overlapped", "scalesim"});
  if (dataflow.find("OS") == std::string::npos && rng.chance(0.5)) flags << " --accumulate fold";
  if (rng.chance(0.3))
    flags << " --a-zero-point " << rng.between(-3, 3) << " --b-zero-point " << rng.between(-128, 127);
  if (rng.chance(0.3)) flags << " --accumulator s" << rng.between(16, 20) << rng.pick({"", ",clamp"});
  if (rng.chance(0.3)) {
    std::vector<std::int32_t> start(static_cast<std::size_t>(m * n));
    for (std::int32_t& x : start) x = static_cast<std::int32_t>(rng.between(-1000000, 1000000));
    folder.write_npy("start.npy", start, m, n);
    flags << " --preload start.npy";
  }
  folder.works(flags.str() + " -o images");
  return flags.str();
}

void check_place(const Json& first, const StoreOrder& order, const Stored& word) {
  const Fold& fold = order.folds[static_cast<std::size_t>(word.fold)];
  CHECK(first.at("m") == word.m);
  CHECK(first.at("n") == word.n);
  CHECK(first.at("cycle") == word.cycle);
  CHECK(first.at("step") == word.step);
  CHECK(first.at("pe_row") == word.pe_row);
  CHECK(first.at("pe_column") == word.column);
  CHECK(first.at("fold").at("number") == word.fold);
  CHECK(first.at("fold").at("start") == order.starts[static_cast<std::size_t>(word.fold)]);
  CHECK(first.at("fold").at("steps") == fold.steps);
  CHECK(first.at("fold").at("m0") == fold.m_tile);
  CHECK(first.at("fold").at("n0") == fold.n_tile);
  CHECK(first.at("fold").at("k0") == fold.k_tile);
}

// Runs compare on a dump that differs; its JSON. On stderr there is one line about `element`.
Json differs(const Folder& folder, const std::string& arguments, const std::string& element) {
  const Outcome outcome = folder.septet("compare " + arguments + " --json -");
  CHECK(outcome.code == 1);
  CAPTURE(outcome.err);
  CHECK(outcome.err.find(element + " differs: expected ") != std::string::npos);
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  return Json::parse(outcome.out);
}

std::string element_name(Index m, Index n) { return "C[" + std::to_string(m) + "][" + std::to_string(n) + "]"; }

TEST_CASE("compare: of random differences in C, the one that the array wrote first, where and when") {
  const Folder folder;
  const int problems = problem_count(12);
  Index without_fold = 0;
  for (const std::string dataflow : kDataflows) {
    for (int i = 0; i < problems; ++i) {
      Rng rng(0xc0de + static_cast<std::uint64_t>(i));
      const std::string flags = export_random(folder, rng, dataflow);
      INFO(flags);
      const Images images(folder, "images");
      const StoreOrder order = order_of(images, numbers<std::int8_t>(images.a_dense), {1});
      const Index n = images.sizes.n;
      std::map<Index, const Stored*> last;  // of each element
      for (const Stored& word : order.words) last[word.m * n + word.n] = &word;

      Words dump = images.c_expected;
      const auto size = static_cast<Index>(dump.size());
      const bool unwritten = i % 3 == 0 && static_cast<Index>(last.size()) < size;  // flip only such elements
      const Index flips = rng.between(1, 4);
      std::map<Index, std::uint64_t> flipped;
      for (Index f = 0; f < flips; ++f) {
        Index at = rng.below(size);
        while (unwritten && last.count(at) != 0) at = (at + 1) % size;
        dump[static_cast<std::size_t>(at)] = images.c_expected[static_cast<std::size_t>(at)] ^ (1u << rng.below(32));
        flipped[at] = dump[static_cast<std::size_t>(at)];
      }
      folder.write("dump.hex", hex_text(dump, 8));
      const auto key = [&](Index at) {
        const auto found = last.find(at);
        const bool none = found == last.end();
        return none ? std::tuple(true, at, Index{0}) : std::tuple(false, found->second->cycle, found->second->column);
      };
      Index first = flipped.begin()->first;
      for (const auto& [at, value] : flipped) first = key(at) < key(first) ? at : first;

      const Json result = differs(folder, "dump.hex" + kC, element_name(first / n, first % n));
      CHECK(result.at("equal") == false);
      CHECK(result.at("compared") == "c");
      CHECK(result.at("words") == dump.size());
      CHECK(result.at("differences") == flipped.size());
      const Json& found = result.at("first");
      CHECK(found.at("word") == first);
      const std::uint64_t want = images.c_expected[static_cast<std::size_t>(first)];
      CHECK(found.at("expected") == std::to_string(static_cast<std::int32_t>(want)));
      CHECK(found.at("found") == std::to_string(static_cast<std::int32_t>(flipped.at(first))));
      CHECK("0x" + hex_text({want}, 8) == found.at("expected_hex").get<std::string>() + "\n");
      if (last.count(first) != 0) {
        check_place(found, order, *last.at(first));
      } else {
        ++without_fold;
        CHECK(found.at("fold").is_null());
        CHECK(found.at("cycle").is_null());
        CHECK(found.at("m") == first / n);
      }
    }
  }
  if (effort() >= 1) CHECK_MESSAGE(without_fold > 0, "some differences are where no fold writes");
}

TEST_CASE("compare: of random differences among the words written, the first") {
  const Folder folder;
  const int problems = problem_count(10);
  for (const std::string dataflow : kDataflows) {
    for (int i = 0; i < problems; ++i) {
      Rng rng(0x3417e + static_cast<std::uint64_t>(i));
      const std::string flags = export_random(folder, rng, dataflow);
      INFO(flags);
      const Images images(folder, "images");
      const StoreOrder order = order_of(images, numbers<std::int8_t>(images.a_dense), {1});
      Words dump = images.writes_expected;
      REQUIRE(dump.size() == order.words.size());
      if (dump.empty()) continue;
      std::map<std::size_t, bool> flipped;
      for (Index flips = rng.between(1, 4); flips > 0; --flips) {
        const auto at = static_cast<std::size_t>(rng.below(static_cast<Index>(dump.size())));
        dump[at] = images.writes_expected[at] ^ (1u << rng.below(32));
        flipped[at] = true;
      }
      folder.write("dump.hex", hex_text(dump, 8));
      const std::size_t first = flipped.begin()->first;
      const Stored& word = order.words[first];
      const Json result = differs(folder, "dump.hex" + kWrites, element_name(word.m, word.n));
      CHECK(result.at("compared") == "writes");
      CHECK(result.at("words") == dump.size());
      CHECK(result.at("differences") == flipped.size());
      CHECK(result.at("first").at("word") == first);
      CHECK(result.at("first").at("found") == std::to_string(static_cast<std::int32_t>(dump[first])));
      check_place(result.at("first"), order, word);
    }
  }
}

const std::string kExport = "export random:6x9,zeros=0.5,dtype=s8 random:9x5,dtype=s8 --array 2x3 --dataflow sWS ";

// Replaces line `number` (from 1) of a file.
void replace_line(const Folder& folder, const std::string& name, int number, const std::string& line) {
  std::istringstream lines(folder.read(name));
  std::string text, each;
  for (int i = 1; std::getline(lines, each); ++i) text += (i == number ? line : each) + "\n";
  folder.write(name, text);
}

TEST_CASE("compare: what it says of a dump that is equal, and of one that is not") {
  const Folder folder;
  folder.works(kExport + "-o images --image mem,coe");
  CHECK(folder.works("compare images/c_expected.coe --images images").out ==
        "images/c_expected.coe: all 30 elements of C are equal\n");
  const Json equal = folder.json("compare images/c_expected.mem --images images");
  CHECK(keys_of(equal) == std::vector<std::string>{"dump", "images", "compared", "dataflow", "array_height",
                                                   "array_width", "timing", "words", "differences", "equal", "first"});
  CHECK(equal.at("equal") == true);
  CHECK(equal.at("first").is_null());
  CHECK(equal.at("differences") == 0);
  folder.write("dump.coe", folder.read("images/c_expected.coe"));
  replace_line(folder, "dump.coe", 10, "12345678,");
  const Outcome outcome = folder.septet("compare dump.coe --images images --json report.json");
  CHECK(outcome.code == 1);
  const Json report = Json::parse(folder.read("report.json"));
  CHECK(keys_of(report.at("first")) == std::vector<std::string>{"m", "n", "word", "expected", "expected_hex", "found",
                                                                "found_hex", "fold", "pe_row", "pe_column", "step",
                                                                "cycle"});
  CHECK(keys_of(report.at("first").at("fold")) == std::vector<std::string>{"number", "tile", "m0", "m_count", "n0",
                                                                           "n_count", "k0", "k_count", "start",
                                                                           "steps"});
  CHECK(report.at("first").at("word") == 7);
  CHECK(outcome.out.find("dump.coe: 1 of 30 elements of C differ; the first in the order of writing:\n") == 0);
  for (const char* part : {"C[1][2], word 7 of the dump", "expected  ", "305419896 (0x12345678)", "fold  ", "PE(1, 1)",
                           "step  ", "cycle  "}) {
    CHECK_MESSAGE(outcome.out.find(part) != std::string::npos, part);
  }
}

TEST_CASE("compare: dumps that are no dump") {
  const Folder folder;
  folder.works(kExport + "-o images");
  const auto refused = [&](int line, const std::string& text, const std::string& part) {
    folder.write("dump.hex", folder.read("images/c_expected.hex"));
    replace_line(folder, "dump.hex", line, text);
    folder.refused("compare dump.hex" + kC, "dump.hex", part);
  };
  refused(5, "xxxxxxxx", "line 5: 'xxxxxxxx', word 3, has unknown digits (x or z)");
  refused(5, "", "line 31: ends with 29 words, 30 are expected");
  refused(5, "00000000\n00000001", "line 32: ends with 31 words, 30 are expected");
  refused(5, "123456789", "line 5: '123456789' has more than the 8 digits");
  refused(5, "@5\n00000000", "line 31: address @1e is outside the 30 words");
  refused(5, "0x1", "line 5: '0x1' has a prefix");
  refused(5, "12 34 g", "line 5: 'g' is no hexadecimal number");
  folder.refused("compare missing.hex" + kC, "missing.hex", "No such file");
  folder.refused("compare images/writes_expected.hex" + kC, "images/writes_expected.hex", "30 are expected");
  folder.refused("compare images/c_expected.hex" + kWrites, "images/c_expected.hex", "words, ");
  folder.refused("compare images/c_expected.hex", "--images", "is missing");
  folder.refused("compare" + kC, "DUMP", "is missing");
  folder.refused("compare images/c_expected.hex --images missing", "missing/manifest.json", "No such file");
  folder.refused("compare images/c_expected.hex --images images --json missing/r.json", "missing/r.json", "No such");
}

TEST_CASE("compare: an export that was changed is said so, with file, line and cause") {
  const Folder folder;
  const auto refused = [&](const std::string& image, int line, const std::string& text, const std::string& part,
                           const std::string& mode = kC) {
    folder.works(kExport + "-o images");
    const std::string dump = mode == kC ? "c_expected.hex" : "writes_expected.hex";
    folder.write("dump.hex", folder.read("images/" + dump));
    replace_line(folder, "images/" + image, line, text);
    folder.refused("compare dump.hex" + mode, "images/" + image, part);
  };
  refused("c_expected.hex", 9, "0badcafe", "line 9: C[1][2] is 195939070 (0x0badcafe), but the operands give ");
  refused("c_expected.hex", 9, "", "line 31: ends with 29 words, 30 are expected");
  refused("writes_expected.hex", 4, "0badcafe", "line 4: word 2 is 195939070 (0x0badcafe), but the operands give ",
          kWrites);
  refused("sizes.hex", 4, "00000007", "line 4: word 2 is 0x7, manifest.json and a_dense have 0x6");
  refused("sizes.hex", 18, "", "line 18: ends with 16 words, 17 are expected");
  refused("a.hex", 2, "00", "line 2: byte 0 is 0x00, a_dense gives 0x");
  refused("a.hex", 2, "", "words, ");
  refused("a.hex", 2, "xx", "line 2: 'xx', word 0, has unknown digits");
  refused("a_dense.hex", 7, "", "ends with 53 words, 54 are expected");
  refused("b.hex", 7, "00\n00", "ends with 46 words, 45 are expected");
  refused("b.hex", 7, "0000", "line 7: '0000' has more than the 2 digits of a word of 8 bits");
  refused("c_start.hex", 3, "zzzzzzzz", "line 3: 'zzzzzzzz', word 1, has unknown digits");
  refused("a.hex", 2, "", "words, ", kWrites);
  refused("writes_expected.hex", 4, "", "words, ");
  refused("c_expected.hex", 9, "0badcafe", "line 9: C[1][2] is 195939070", kWrites);
  // The images that are not compared, and formats that are not read, have to be there.
  folder.works(kExport + "-o images --image hex,coe");
  folder.write("dump.hex", folder.read("images/c_expected.hex"));
  for (const std::string image : {"images/writes_expected.hex", "images/a.coe"}) {
    const std::string text = folder.read(image);
    std::filesystem::remove(folder.path(image));
    folder.refused("compare dump.hex" + kC, image, "No such file");
    folder.write(image, text);
  }
  // The export is judged before the dump is.
  replace_line(folder, "images/c_expected.hex", 9, "0badcafe");
  folder.write("dump.hex", "x");
  folder.refused("compare dump.hex" + kC, "images/c_expected.hex", "line 9: C[1][2] is 195939070");
  // An operand: the golden results are no longer its product.
  folder.works(kExport + "-o images");
  folder.write("dump.hex", folder.read("images/c_expected.hex"));
  const Images images(folder, "images");
  replace_line(folder, "images/b.hex", 2, images.b[0] == 0x55 ? "54" : "55");
  const Outcome outcome = folder.septet("compare dump.hex" + kC);
  CHECK(outcome.code == 2);
  check_error_line(outcome.err, "images/c_expected.hex", "but the operands give");
}

TEST_CASE("compare: manifests that are none") {
  const Folder folder;
  const auto refused = [&](const std::string& part, const std::function<void(Json&)>& change) {
    std::filesystem::remove_all(folder.path("images"));
    folder.works(kExport + "-o images");
    Json manifest = Json::parse(folder.read("images/manifest.json"));
    change(manifest);
    folder.write("images/manifest.json", manifest.dump());
    folder.refused("compare images/c_expected.hex" + kC, "images/manifest.json", part);
  };
  refused("'kind' is missing", [](Json& json) { json = Json::object(); });
  refused("'kind' is missing", [](Json& json) { json = 7; });
  refused("'kind' is no text", [](Json& json) { json["kind"] = 1; });
  refused("is no manifest of septet", [](Json& json) { json["kind"] = "other"; });
  refused("is of another version", [](Json& json) { json["version"] = 2; });
  for (const char* key : {"dataflow",
                          "array_height",
                          "array_width",
                          "timing",
                          "lanes",
                          "combine",
                          "window",
                          "m",
                          "n",
                          "k",
                          "a_type",
                          "b_type",
                          "a_zero_point",
                          "b_zero_point",
                          "preload",
                          "accumulate",
                          "mac",
                          "accumulator_bits",
                          "accumulator_overflow",
                          "fold_accumulator_bits",
                          "fold_accumulator_overflow",
                          "flush_subnormals",
                          "cycles",
                          "a_bytes",
                          "writes",
                          "images"}) {
    CAPTURE(key);
    refused(std::string("'") + key + "' is missing", [&](Json& json) { json.erase(key); });
    refused(std::string("'") + key + "'", [&](Json& json) { json[key] = Json::array({1}); });
  }
  refused("'m' is -1: 0 to 4294967295 are possible", [](Json& json) { json["m"] = -1; });
  refused("'m' is no whole number", [](Json& json) { json["m"] = 1.5; });
  refused("'dataflow': 'dXS' is none of", [](Json& json) { json["dataflow"] = "dXS"; });
  refused("'timing': 'slow' is none of", [](Json& json) { json["timing"] = "slow"; });
  refused("'images' is no list", [](Json& json) { json["images"] = Json::array(); });
  refused("options.combine.lanes: 1000 is outside", [](Json& json) { json["lanes"] = 1000; });
  refused("too large for any memory", [](Json& json) { json["m"] = 4294967295, json["k"] = 4294967295; });
  refused("'m' is 18446744073709551615: 0 to 4294967295 are", [](Json& json) { json["m"] = ~std::uint64_t{0}; });
  refused("'b_zero_point' is 18446744073709551612: -", [](Json& json) { json["b_zero_point"] = ~std::uint64_t{3}; });
  refused("'dataflow': 'd\\x00S' is none of", [](Json& json) { json["dataflow"] = std::string("d\0S", 3); });
  refused("'a_bytes' is ", [&](Json& json) {
    json["a_bytes"] = json["a_bytes"].get<int>() + 1;
    folder.write("images/a.hex", folder.read("images/a.hex") + "00\n");
  });
  refused("'sum_type' is \"f64\", but the operands give \"s32\"", [](Json& json) { json["sum_type"] = "f64"; });
  refused("'files' is not what", [](Json& json) { json["files"].erase(0); });
  refused("'files' is not what", [](Json& json) { json["files"][1]["depth"] = 1; });
  refused("'report' is not what", [](Json& json) { json["report"]["macs_issued"] = 1; });
  refused("'writes' is ", [&](Json& json) {
    json["writes"] = json["writes"].get<int>() + 1;
    json["files"][5]["depth"] = json["writes"];
    folder.write("images/writes_expected.hex", folder.read("images/writes_expected.hex") + "00000000\n");
  });
  refused("'cycles' is 1, but the operands give ", [](Json& json) { json["cycles"] = 1; });
  folder.write("images/manifest.json", "{");
  folder.refused("compare images/c_expected.hex" + kC, "images/manifest.json", "is not JSON");
}

TEST_CASE("compare: its report is neither the dump nor a file of the export") {
  const Folder folder;
  folder.works(kExport + "-o images");
  folder.write("dump.hex", folder.read("images/c_expected.hex"));
  const std::string golden = folder.read("images/c_expected.hex");
  std::filesystem::create_symlink("dump.hex", folder.path("link.json"));
  for (const std::string json : {"dump.hex", "./dump.hex", "link.json"}) {
    folder.refused("compare dump.hex" + kC + " --json " + json, json, "is the dump");
  }
  for (const std::string json : {"images/c_expected.hex", "images/a.mem", "images/manifest.json"}) {
    folder.refused("compare dump.hex" + kC + " --json " + json, json, "is a file of the export");
  }
  folder.refused("compare dump.hex" + kC + " --json images", "images", "Is a directory");
  CHECK(folder.read("dump.hex") == golden);
  CHECK(folder.read("images/c_expected.hex") == golden);
  folder.works("compare dump.hex" + kC);
}

TEST_CASE("compare: any NaN is a NaN, zeros have a sign") {
  const Folder folder;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  folder.write_npy<float>("a.npy", {1, 0, 0, 1}, 2, 2);
  folder.write_npy<float>("b.npy", {nan, 0, 2, 3}, 2, 2);
  folder.works("export a.npy b.npy --array 2x2 --dataflow csOS -o images");
  Words c = Images(folder, "images").c_expected;
  REQUIRE(c.size() == 4);
  CHECK((c[0] & 0x7fc00000) == 0x7fc00000);
  CHECK(c[1] == 0);
  c[0] = 0xffc12345;
  folder.write("dump.hex", hex_text(c, 8));
  folder.works("compare dump.hex" + kC);
  folder.works("compare images/writes_expected.hex" + kWrites);
  c[1] = 0x80000000;
  folder.write("dump.hex", hex_text(c, 8));
  const Json result = differs(folder, "dump.hex" + kC, "C[0][1]");
  CHECK(result.at("differences") == 1);
  CHECK(result.at("first").at("found") == "-0");
  CHECK(result.at("first").at("expected") == "0");
}

TEST_CASE("compare: where no fold writes, it says so") {
  const Folder folder;
  folder.write_npy<std::int8_t>("a.npy", {1, 2, 0, 0}, 2, 2);
  folder.write_npy<std::int8_t>("b.npy", {3, 4, 5, 6}, 2, 2);
  folder.works("export a.npy b.npy --array 1x2 --dataflow sOS -o images");
  folder.write("dump.hex", "d 10 0 1");
  const Outcome outcome = folder.septet("compare dump.hex" + kC);
  CHECK(outcome.code == 1);
  CHECK(outcome.err ==
        "septet: dump.hex: C[1][1] differs: expected 0 (0x00000000), found 1 (0x00000001); no fold writes it\n");
  CHECK(outcome.out.find("nothing of A is live there") != std::string::npos);
}

}  // namespace
}  // namespace septet::cli::test
