// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Small files with huge claims are read in a process that may hardly allocate. It is a child process, because a limit
// on the address space cannot be told from a leak afterwards. Sanitizers reserve terabytes of address space of their
// own: under them the limit is on the resident memory instead, looked at afterwards.
#include "io_test_support.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEPTET_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SEPTET_TEST_SANITIZED 1
#endif
#endif
#ifndef SEPTET_TEST_SANITIZED
#define SEPTET_TEST_SANITIZED 0
#endif

namespace septet::io::test {
namespace {

constexpr Index kAllowance = Index{64} << 20;

// A number of /proc/self/status, in bytes; -1 where there is none.
Index status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    Index kilobytes = 0;
    if (word == key + ":" && status >> kilobytes) return kilobytes * 1024;
  }
  return -1;
}

// Runs `body` in a child process that may allocate kAllowance more than it has. What `body` returns, 0 to 99; 100 if
// it allocated more, 101 if the limit could not be set.
template <class Body>
int run_with_little_memory(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    const Index before = status_bytes(SEPTET_TEST_SANITIZED != 0 ? "VmRSS" : "VmSize");
    if (before < 0) ::_exit(101);
    if (SEPTET_TEST_SANITIZED == 0) {
      const rlimit limit{static_cast<rlim_t>(before + kAllowance), RLIM_INFINITY};
      if (::setrlimit(RLIMIT_AS, &limit) != 0) ::_exit(101);
    }
    int result = body();
    if (SEPTET_TEST_SANITIZED != 0 && status_bytes("VmHWM") > before + kAllowance) result = 100;
    ::_exit(result);
  }
  int status = 0;
  REQUIRE(child > 0);
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

// The limit does what the other cases rely on.
TEST_CASE("memory: the allowance is one") {
  const int result = run_with_little_memory([] {
    try {
      const auto size = static_cast<std::size_t>(2 * kAllowance);
      const std::unique_ptr<char[]> memory(new char[size]);
      for (std::size_t i = 0; i < size; i += 4096) const_cast<volatile char*>(memory.get())[i] = 1;
      return 0;
    } catch (const std::bad_alloc&) {
      return 100;
    }
  });
  CHECK(result == 100);
}

// 0 if reading `path` ends with `cause`, as it should.
int check_cause(const std::string& path, Cause cause) {
  FileMatrix matrix;
  return read_matrix(path, matrix).cause() == cause ? 0 : 1;
}

TEST_CASE("memory: sizes that only a header claims are not allocated") {
  const ScratchFolder folder;
  const std::string real = "%%MatrixMarket matrix coordinate real general\n";
  const auto npy = [](const std::string& shape) {
    return npy_bytes("{'descr': '<f8', 'fortran_order': True, 'shape': " + shape + ", }\n", "12345678");
  };
  struct Case {
    const char* file;
    std::string content;
    Cause cause;
  };
  const std::vector<Case> cases = {
      {"nnz.mtx", real + "16777216 16777216 281474976710656\n1 1 1\n", Cause::bad_file},
      {"array.mtx", "%%MatrixMarket matrix array real general\n16777216 16777216\n1\n", Cause::bad_file},
      {"half.mtx", "%%MatrixMarket matrix array real symmetric\n16777216 16777216\n1\n", Cause::bad_file},
      {"rows.mtx", real + "16777216 16777216 1\n16777216 16777216 1\n", Cause::ok},
      {"nnz.smtx", "16777216, 16777216, 281474976710656\n0 1\n", Cause::bad_file},
      {"columns.smtx", "1, 16777216, 16777216\n0 16777216\n0 1\n", Cause::bad_file},
      {"large.npy", npy("(1000000, 1000000)"), Cause::bad_file},
      {"row.npy", npy("(1000000000000,)"), Cause::bad_file},
      {"header.npy", std::string("\x93NUMPY\2\0\xff\xff\xff\xff{'descr'", 20), Cause::bad_file},
      {"line.mtx", real + std::string(100000, ' '), Cause::bad_file},
  };
  for (const Case& each : cases) {
    CAPTURE(each.file);
    const std::string path = folder.write(each.file, each.content);
    CHECK(run_with_little_memory([&] { return check_cause(path, each.cause); }) == 0);
  }
}

TEST_CASE("memory: the shared malformed files need next to none") {
  const std::string data = shared_data("data/malformed");
  if (data.empty()) return;
  const int result = run_with_little_memory([&] {
    for (const auto& item : std::filesystem::directory_iterator(data)) {
      FileMatrix matrix;
      if (read_matrix(item.path().string(), matrix).cause() == Cause::out_of_memory) return 1;
    }
    return 0;
  });
  CHECK(result == 0);
}

TEST_CASE("memory: what is really too large is a Status, and dense forms beyond the limit are not tried") {
  const int refused = run_with_little_memory([] {
    FileMatrix matrix;
    matrix.coordinate = true;
    matrix.rows = matrix.cols = kMaxFileDimension;
    OwnedMatrix converted;
    return convert(matrix, Type::u8, true, converted).cause() == Cause::out_of_memory ? 0 : 1;
  });
  CHECK(refused == 0);
  if (SEPTET_TEST_SANITIZED != 0) return;  // there allocations succeed
  const int failed = run_with_little_memory([] {
    FileMatrix matrix;
    matrix.rows = 7;
    const Status status = read_matrix("random:20000x20000", matrix);
    return status.cause() == Cause::out_of_memory && !status.message().empty() && matrix.rows == 7 ? 0 : 1;
  });
  CHECK(failed == 0);
  const ScratchFolder folder;
  const std::string path = folder.path("large.npy");
  const std::string start = npy_bytes("{'descr': '|i1', 'fortran_order': False, 'shape': (1000, 1000000), }\n", "");
  folder.write("large.npy", start);
  std::filesystem::resize_file(path, start.size() + 1000000000);  // sparse: takes no room on the disk
  CHECK(run_with_little_memory([&] { return check_cause(path, Cause::out_of_memory); }) == 0);
}

}  // namespace
}  // namespace septet::io::test
