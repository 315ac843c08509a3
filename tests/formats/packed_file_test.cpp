// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Files of packed matrices: all of it comes back, nothing damaged is taken, and no lie is believed.
#include "septet/packed_file.hpp"
#include "any_format.hpp"
#include "formats/serialize.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

namespace {

using namespace septet;
using namespace septet::support;
namespace fs = std::filesystem;

using Bytes = std::vector<std::byte>;

Bytes bytes_of(const PackedMatrix& packed) {
  Bytes bytes;
  REQUIRE(try_serialize(packed, bytes).ok());
  return bytes;
}

Status read(const Bytes& bytes, PackedMatrix& packed) {
  // A copy of its own, so that a sanitizer sees its end.
  const Bytes exact(bytes);
  return try_deserialize(exact.data(), static_cast<Index>(exact.size()), packed);
}

// The file's length and checksum made right again.
void seal(Bytes& bytes) {
  bytes.resize((bytes.size() + 7) / 8 * 8);
  const auto length = static_cast<std::uint64_t>(bytes.size());
  std::memcpy(bytes.data() + 16, &length, 8);
  std::uint64_t sum = 0xcbf29ce484222325;
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    if (at == 24) continue;
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    sum = (sum ^ word) * 0x100000001b3;
    sum ^= sum >> 32;
  }
  std::memcpy(bytes.data() + 24, &sum, 8);
}

bool same_live(const PackedMatrix& x, const PackedMatrix& y) {
  const auto &a = x.storage()->live, &b = y.storage()->live;
  if ((a == nullptr) != (b == nullptr)) return false;
  if (a == nullptr) return true;
  return a->tile == b->tile && a->tile_ptr == b->tile_ptr && a->step_ptr == b->step_ptr && a->index == b->index &&
         x.storage()->tile_offset == y.storage()->tile_offset;
}

template <class T>
void round_trip(std::uint64_t seed) {
  const RandomMatrix<T> x = random_matrix<T>(seed);
  Rng rng(seed ^ 0xf11e);
  for (const Format format : kFormats) {
    PackOptions options = random_packing(rng, format, x.pattern, x.zero_point);
    options.expected_cols = rng.below(100);
    if (format == Format::dense) options.side = rng.pick({Side::left, Side::right});
    PackedMatrix packed = pack(x.view(), options), back;
    if (rng.chance(0.3)) packed = update_values(packed, ConstMatrix(Storage<T>(x.a).view()));
    INFO("seed " << seed << " " << name(type_of<T>()) << " " << name(format) << " " << x.a.rows() << "x" << x.a.cols());
    const Bytes bytes = bytes_of(packed);
    const Status status = read(bytes, back);
    CHECK(status.to_string() == "ok");
    if (!status.ok()) continue;
    CHECK(holds(back, x.a, x.zero_point));
    CHECK((bytes_of(back) == bytes));
    CHECK(back.nnz() == packed.nnz());
    CHECK(back.footprint().values == packed.footprint().values);
    CHECK(back.footprint().metadata == packed.footprint().metadata);
    CHECK(back.options().side == options.side);
    CHECK(back.options().expected_cols == options.expected_cols);
    CHECK(same_live(back, packed));
    CHECK((back.storage()->bytes == packed.storage()->bytes));
    CHECK((back.storage()->values == packed.storage()->values));
  }
}

// A small matrix that has something of everything: an empty row, an empty column, full ones.
PackedMatrix small(Format format, CombinePolicy policy = CombinePolicy::in_order) {
  static const std::vector<std::int16_t> a{1, 0, 0, 2, 3,  //
                                           0, 0, 0, 0, 0,  //
                                           4, 5, 0, 6, 7,  //
                                           0, 8, 0, 0, 0};
  PackOptions options;
  options.format = format, options.array = {3, 2}, options.combine = {2, policy, 4};
  options.block = {2, 3}, options.slice = {2, 4}, options.group = {3, 4}, options.tile_cols = 3;
  return pack(row_major(a.data(), 4, 5), options);
}

std::vector<PackedMatrix> all_small() {
  std::vector<PackedMatrix> all;
  for (const Format format : kFormats) all.push_back(small(format));
  all.push_back(small(Format::csb, CombinePolicy::first_fit));
  return all;
}

// What was read is as good as what was packed: whatever reads it stays within it.
void use(const PackedMatrix& packed) {
  std::vector<double> elements(static_cast<std::size_t>(packed.rows() * packed.cols()));
  const Matrix a(elements.data(), packed.type(), packed.rows(), packed.cols(), packed.cols(), 1);
  unpack(packed, a);
  PackOptions csr;
  csr.format = Format::csr, csr.zero_point = packed.options().zero_point;
  CHECK(pack(packed, csr).nnz() == packed.nnz());
  CHECK(update_values(packed, ConstMatrix(a)).nnz() == packed.nnz());
  PackedMatrix again;
  CHECK(read(bytes_of(packed), again).ok());
}

