// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "io_test_support.hpp"
#include "support/number.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <limits>

namespace septet::io::test {
namespace {

namespace fs = std::filesystem;

// Every element different in every byte that the type has.
template <class T>
std::vector<T> ramp(std::size_t count) {
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double value = support::kIsFloat<T> ? 1.1 * static_cast<double>(i) - 3
                         : sizeof(T) == 4     ? 0x01020304 * static_cast<double>(i % 100)
                                              : static_cast<double>(i % 100);
    values[i] = support::element<T>(static_cast<support::NumberOf<T>>(value));
  }
  return values;
}

// Writes the view, reads it back, and compares element by element, bit by bit.
template <class T>
void check_round_trip(const ScratchFolder& folder, const MatrixView<const T>& view, Element element) {
  REQUIRE(write_npy(folder.path("a.npy"), view).ok());
  const FileMatrix matrix = read_ok(folder.path("a.npy"));
  CHECK(matrix.element == element);
  REQUIRE(matrix.rows == view.rows);
  REQUIRE(matrix.cols == view.cols);
  REQUIRE(matrix.bytes.size() == static_cast<std::size_t>(view.rows * view.cols) * sizeof(T));
  int wrong = 0;
  for (Index i = 0; i < view.rows; ++i) {
    for (Index j = 0; j < view.cols; ++j) {
      const std::size_t at = static_cast<std::size_t>(i * view.cols + j) * sizeof(T);
      wrong += std::memcmp(matrix.bytes.data() + at, &view(i, j), sizeof(T)) != 0 ? 1 : 0;
    }
  }
  CHECK(wrong == 0);
  CHECK(folder.list() == std::vector<std::string>{"a.npy"});
}

template <class T>
void check_strides(const ScratchFolder& folder, Element element) {
  const std::vector<T> values = ramp<T>(600);
  const T* data = values.data();
  struct Strides {
    Index offset, rows, cols, row_stride, col_stride;
  };
  for (const Strides& s : {Strides{0, 5, 7, 7, 1},     // row-major
                           Strides{0, 5, 7, 11, 1},    // padded rows
                           Strides{0, 5, 7, 1, 5},     // column-major
                           Strides{0, 5, 7, 1, 9},     // padded columns
                           Strides{0, 5, 7, 30, 3},    // every third column
                           Strides{34, 5, 7, -7, -1},  // from behind
                           Strides{28, 5, 7, -7, 1},   // rows upside down
                           Strides{3, 5, 7, 1, 0},     // columns repeated
                           Strides{3, 5, 7, 0, 1},     // rows repeated
                           Strides{9, 5, 7, 0, 0},     // one value
                           Strides{0, 1, 1, 0, 0}, Strides{0, 1, 300, 1, 2}, Strides{0, 300, 1, 2, 1},
                           Strides{0, 0, 7, 7, 1}, Strides{0, 7, 0, 0, 1}, Strides{0, 0, 0, 0, 0}}) {
    CAPTURE(s.row_stride);
    CAPTURE(s.col_stride);
    check_round_trip<T>(folder, {data + s.offset, s.rows, s.cols, s.row_stride, s.col_stride}, element);
  }
}

TEST_CASE("write_npy: round trip of every type through any strides") {
  const ScratchFolder folder;
  check_strides<float>(folder, Element::f32);
  check_strides<double>(folder, Element::f64);
  check_strides<std::int8_t>(folder, Element::s8);
  check_strides<std::uint8_t>(folder, Element::u8);
  check_strides<std::int16_t>(folder, Element::s16);
  check_strides<std::int32_t>(folder, Element::s32);
  check_strides<f16>(folder, Element::f16);
}

TEST_CASE("write_npy: NumPy has no bf16") {
  const ScratchFolder folder;
  const std::vector<bf16> values(6, bf16(1.0F));
  const Status status = write_npy(folder.path("a.npy"), row_major(values.data(), 2, 3));
  CHECK(status.cause() == Cause::bad_type);
  CHECK(folder.list().empty());
}

TEST_CASE("write_npy: special values keep their bits") {
  const ScratchFolder folder;
  float nan_with_payload;
  const std::uint32_t bits = 0xffc12345;
  std::memcpy(&nan_with_payload, &bits, sizeof bits);
  const std::vector<float> values = {-0.0F, std::numeric_limits<float>::infinity(), nan_with_payload, 1e-45F};
  check_round_trip<float>(folder, row_major(values.data(), 2, 2), Element::f32);
}

// The header of NumPy 1.24's np.save(np.zeros((2, 3), '<f4')) but for the blanks, which the format leaves free.
TEST_CASE("write_npy: the bytes of the header") {
  const ScratchFolder folder;
  const std::vector<std::int8_t> values = {1, 2, 3, 4, 5, 6};
  REQUIRE(write_npy(folder.path("a.npy"), row_major(values.data(), 2, 3)).ok());
  const std::string dict = "{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3), }";
  const std::string expected =
      std::string("\x93NUMPY\1\0\x76\0", 10) + dict + std::string(117 - dict.size(), ' ') + "\n\1\2\3\4\5\6";
  CHECK(folder.read("a.npy") == expected);
  for (const Index rows : {Index{1}, Index{1000000}, Index{100000000000000}, std::numeric_limits<Index>::max()}) {
    REQUIRE(write_npy(folder.path("a.npy"), ConstMatrix(nullptr, Type::f64, rows, 0, 0, 1)).ok());
    CHECK(folder.read("a.npy").size() % 64 == 0);
    CHECK(folder.read("a.npy").find(std::to_string(rows) + ", 0), }") != std::string::npos);
  }
}

TEST_CASE("write_npy: refuses what is no matrix") {
  const ScratchFolder folder;
  const std::string path = folder.path("a.npy");
  const auto refused = [&](const ConstMatrix& matrix, Cause cause) {
    const Status status = write_npy(path, matrix);
    CHECK(status.cause() == cause);
    CHECK(status.argument() == "matrix");
  };
  const float value = 1;
  refused(ConstMatrix(nullptr, Type::f32, 1, 1, 1, 1), Cause::bad_pointer);
  refused(ConstMatrix(&value, Type::f32, -1, 1, 1, 1), Cause::bad_shape);
  refused(ConstMatrix(&value, Type::f32, 1, -1, 1, 1), Cause::bad_shape);
  refused(ConstMatrix(&value, Type::f32, Index{1} << 62, 4, 0, 0), Cause::bad_shape);
  refused(ConstMatrix(&value, Type::f64, Index{1} << 60, 1, 0, 0), Cause::bad_shape);
  CHECK(folder.list().empty());
}

const std::vector<float>& some_values() {
  static const std::vector<float> values(10000, 1.5F);
  return values;
}

TEST_CASE("write_npy: a path that cannot be written") {
  const ScratchFolder folder;
  const auto matrix = row_major(some_values().data(), 2, 3);
  const auto check_unwritable = [&](const std::string& path, const char* reason) {
    check_refused(write_npy(path, matrix), path, reason);
  };
  check_unwritable(folder.path("missing/a.npy"), "cannot be created: No such file or directory");
  folder.write("file", "x");
  check_unwritable(folder.path("file/a.npy"), "cannot be created: Not a directory");
  fs::create_directory(folder.path("folder.npy"));
  check_unwritable(folder.path("folder.npy"), "is there and not a regular file");
  REQUIRE(::mkfifo(folder.path("pipe.npy").c_str(), 0600) == 0);  // not /dev/null: a bug would replace it
  check_unwritable(folder.path("pipe.npy"), "is there and not a regular file");
  CHECK(fs::is_fifo(folder.path("pipe.npy")));
  check_unwritable(folder.path(std::string(300, 'a') + ".npy"), "File name too long");
  CHECK(write_npy(folder.path(std::string(251, 'a') + ".npy"), matrix).ok());  // as long as names may be
  fs::remove(folder.path(std::string(251, 'a') + ".npy"));
  CHECK(folder.list() == std::vector<std::string>{"file", "folder.npy", "pipe.npy"});
  if (::geteuid() == 0) {
    MESSAGE("root may write everywhere: folders without write permission are not tested");
    return;
  }
  fs::permissions(folder.path("folder.npy"), fs::perms::owner_read | fs::perms::owner_exec);
  check_unwritable(folder.path("folder.npy/a.npy"), "cannot be created: Permission denied");
}

TEST_CASE("write_npy: replaces a file, follows a link, keeps the permissions that new files have") {
  const ScratchFolder folder;
  folder.write("old.npy", "old");
  fs::create_symlink("old.npy", folder.path("link.npy"));
  fs::create_symlink("nowhere.npy", folder.path("dangling.npy"));
  REQUIRE(write_npy(folder.path("link.npy"), row_major(some_values().data(), 2, 3)).ok());
  CHECK(fs::is_symlink(folder.path("link.npy")));
  CHECK(dense<float>(read_ok(folder.path("old.npy"))) == std::vector<float>(6, 1.5F));
  CHECK(write_npy(folder.path("dangling.npy"), row_major(some_values().data(), 2, 3)).ok());
  CHECK(read_ok(folder.path("dangling.npy")).stored == 6);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  struct stat status {};
  REQUIRE(::stat(folder.path("old.npy").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == (0666 & ~mask));
  CHECK(folder.list() == std::vector<std::string>{"dangling.npy", "link.npy", "old.npy"});
}

TEST_CASE("write_npy: a path without a folder is one in the current folder") {
  const ScratchFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path(""));
  const Status status = write_npy("a.npy", row_major(some_values().data(), 2, 3));
  fs::current_path(before);
  CHECK(status.ok());
  CHECK(folder.list() == std::vector<std::string>{"a.npy"});
}

// No file of this process grows beyond `bytes` while it lives: what a full disk is like.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_CASE("write_npy: a full disk leaves the old file whole and nothing beside it") {
  const ScratchFolder folder;
  const std::string path = folder.write("a.npy", "old");
  struct Case {
    rlim_t room;
    Index rows;  // of 100 columns
  };
  // The last two fit the stream's buffer, so that only closing the file can fail.
  for (const Case& each : {Case{0, 100}, Case{1000, 100}, Case{40000, 100}, Case{0, 1}, Case{200, 1}}) {
    CAPTURE(each.room);
    CAPTURE(each.rows);
    Status status;
    {
      const FullDisk full(each.room);
      status = write_npy(path, row_major(some_values().data(), each.rows, 100));
    }
    check_refused(status, path, "cannot be written: File too large");
    CHECK(folder.read("a.npy") == "old");
    CHECK(folder.list() == std::vector<std::string>{"a.npy"});
  }
  const FullDisk just_enough(40128);
  CHECK(write_npy(path, row_major(some_values().data(), 100, 100)).ok());
}

}  // namespace
}  // namespace septet::io::test
