// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Parts of the command that a correct library never lets one see from outside.
#include "cli/app.hpp"
#include "cli/comparison.hpp"
#include "cli/errors.hpp"
#include "cli/statistics.hpp"
#include "cli/text_table.hpp"
#include "cli/values.hpp"
#include "cli/verify.hpp"
#include "cli_test_support.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <new>
#include <stdexcept>

namespace septet::cli::test {
namespace {

// What this process writes to stdout goes nowhere while one of these lives.
class QuietStdout {
 public:
  QuietStdout() : saved_((std::fflush(stdout), ::dup(STDOUT_FILENO))) {
    const int null = ::open("/dev/null", O_WRONLY);
    ::dup2(null, STDOUT_FILENO);
    ::close(null);
  }
  ~QuietStdout() {
    std::fflush(stdout);
    ::dup2(saved_, STDOUT_FILENO);
    ::close(saved_);
  }

 private:
  int saved_;
};

TEST_CASE("cli: the first difference, with both values and their bits") {
  float x[] = {1, 2, 3, 4, 5, 6}, y[] = {1, 2, 3, 4, 5, 6};
  const auto difference = [&] { return first_difference(row_major(x, 2, 3), row_major(y, 2, 3)); };
  CHECK_FALSE(difference().has_value());
  y[5] = 7;
  y[4] = std::nextafter(5.0f, 6.0f);
  REQUIRE(difference().has_value());
  CHECK(difference()->row == 1);
  CHECK(difference()->col == 1);
  CHECK(difference()->left == "5 (0x40a00000)");
  CHECK(difference()->right == "5.0000005 (0x40a00001)");
  x[0] = 0.0f, y[0] = -0.0f;
  CHECK(difference()->row == 0);
  CHECK(difference()->right == "-0 (0x80000000)");
}

TEST_CASE("cli: NaNs are equal, doubles have 16 digits, integers none") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  double x[] = {nan, 1}, y[] = {-nan, 2};
  const auto difference = first_difference(row_major(x, 1, 2), row_major(y, 1, 2));
  REQUIRE(difference.has_value());
  CHECK(difference->col == 1);
  CHECK(difference->left == "1 (0x3ff0000000000000)");
  std::int32_t p[] = {-1}, q[] = {7};
  CHECK(first_difference(row_major(p, 1, 1), row_major(q, 1, 1))->left == "-1");
}

TEST_CASE("cli: views with strides are compared where they point") {
  float x[] = {1, 9, 2, 9, 3, 9, 4, 9}, y[] = {1, 3, 2, 4};
  const MatrixView<float> strided{x, 2, 2, 4, 2};
  CHECK_FALSE(first_difference(strided, row_major(y, 2, 2).transposed()).has_value());
}

TEST_CASE("cli: verify stops at the first difference, after reporting what there is") {
  const Folder folder;
  Flags flags;
  flags.a = "random:5x6,dtype=s8";
  flags.b = "random:6x4,dtype=u8";
  flags.json = folder.path("report.json");
  const Kernel errs_in_dws = [](const Weights& a, const ConstMatrix& b, const Matrix& c, const GemmOptions& options) {
    Status status = try_gemm(a, b, c, options);
    if (options.dataflow == Dataflow::dWS) static_cast<std::int32_t*>(c.data)[2 * c.row_stride + 3] ^= 1;
    return status;
  };
  std::string message;
  {
    const QuietStdout quiet;
    try {
      verify(flags, all_dataflows(Accumulate::chained), errs_in_dws);
    } catch (const CheckFailed& failed) {
      message = failed.what();
    }
  }
  CAPTURE(message);
  CHECK(message.find("dWS: C(2, 3) (0-based) differs: kernel ") == 0);
  CHECK(message.find(", emulator ") != std::string::npos);
  const Json results = Json::parse(folder.read("report.json")).at("results");
  REQUIRE(results.size() == 2);
  CHECK(results[0].at("equal") == true);
  CHECK(results[1].at("dataflow") == "dWS");
  CHECK(results[1].at("equal") == false);
}

TEST_CASE("cli: a check that failed is exit code 1 and one line, anything else 2") {
  const Folder folder;
  const auto outcome_of = [&](const std::function<void()>& action) {
    const QuietStdout quiet;
    std::fflush(stderr);
    const int saved = ::dup(STDERR_FILENO);
    const int file = ::open(folder.path("err").c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    ::dup2(file, STDERR_FILENO);
    ::close(file);
    const int code = exit_code_of(action);
    std::fflush(stderr);
    ::dup2(saved, STDERR_FILENO);
    ::close(saved);
    return Outcome{code, "", folder.read("err")};
  };
  const Outcome failed = outcome_of([] { throw CheckFailed("dOS: C(0, 0) differs"); });
  CHECK(failed.code == 1);
  CHECK(failed.err == "septet: dOS: C(0, 0) differs\n");
  const Outcome refused = outcome_of([] { refuse("--array", "two\nlines"); });
  CHECK(refused.code == 2);
  CHECK(refused.err == "septet: --array: two\\x0alines\n");
  CHECK(outcome_of([] { throw std::bad_alloc(); }).code == 2);
  const Outcome length = outcome_of([] { throw std::length_error("vector"); });
  CHECK(length.code == 2);
  check_error_line(length.err, "memory", "not enough");
  const Outcome other = outcome_of([] { throw std::logic_error("oops"); });
  CHECK(other.code == 2);
  check_error_line(other.err, "internal error", "oops");
  CHECK(outcome_of([] {}).code == 0);
}

TEST_CASE("cli: the library's arguments have the user's names") {
  const auto named = [](const char* argument) {
    ArgumentNames names;
    names.a = "weights.mtx";
    try {
      require(Status(Cause::bad_option, argument, "why"), names);
    } catch (const Error& error) {
      return error.status().argument();
    }
    return std::string();
  };
  CHECK(named("a") == "weights.mtx");
  CHECK(named("b") == "B");
  CHECK(named("options.fold_depth") == "--fold-depth");
  CHECK(named("options.combine.lanes") == "--lanes");
  CHECK(named("array_options.bandwidth") == "--bandwidth");
  CHECK(named("options.zero_point") == "--a-zero-point");
  CHECK(named("options.a_zero_point") == "--a-zero-point");
  CHECK(named("name") == "--target");
  CHECK(named("b_type") == "--b-dtype");
  CHECK(named("SEPTET_TARGET") == "SEPTET_TARGET");
  CHECK(named("workspace") == "workspace");
}

TEST_CASE("cli: numbers for people") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(-123456) == "-123,456");
  CHECK(grouped(1234567890) == "1,234,567,890");
  CHECK(grouped(std::numeric_limits<Index>::min()) == "-9,223,372,036,854,775,808");
  CHECK(percent(0.12345) == "12.35 %");
  CHECK(milliseconds(0.0123456) == "12.346 ms");
}

TEST_CASE("cli: tables are as wide as their cells") {
  TextTable table({{"name", TextTable::Align::left}, {"count"}});
  table.add({"a", "1,000"});
  table.add({"a longer one", "7"});
  CHECK(table.text() == "  name          count\n  a             1,000\n  a longer one      7\n");
  TextTable headless({{"", TextTable::Align::left}, {"", TextTable::Align::left}});
  headless.add({"\u00e4", "x"});
  headless.add({"bb", ""});
  CHECK(headless.text() == "  \u00e4   x\n  bb\n");
}

}  // namespace
}  // namespace septet::cli::test