template <class T>
void put(Bytes& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

// A file with `value` at byte `at`, its checksum right.
template <class T>
std::string lie(const PackedMatrix& packed, std::size_t at, T value) {
  Bytes bytes = bytes_of(packed);
  put(bytes, at, value);
  seal(bytes);
  PackedMatrix read_back;
  const Status status = read(bytes, read_back);
  CHECK(read_back.empty());
  CHECK(status.cause() == Cause::bad_file);
  CHECK(status.argument() == "bytes");
  return status.message();
}

struct Folder {
  fs::path path = fs::temp_directory_path() / ("septet-packed-file-test-" + std::to_string(::getpid()));
  Folder() { fs::create_directory(path); }
  ~Folder() { fs::remove_all(path); }
  std::string file(const std::string& file_name) const { return (path / file_name).string(); }
  Index count() const { return std::distance(fs::directory_iterator(path), fs::directory_iterator()); }
};

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("to bytes and back, every format and type") {
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(problem_count(40)); ++seed) {
    for_each_type([&](auto* tag) { round_trip<std::remove_pointer_t<decltype(tag)>>(seed); });
  }
}

TEST_CASE("a file by hand") {
  const std::vector<std::int8_t> a{0, 5, 0, 0, 0, 7};
  PackOptions options;
  options.format = Format::csr;
  const Bytes bytes = bytes_of(pack(row_major(a.data(), 2, 3), options));
  const auto number = [&](std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + at, size);
    return value;
  };
  CHECK(std::memcmp(bytes.data(), "\x89SEPTET\n", 8) == 0);
  CHECK(number(8, 4) == 1);     // version
  CHECK(number(12, 4) == 152);  // of the header
  CHECK(number(16, 8) == bytes.size());
  CHECK(number(32, 8) == 0x00'00'00'00'00'02'07'02);  // csr, csOS, s8, left, in order
  CHECK(number(40, 8) == 2);
  CHECK(number(48, 8) == 3);
  CHECK(number(56, 8) == 2);
  CHECK(number(64, 8) == 16);
  CHECK(number(72, 8) == 16);
  CHECK(number(80, 4) == 4);
  CHECK(number(84, 4) == 16);
  CHECK(number(152, 8) == 3);  // row_ptr
  CHECK(number(160, 8) == 0);
  CHECK(number(168, 8) == 1);
  CHECK(number(176, 8) == 2);
  CHECK(number(184, 8) == 2);  // col_idx
  CHECK(number(192, 4) == 1);
  CHECK(number(196, 4) == 2);
  CHECK(number(200, 8) == 2);  // values
  CHECK(number(208, 8) == 0x0705);
  CHECK(bytes.size() == 216);
}

TEST_CASE("every bit that flips and every byte that is missing shows") {
  for (const PackedMatrix& packed : all_small()) {
    const Bytes bytes = bytes_of(packed);
    PackedMatrix back;
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      Bytes flipped = bytes;
      flipped[bit / 8] ^= std::byte{1} << (bit % 8);
      const Status status = read(flipped, back);
      INFO(name(packed.format()) << ", bit " << bit);
      CHECK(status.cause() == Cause::bad_file);
    }
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CHECK(read(Bytes(bytes.begin(), bytes.begin() + static_cast<Index>(size)), back).cause() == Cause::bad_file);
    }
    Bytes longer = bytes;
    longer.resize(bytes.size() + 8);
    CHECK(read(longer, back).cause() == Cause::bad_file);
    CHECK(back.empty());
  }
}

TEST_CASE("lies under a right checksum are refused, or are another matrix") {
  for (const PackedMatrix& packed : all_small()) {
    const Bytes bytes = bytes_of(packed);
    int refused = 0, taken = 0;
    for (std::size_t at = 32; at < bytes.size(); ++at) {
      for (const int flip : {0x01, 0x02, 0x80, 0xff}) {
        Bytes lying = bytes;
        lying[at] ^= static_cast<std::byte>(flip);
        // Dimensions beyond what the test unpacks are another test's.
        if (at >= 42 && at < 56 && at % 8 >= 2) continue;
        seal(lying);
        PackedMatrix back;
        INFO(name(packed.format()) << ", byte " << at << " ^ " << flip);
        const Status status = read(lying, back);
        ++(status.ok() ? taken : refused);
        CHECK((status.ok() || status.cause() == Cause::bad_file));
        if (status.ok()) use(back);
      }
    }
    CHECK(refused > 50);
    CHECK(taken > 0);  // other values
    for (std::size_t size = 152; size < bytes.size(); size += 8) {
      Bytes shorter(bytes.begin(), bytes.begin() + static_cast<Index>(size));
      seal(shorter);
      PackedMatrix back;
      CHECK(read(shorter, back).cause() == Cause::bad_file);
    }
  }
}

