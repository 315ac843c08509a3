// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet export: what is in the images, against the tests' own reader, reference and order.
#include "cli/export.hpp"
#include "cli/errors.hpp"

#include "images_support.hpp"
#include "support/comparison.hpp"

#include <fstream>
#include <iterator>

namespace septet::cli::test {
namespace {

using namespace septet::support;  // NOLINT(google-build-using-namespace)

constexpr const char* kDataflows[] = {"dOS", "dWS", "dIS", "sOS", "sWS", "sIS", "csOS"};

// C by the reference, from the operands as the images have them.
template <class TA, class TB, class TC>
void check_c(const Images& images) {
  const ImageSizes& s = images.sizes;
  const std::vector<TA> a = numbers<TA>(images.a_dense);
  const std::vector<TB> b = numbers<TB>(images.b);
  const std::vector<TC> start = numbers<TC>(images.c_start), found = numbers<TC>(images.c_expected);
  GemmOptions options = options_of(images);
  if (s.preload == 1) options.preload = row_major(start.data(), s.m, s.n);
  std::vector<TC> c(start.size());
  reference_gemm(row_major(a.data(), s.m, s.k), row_major(b.data(), s.k, s.n), row_major(c.data(), s.m, s.n), options);
  const auto difference = compare_bits(row_major(found.data(), s.m, s.n), row_major(c.data(), s.m, s.n));
  CHECK_MESSAGE(difference.equal, difference.text);

  // What is written last to an element is the element.
  const StoreOrder order = order_of(images, a, {1});
  REQUIRE(order.words.size() == images.writes_expected.size());
  std::vector<std::uint64_t> memory = images.c_start;
  for (std::size_t i = 0; i < order.words.size(); ++i) {
    memory[static_cast<std::size_t>(order.words[i].m * s.n + order.words[i].n)] = images.writes_expected[i];
  }
  CHECK(memory == images.c_expected);
}

void check_c(const Images& images) {
  const auto a = static_cast<Type>(images.sizes.a_type), b = static_cast<Type>(images.sizes.b_type);
  if (a == Type::f32) return check_c<float, float, float>(images);
  if (a == Type::f64) return check_c<double, double, double>(images);
  if (a == Type::bf16) return check_c<bf16, bf16, float>(images);
  if (a == Type::f16) return check_c<f16, f16, float>(images);
  if (a == Type::s16) return check_c<std::int16_t, std::int16_t, std::int32_t>(images);
  if (a == Type::s8 && b == Type::u8) return check_c<std::int8_t, std::uint8_t, std::int32_t>(images);
  if (a == Type::u8 && b == Type::s8) return check_c<std::uint8_t, std::int8_t, std::int32_t>(images);
  REQUIRE(a == Type::s8);
  check_c<std::int8_t, std::int8_t, std::int32_t>(images);
}

// A from its stream; zeros of a sparse format come back as +0.
void check_a(const Images& images) {
  std::vector<std::uint64_t> want = images.a_dense;
  const auto type = static_cast<Type>(images.sizes.a_type);
  const std::uint64_t sign = std::uint64_t{1} << (8 * size_of(type) - 1);
  for (std::uint64_t& word : want) {
    if (images.sizes.dataflow >= 4 && !is_integer(type) && word == sign) word = 0;
  }
  CHECK(images.decoded_a() == want);
}

void check_manifest(const Images& images) {
  const Json& manifest = images.manifest;
  const ImageSizes& s = images.sizes;
  CHECK(s.version == 1);
  CHECK(manifest.at("dataflow") == name(static_cast<Dataflow>(s.dataflow)));
  CHECK(manifest.at("m") == s.m);
  CHECK(manifest.at("n") == s.n);
  CHECK(manifest.at("k") == s.k);
  CHECK(manifest.at("array_height") == s.height);
  CHECK(manifest.at("array_width") == s.width);
  CHECK(manifest.at("timing") == name(static_cast<Timing>(s.timing)));
  CHECK(manifest.at("accumulate") == (s.accumulate == 1 ? "fold" : "chained"));
  CHECK(manifest.at("preload") == (s.preload == 1));
  CHECK(manifest.at("a_bytes") == s.a_bytes);
  CHECK(manifest.at("a_type") == name(static_cast<Type>(s.a_type)));
  CHECK(manifest.at("b_type") == name(static_cast<Type>(s.b_type)));
  CHECK(manifest.at("sum_type") == name(static_cast<Type>(s.sum_type)));
  CHECK(manifest.at("a_zero_point") == s.a_zero_point);
  CHECK(manifest.at("b_zero_point") == s.b_zero_point);
  CHECK(manifest.at("cycles") == manifest.at("report").at("cycles"));
  CHECK(images.a.size() == static_cast<std::size_t>(s.a_bytes));
  CHECK(manifest.at("writes") == images.writes_expected.size());
  for (const Json& file : manifest.at("files")) {
    const std::string name = file.at("name");
    if (name == "a.hex") CHECK((file.at("word_bits") == 8 && file.at("depth") == images.a.size()));
    if (name == "b.hex") CHECK(file.at("depth") == images.b.size());
    if (name == "sizes.hex") CHECK((file.at("word_bits") == 32 && file.at("depth") == 17));
    if (name == "writes_expected.hex") CHECK(file.at("depth") == images.writes_expected.size());
  }
}

TEST_CASE("export: every dataflow, type and format; compare agrees") {
  const Folder folder;
  struct Kind {
    std::string a, b, flags;
  };
  const std::vector<Kind> kinds = {{"s8", "s8", "--timing overlapped"},
                                   {"u8", "s8", "--a-zero-point 3 --b-zero-point -7"},
                                   {"s8", "u8", "--timing scalesim"},
                                   {"s16", "s16", ""},
                                   {"f16", "f16", ""},
                                   {"bf16", "bf16", "--timing overlapped"},
                                   {"f32", "f32", ""},
                                   {"f64", "f64", ""}};
  int count = 0;
  for (const std::string dataflow : kDataflows) {
    for (const Kind& kind : kinds) {
      for (const bool folds : {false, true}) {
        if (folds && dataflow.find("OS") != std::string::npos) continue;
        const std::string format = name(io::kImageFormats[++count % 3]), seed = std::to_string(count);
        const int m = 1 + count * 7 % 17, k = 1 + count * 5 % 23, n = 1 + count * 3 % 11;
        std::ostringstream arguments;
        arguments << "export random:" << m << "x" << k << ",zeros=0.7,dtype=" << kind.a << ",seed=" << seed
                  << " random:" << k << "x" << n << ",dtype=" << kind.b << ",seed=" << seed + "1 --dataflow "
                  << dataflow << " --array " << 1 + count % 5 << "x" << 1 + count % 4 << " " << kind.flags
                  << (folds ? " --accumulate fold" : "") << " --image " << format;
        const bool integers = kind.a[0] == 's' || kind.a[0] == 'u';  // s32 has no random:…; the next test has a file
        if (count % 2 == 0 && !integers) {
          arguments << " --preload random:" << m << "x" << (count % 4 == 0 ? n : 1)
                    << ",dtype=" << (kind.a == "f64" ? "f64" : "f32");
        }
        if (dataflow == "csOS") arguments << " --lanes " << 1 + count % 5 << (count % 2 ? " --combine first-fit" : "");
        CAPTURE(arguments.str());
        const std::string dir = "images";
        folder.works(arguments.str() + " -o " + dir);
        const Images images(folder, dir, format);
        check_manifest(images);
        check_a(images);
        check_c(images);
        folder.works("compare images/c_expected." + format + " --images images");
        folder.works("compare images/writes_expected." + format + " --writes --images images");
      }
    }
  }
}

TEST_CASE("export: integers with a preload, all formats at once, partial sums one by one") {
  const Folder folder;
  std::vector<std::int8_t> a(11 * 13), b(13 * 6);
  std::vector<std::int32_t> start(11 * 6);
  Rng rng(99);
  for (std::int8_t& x : a) x = rng.chance(0.7) ? std::int8_t{0} : static_cast<std::int8_t>(rng.between(-128, 127));
  for (std::int8_t& x : b) x = static_cast<std::int8_t>(rng.between(-128, 127));
  for (std::int32_t& x : start) x = static_cast<std::int32_t>(rng.between(-2000000000, 2000000000));
  folder.write_npy("a.npy", a, 11, 13);
  folder.write_npy("b.npy", b, 13, 6);
  folder.write_npy("start.npy", start, 11, 6);
  for (const std::string dataflow : kDataflows) {
    for (const std::string accumulate : {"chained", "fold"}) {
      if (accumulate == "fold" && dataflow.find("OS") != std::string::npos) continue;
      for (const std::string timing : {"serial", "overlapped"}) {
        CAPTURE(dataflow);
        CAPTURE(accumulate);
        folder.works("export a.npy b.npy --preload start.npy --array 3x4 --image hex,mem,coe -o images --dataflow " +
                     dataflow + " --accumulate " + accumulate + " --timing " + timing);
        const Images images(folder, "images");
        CHECK(numbers<std::int8_t>(images.a_dense) == a);
        CHECK(numbers<std::int8_t>(images.b) == b);
        CHECK(numbers<std::int32_t>(images.c_start) == start);
        check_manifest(images);
        check_a(images);
        check_c(images);
        for (const std::string format : {"mem", "coe"}) {
          const Images other(folder, "images", format);
          CHECK(other.a == images.a);
          CHECK(other.a_dense == images.a_dense);
          CHECK(other.b == images.b);
          CHECK(other.c_start == images.c_start);
          CHECK(other.c_expected == images.c_expected);
          CHECK(other.writes_expected == images.writes_expected);
        }
        const StoreOrder order = order_of(images, a, start);
        std::vector<std::uint32_t> memory(start.begin(), start.end());
        std::vector<std::uint64_t> writes;
        for (const Stored& word : order.words) {
          std::uint32_t& sum = memory[static_cast<std::size_t>(word.m * 6 + word.n)];
          for (const Index k : order.ks[static_cast<std::size_t>(word.fold)]) {
            sum += static_cast<std::uint32_t>(a[static_cast<std::size_t>(word.m * 13 + k)] *
                                              b[static_cast<std::size_t>(k * 6 + word.n)]);
          }
          writes.push_back(sum);
        }
        CHECK(writes == images.writes_expected);
        CHECK(images.manifest.at("cycles") ==
              folder
                  .json("emulate a.npy b.npy --preload start.npy --array 3x4 --dataflow " + dataflow +
                        " --accumulate " + accumulate + " --timing " + timing)
                  .at("cycles"));
      }
    }
  }
}

// C from a preload, and C's memory before the run: what the sums keep of it, which is what a product over no k is.
template <class TA, class TC>
void check_start(const Images& images, const std::vector<TC>& preload) {
  const ImageSizes& s = images.sizes;
  GemmOptions options = options_of(images);
  options.preload = row_major(preload.data(), s.m, s.n);
  const std::vector<TA> a = numbers<TA>(images.a_dense), b = numbers<TA>(images.b);
  std::vector<TC> kept(preload.size()), c(preload.size());
  reference_gemm(row_major(a.data(), s.m, 0), row_major(b.data(), 0, s.n), row_major(kept.data(), s.m, s.n), options);
  reference_gemm(row_major(a.data(), s.m, s.k), row_major(b.data(), s.k, s.n), row_major(c.data(), s.m, s.n), options);
  const std::vector<TC> start = numbers<TC>(images.c_start), found = numbers<TC>(images.c_expected);
  const auto same_start = compare_bits(row_major(start.data(), s.m, s.n), row_major(kept.data(), s.m, s.n));
  CHECK_MESSAGE(same_start.equal, "c_start: ", same_start.text);
  const auto same = compare_bits(row_major(found.data(), s.m, s.n), row_major(c.data(), s.m, s.n));
  CHECK_MESSAGE(same.equal, same.text);
  CHECK_MESSAGE(compare_bits(row_major(start.data(), s.m, s.n), row_major(preload.data(), s.m, s.n)).equal == false,
                "a preload that is kept in full tests nothing");
}

TEST_CASE("export: a preload that narrow or flushed sums do not keep") {
  const Folder folder;
  Rng rng(77);
  std::vector<std::int8_t> a(9 * 8), b(8 * 5);
  std::vector<f16> half_a(9 * 8), half_b(8 * 5);
  std::vector<std::int32_t> start(9 * 5);
  std::vector<float> float_start(9 * 5);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = rng.chance(0.85) ? std::int8_t{0} : static_cast<std::int8_t>(rng.between(-128, 127));
    half_a[i] = f16(rng.chance(0.85) ? 0.0f : static_cast<float>(rng.between(-9, 9)) / 8);
  }
  for (std::size_t i = 0; i < b.size(); ++i) {
    b[i] = static_cast<std::int8_t>(rng.between(-128, 127));
    half_b[i] = f16(static_cast<float>(rng.between(-9, 9)) / 8);
  }
  for (std::size_t i = 0; i < start.size(); ++i) {
    start[i] = static_cast<std::int32_t>(rng.between(-2000000, 2000000));
    float_start[i] = static_cast<float>(rng.between(-9000, 9000)) * (i % 3 == 0 ? 1e-43f : i % 3 == 1 ? 0.3f : 100.0f);
  }
  folder.write_npy("a.npy", a, 9, 8);
  folder.write_npy("b.npy", b, 8, 5);
  folder.write_npy("start.npy", start, 9, 5);
  folder.write_npy("half_a.npy", half_a, 9, 8);
  folder.write_npy("half_b.npy", half_b, 8, 5);
  folder.write_npy("float_start.npy", float_start, 9, 5);
  const auto run = [&](const std::string& flags, bool halves) {
    CAPTURE(flags);
    const std::string prefix = halves ? "half_" : "";
    folder.works("export " + prefix + "a.npy " + prefix + "b.npy --preload " + (halves ? "float_" : "") +
                 "start.npy --array 2x2 -o images " + flags);
    const Images images(folder, "images");
    check_manifest(images);
    check_c(images);
    if (halves) check_start<f16>(images, float_start);
    if (!halves) check_start<std::int8_t>(images, start);
    folder.works("compare images/c_expected.hex --images images");
    folder.works("compare images/writes_expected.hex --images images --writes");
  };
  for (const std::string name : kDataflows) {
    const std::string dataflow = " --dataflow " + name;
    for (const std::string sums : {"s16", "s16,clamp", "s20", "s19,clamp"})
      run("--accumulator " + sums + dataflow, false);
    for (const std::string sums : {"--flush-subnormals", "--accumulator f16 --mac unfused", "--accumulator f16,clamp",
                                   "--accumulator f16,clamp --mac unfused --flush-subnormals"}) {
      run(sums + dataflow, true);
    }
    if (name.find("OS") != std::string::npos) continue;
    run("--accumulate fold --accumulator s16 --fold-accumulator s18,clamp" + dataflow, false);
    run("--accumulate fold --fold-accumulator f16 --flush-subnormals" + dataflow, true);
  }
}

TEST_CASE("export: empty products") {
  const Folder folder;
  for (const std::string shapes :
       {"random:0x5,dtype=s8 random:5x3,dtype=s8", "random:4x0,dtype=s8 random:0x3,dtype=s8",
        "random:4x5,dtype=s8 random:5x0,dtype=s8", "random:4x5,zeros=1,dtype=s8 random:5x3,dtype=s8"}) {
    for (const std::string dataflow : kDataflows) {
      CAPTURE(shapes);
      CAPTURE(dataflow);
      for (const std::string format : {"hex", "mem", "coe"}) {
        folder.works("export " + shapes + " --array 3x2 -o images --dataflow " + dataflow + " --image " + format);
        const Images images(folder, "images", format);
        check_manifest(images);
        check_a(images);
        check_c(images);
        folder.works("compare images/c_expected." + format + " --images images");
        folder.works("compare images/writes_expected." + format + " --images images --writes");
      }
    }
  }
}

TEST_CASE("export: automatic, coordinate files and packed ones, as emulate has them") {
  const Folder folder;
  folder.write("a.mtx", "%%MatrixMarket matrix coordinate integer general\n5 6 4\n1 1 3\n2 4 -2\n4 4 7\n5 6 1\n");
  folder.works("convert a.mtx --dtype s8 --format tsb --dataflow sIS --array 2x3 -o a.septet");
  const auto dataflow = [&](const std::string& arguments) {
    folder.works("export " + arguments + " random:6x4,dtype=s8 --dtype s8 -o images");
    const Images images(folder, "images");
    check_a(images);
    check_c(images);
    folder.works("compare images/c_expected.hex --images images");
    return images.manifest.at("dataflow").get<std::string>();
  };
  CHECK(dataflow("random:5x6,dtype=s8") == "dOS");
  CHECK(dataflow("random:5x6,dtype=s8 --accumulate fold") == "dWS");
  CHECK(dataflow("a.mtx") == "csOS");
  CHECK(dataflow("a.mtx --accumulate fold") == "sWS");
  CHECK(dataflow("a.septet") == "sIS");
  CHECK(Images(folder, "images").sizes.height == 2);
  CHECK(dataflow("a.septet --dataflow dWS --array 4x4") == "dWS");
}

TEST_CASE("export: arithmetic of presets and narrow accumulators goes along") {
  const Folder folder;
  for (const std::string flags :
       {"--preset gemmini", "--accumulator s16,clamp",
        "--accumulator s18 --fold-accumulator s20,clamp --accumulate fold", "--accumulator s20 --dataflow sIS"}) {
    CAPTURE(flags);
    folder.works("export random:20x64,zeros=0.3,dtype=s8 random:64x5,dtype=s8 --array 4x4 -o images " + flags);
    folder.works("compare images/c_expected.hex --images images");
    folder.works("compare images/writes_expected.hex --images images --writes");
    folder.works("gemm random:20x64,zeros=0.3,dtype=s8 random:64x5,dtype=s8 --array 4x4 -o c.npy " + flags);
    CHECK(numbers<std::int32_t>(Images(folder, "images").c_expected) == folder.read_npy<std::int32_t>("c.npy", 20, 5));
  }
  for (const std::string flags : {"--preset inference-card-fp16", "--mac unfused --flush-subnormals"}) {
    CAPTURE(flags);
    folder.works("export random:9x150,dtype=f16 random:150x5,dtype=f16 -o images " + flags);
    folder.works("compare images/c_expected.hex --images images");
    folder.works("compare images/writes_expected.hex --images images --writes");
    folder.works("gemm random:9x150,dtype=f16 random:150x5,dtype=f16 -o c.npy " + flags);
    CHECK(numbers<float>(Images(folder, "images").c_expected) == folder.read_npy<float>("c.npy", 9, 5));
  }
}

// What docs/images.md shows as ```text NAME.
std::string shown_as(const std::string& name) {
  std::ifstream file(SEPTET_DOCS_DIR "/images.md", std::ios::binary);
  const std::string page{std::istreambuf_iterator<char>(file), {}}, begin = "```text " + name + "\n";
  const std::size_t from = page.find(begin);
  REQUIRE_MESSAGE(from != std::string::npos, name);
  return page.substr(from + begin.size(), page.find("```", from + begin.size()) - from - begin.size());
}

TEST_CASE("export: the page's example and compare's output are what it shows") {
  const Folder folder;
  folder.write("a.mtx", shown_as("a.mtx"));
  folder.write("b.mtx", shown_as("b.mtx"));
  folder.works("export a.mtx b.mtx --dtype s8 --dataflow sOS --array 2x3 --image hex,mem,coe -o images");
  for (const std::string name : {"a.hex", "a.mem", "a.coe", "sizes.hex"}) {
    CAPTURE(name);
    CHECK(folder.read("images/" + name) == shown_as(name));
  }
  folder.works("export random:12x20,zeros=0.7,dtype=s8 random:20x9,dtype=s8 --dataflow sWS --array 4x4 -o other");
  Images images(folder, "other");
  images.c_expected[8] = 0xabcd;
  folder.write("dump.hex", hex_text(images.c_expected, 8));
  CHECK(folder.septet("compare dump.hex --images other").out == shown_as("compare"));
}

TEST_CASE("export: a kernel and an emulator that differ: nothing is written") {
  const Folder folder;
  ExportFlags flags;
  flags.a = "random:5x6,dtype=s8", flags.b = "random:6x4,dtype=s8";
  flags.gemm.array = {2, 3};
  flags.folder = folder.path("images");
  const Kernel errs = [](const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
    Status status = try_gemm(a, b, c, options);
    static_cast<std::int32_t*>(c.data)[2 * c.row_stride + 3] ^= 1;
    return status;
  };
  std::string message;
  try {
    export_images(flags, errs);
  } catch (const CheckFailed& failed) {
    message = failed.what();
  }
  CHECK_MESSAGE(message.find("dOS: C(2, 3) (0-based) differs: kernel ") == 0, message);
  CHECK(folder.list().empty());
}

}  // namespace
}  // namespace septet::cli::test
