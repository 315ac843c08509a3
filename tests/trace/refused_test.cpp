// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Windows that are not within the run or the array, sinks that fail: a Status, and C as it was.
#include "septet/septet.hpp"

#include <doctest/doctest.h>

#include <sstream>

namespace {

using namespace septet;
using emulation::Trace;

struct Product {
  std::vector<float> a = std::vector<float>(12, 1), b = std::vector<float>(12, 2), c = std::vector<float>(9, 7);
  emulation::Report report;

  Status run(const Trace& trace, double alpha = 1) {
    GemmOptions options;
    options.dataflow = Dataflow::dWS;
    options.array = {4, 4};
    options.alpha = alpha;
    return emulation::try_emulate(row_major(a.data(), 3, 4), row_major(b.data(), 4, 3), row_major(c.data(), 3, 3),
                                  options, {}, report, {}, trace);
  }
};

class Failing : public emulation::TraceSink {
 public:
  void begin(const emulation::TraceHeader&) override {}
  void cycle(const emulation::CycleTrace&) override { throw Error(Status(Cause::bad_file, "trace", "is full")); }
  void end() override {}
};

// Takes `room` bytes.
class Full : public std::stringbuf {
 public:
  explicit Full(std::streamsize room) : room_(room) {}

 protected:
  std::streamsize xsputn(const char*, std::streamsize count) override {
    if (count > room_) return 0;
    room_ -= count;
    return count;
  }
  int_type overflow(int_type) override { return traits_type::eof(); }

 private:
  std::streamsize room_;
};

}  // namespace

TEST_CASE("windows outside of the run or the array are refused before anything is done") {
  Product product;
  std::ostringstream text;
  const auto sink = emulation::csv_sink(text);
  const auto refused = [&](const emulation::TraceWindow& window, const char* argument, const char* part) {
    const Status status = product.run({sink.get(), window});
    CHECK(status.cause() == Cause::bad_option);
    CHECK(status.argument() == argument);
    CHECK_MESSAGE(status.message().find(part) != std::string::npos, status.message());
  };
  // One fold: 4 cycles of preload, 3 + 4 + 4 - 2 of stream.
  refused({{0, 14}, {}, {}}, "trace.window.cycles", "0 to 14 is not within the run, which has 13 cycles");
  refused({{13, 14}, {}, {}}, "trace.window.cycles", "which has 13 cycles");
  refused({{5, 5}, {}, {}}, "trace.window.cycles", "5 to 5 is no range");
  refused({{-1, 5}, {}, {}}, "trace.window.cycles", "-1 to 5 is no range");
  refused({{6, 5}, {}, {}}, "trace.window.cycles", "6 to 5 is no range");
  refused({{}, {0, 5}, {}}, "trace.window.rows", "0 to 5 is not within an array of 4 x 4");
  refused({{}, {}, {4, 5}}, "trace.window.cols", "4 to 5 is not within an array of 4 x 4");
  CHECK(product.c == std::vector<float>(9, 7));
  CHECK(text.str().empty());
  CHECK(product.run({sink.get(), {{0, 13}, {0, 4}, {3, 4}}}).ok());
  CHECK(product.c == std::vector<float>(9, 8));
}

TEST_CASE("a window of more PEs than a trace can keep is refused before anything is done") {
  Product product;
  std::ostringstream text;
  const auto sink = emulation::vcd_sink(text);
  const auto run = [&](Dataflow dataflow, const emulation::TraceWindow& window) {
    GemmOptions options;
    options.dataflow = dataflow;
    options.array = {1024, 1024};
    emulation::ArrayOptions array_options;
    return emulation::try_emulate(row_major(product.a.data(), 3, 4), row_major(product.b.data(), 4, 3),
                                  row_major(product.c.data(), 3, 3), options, array_options, product.report, {},
                                  {sink.get(), window});
  };
  const Status status = run(Dataflow::dWS, {{0, 1}, {}, {}});
  CHECK(status.cause() == Cause::bad_option);
  CHECK(status.argument() == "trace.window");
  CHECK(status.message() ==
        "1024 x 1024 PEs are too much for a trace (262144 PEs): narrow the rows and columns of PEs");
  CHECK(run(Dataflow::dWS, {{0, 1}, {0, 257}, {}}).argument() == "trace.window");
  CHECK(text.str().empty());
  CHECK(product.c == std::vector<float>(9, 7));
  CHECK(run(Dataflow::dWS, {{0, 1}, {0, 1}, {}}).ok());
  CHECK(product.c == std::vector<float>(9, 8));
}