TEST_CASE("what is said of a lie") {
  using I32 = std::int32_t;
  const PackedMatrix csr = small(Format::csr);  // row_ptr 0 3 3 7 8 at 160, col_idx 0 3 4 0 1 3 4 1 at 208
  CHECK(lie(csr, 32, std::uint8_t{13}) == "byte 32: format: no such number: 13");
  CHECK(lie(csr, 32, std::uint8_t{0}) == "header: format and dataflow have to be named");
  CHECK(lie(csr, 33, std::uint8_t{4}) == "header: options.format: csr is not what sOS streams");
  CHECK(lie(csr, 34, std::uint8_t{4}) == "header: a: s32 is an output type");
  CHECK(lie(csr, 39, std::uint8_t{1}) == "byte 39: is not zero, and has to be in this version");
  CHECK(lie(csr, 40, Index{5}) == "row_ptr: 5 elements, and 6 are needed");
  CHECK(lie(csr, 48, Index{-1}) == "header: a negative dimension");
  CHECK(lie(csr, 56, Index{7}) == "header: nnz is 7, and 8 elements are not zero");
  CHECK(lie(csr, 152, Index{1} << 60).find("byte 152: row_ptr: 1152921504606846976 elements, and ") == 0);
  CHECK(lie(csr, 168, Index{4}) == "row_ptr: entry 2 is 3 after 4");
  CHECK(lie(csr, 208, I32{3}) == "row 0: index 3 follows 3");
  CHECK(lie(csr, 208, I32{-1}) == "row 0: index -1 is outside 0 to 4");
  CHECK(lie(small(Format::coo), 160, I32{1}) == "element 1: (0, 3) does not follow the one before it");
  CHECK(lie(small(Format::sell), 200, I32{0}) == "row_order: row 0 is there twice");
  CHECK(lie(small(Format::bitmap), 160, Index{0x40}) == "row 0: a bit is set behind column 4");
  CHECK(lie(small(Format::nm), 160, std::uint8_t{0}) == "row 0, group 0: position 0 follows 0 of 4");
  CHECK(lie(small(Format::nm), 160, std::uint8_t{0x74}) == "row 0, group 1: position 1 is behind column 4");
  PackOptions narrow;
  narrow.format = Format::sell, narrow.slice = {1, 1};
  const float few[] = {1, 2, 3};
  const PackedMatrix windows = pack(row_major(few, 3, 1), narrow);  // slice_ptr 0 1 2 3 at 160, row_order 0 1 2 at 200
  CHECK(lie(windows, 200, I32{1}) == "row_order: entry 0 is 1, of another window of 1 rows");
  CHECK(lie(small(Format::tcsr), 152, Index{3}) == "block_rows: 3");
  CHECK(lie(small(Format::csb), 160, I32{6}) == "csb, tile 0, byte 4: 6 steps for 5 columns");
  CHECK(lie(small(Format::tsb), 160, std::uint8_t{0xff}).find("tsb, tile 0, byte ") == 0);
  PackOptions sparse;
  sparse.format = Format::tsb;
  const PackedMatrix nothing = pack(row_major(static_cast<const float*>(nullptr), 0, 0), sparse);
  CHECK(lie(nothing, 40, Index{1} << 30).find("header: an empty matrix has at most 16777216 rows") == 0);
  Bytes other = bytes_of(csr);
  put(other, 8, std::uint32_t{2});
  seal(other);
  PackedMatrix back;
  CHECK(read(other, back).message() == "byte 8: version 2, and 1 is known");
  CHECK(try_deserialize(nullptr, 8, back).cause() == Cause::bad_pointer);
  CHECK(try_deserialize(nullptr, -1, back).cause() == Cause::bad_shape);
  CHECK(try_deserialize(nullptr, 0, back).cause() == Cause::bad_file);
}

TEST_CASE("files are written whole or not at all") {
  const Folder folder;
  const PackedMatrix packed = small(Format::bsr);
  const std::string path = folder.file("a.septet");
  save(packed, path);
  CHECK(folder.count() == 1);
  CHECK((bytes_of(load(path)) == bytes_of(packed)));
  save(small(Format::ell), path);  // replaced
  CHECK(load(path).format() == Format::ell);
  CHECK(folder.count() == 1);

  PackedMatrix back;
  const auto refused = [&](const Status& status, const std::string& argument) {
    INFO(status.to_string());
    CHECK(status.cause() == Cause::bad_file);
    CHECK(status.argument() == argument);
    CHECK(back.empty());
  };
  const std::string missing = folder.file("none/a.septet");
  refused(try_save(packed, missing), missing);
  refused(try_save(packed, folder.path.string()), folder.path.string());
  refused(try_load(missing, back), missing);
  refused(try_load(folder.path.string(), back), folder.path.string());
  CHECK(try_save(PackedMatrix(), path).cause() == Cause::bad_pointer);
  CHECK(load(path).format() == Format::ell);
  CHECK(folder.count() == 1);
  const std::string text = folder.file("text");
  std::ofstream(text) << "not one of ours";
  refused(try_load(text, back), text);
  std::ofstream(text, std::ios::binary).write(content(path).data(), 100);
  refused(try_load(text, back), text);

  fs::create_symlink("a.septet", folder.path / "link");
  save(packed, folder.file("link"));
  CHECK(fs::is_symlink(folder.path / "link"));
  CHECK(load(path).format() == Format::bsr);
}