TEST_CASE("under csOS every lane of a PE counts") {
  Product product;
  product.a = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};  // columns that pack into one step
  std::ostringstream text;
  const auto sink = emulation::csv_sink(text);
  GemmOptions options;
  options.dataflow = Dataflow::csOS;
  options.array = {512, 512};
  options.combine.lanes = 2;
  const auto run = [&](const emulation::TraceWindow& window) {
    return emulation::try_emulate(row_major(product.a.data(), 3, 4), row_major(product.b.data(), 4, 3),
                                  row_major(product.c.data(), 3, 3), options, {}, product.report, {},
                                  {sink.get(), window});
  };
  const Status status = run({{0, 1}, {}, {}});
  CHECK(status.argument() == "trace.window");
  CHECK_MESSAGE(status.message().find("512 x 512 PEs of 2 lanes are too much for a trace (131072 PEs)") == 0,
                status.message());
  CHECK(run({{0, 1}, {0, 256}, {}}).ok());
}

TEST_CASE("a run without cycles has an empty trace, and no window") {
  Product product;
  for (const auto make : {emulation::csv_sink, emulation::vcd_sink, emulation::chrome_sink, emulation::picture_sink}) {
    std::ostringstream text;
    CHECK(product.run({make(text).get(), {}}, 0).ok());
    CHECK(!text.str().empty());
    CHECK(product.run({make(text).get(), {{0, 1}, {}, {}}}, 0).argument() == "trace.window.cycles");
  }
}

TEST_CASE("what a sink throws ends the run, and C stays as it was") {
  Product product;
  Failing failing;
  const Status status = product.run({&failing, {}});
  CHECK(status.cause() == Cause::bad_file);
  CHECK(status.to_string() == "trace: is full");
  CHECK(product.c == std::vector<float>(9, 7));
}

TEST_CASE("a stream that takes no more ends the run") {
  for (const auto make : {emulation::csv_sink, emulation::vcd_sink, emulation::chrome_sink, emulation::picture_sink}) {
    Product product;
    Full full(100);
    std::ostream out(&full);
    const Status status = product.run({make(out).get(), {}});
    CHECK(status.cause() == Cause::bad_file);
    CHECK(status.argument() == "trace");
    CHECK(product.c == std::vector<float>(9, 7));
  }
}

TEST_CASE("a picture that nobody could look at is refused, with what would do") {
  std::vector<std::int8_t> a(2 * 6000, 1), b(6000 * 2, 1);
  std::vector<std::int32_t> c(4);
  GemmOptions options;
  options.dataflow = Dataflow::dOS;
  options.array = {2, 2};
  std::ostringstream text;
  const auto sink = emulation::picture_sink(text);
  emulation::Report report;
  const auto run = [&](const emulation::TraceWindow& window) {
    return emulation::try_emulate(row_major(a.data(), 2, 6000), row_major(b.data(), 6000, 2), row_major(c.data(), 2, 2),
                                  options, {}, report, {}, {sink.get(), window});
  };
  const Status status = run({});
  CHECK(status.cause() == Cause::bad_option);
  CHECK(status.argument() == "trace.window");
  CHECK_MESSAGE(status.message().find("6004 cycles of 4 PEs are too much") == 0, status.message());
  CHECK(run({{0, 5000}, {}, {}}).ok());
  CHECK(c[0] == 6000);
}
