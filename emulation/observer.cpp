// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "observer.hpp"

namespace septet::emulation {
namespace {

std::string text_of(const TraceRange& range) {
  return std::to_string(range.begin) + " to " + std::to_string(range.end);
}

Status check_range(const TraceRange& range, Index size, const char* argument, const std::string& whole) {
  if (range.everything()) return {};
  const auto bad = [&](const std::string& message) { return Status(Cause::bad_option, argument, message); };
  if (range.begin < 0 || range.end <= range.begin) return bad(text_of(range) + " is no range: begin < end is needed");
  if (range.end > size) return bad(text_of(range) + " is not within " + whole);
  return {};
}

// A VCD takes some 0.5 KiB of memory per PE (136 bytes here, 16 per signal there for what it was in the last cycle) and
// as much of the file for its declaration and first cycle; csOS some 64 bytes more per lane. This many are 128 MiB.
constexpr Index kMostRegisters = Index{1} << 18;

Status check_size(const TraceHeader& header) {
  const Index height = header.window.rows.size(), width = header.window.cols.size();
  // Sides and lanes by themselves are within 32 bits, two of them multiply within 64.
  if (height * width <= kMostRegisters / header.lanes) return {};
  const std::string lanes = header.lanes > 1 ? " of " + std::to_string(header.lanes) + " lanes" : "";
  return {Cause::bad_option, "trace.window",
          std::to_string(height) + " x " + std::to_string(width) + " PEs" + lanes + " are too much for a trace (" +
              std::to_string(kMostRegisters / header.lanes) + " PEs): narrow the rows and columns of PEs"};
}

TraceRange within(const TraceRange& range, Index size) { return range.everything() ? TraceRange{0, size} : range; }

// What a load unit delivers: the element, less the zero point.
TraceNumber operand_number(Type type, int zero_point) {
  if (zero_point != 0) return {Type::s16, 9};
  return {type, static_cast<int>(8 * size_of(type))};
}

TraceNumber sum_number(Type a_type, const Accumulator& accumulator) {
  const Type type = accumulator_of(a_type);
  if (accumulator.bits == 0) return {type, static_cast<int>(8 * size_of(type))};
  return {is_integer(type) ? type : Type::f16, accumulator.bits};
}

TraceHeader header_of(const Plan& plan, const GemmOptions& options, const ArrayOptions& array_options, Type a_type,
                      Type b_type) {
  TraceHeader header;
  header.dataflow = plan.dataflow;
  header.array = plan.array;
  header.timing = array_options.timing;
  header.accumulate = plan.accumulate;
  header.m = plan.m, header.n = plan.n, header.k = plan.k;
  header.a_type = a_type, header.b_type = b_type;
  if (plan.dataflow == Dataflow::csOS && plan.live) header.lanes = plan.live->longest_step();
  header.a = operand_number(a_type, options.a_zero_point);
  header.b = operand_number(b_type, options.b_zero_point);
  header.sum = sum_number(a_type, options.accumulator);
  const bool os = is_output_stationary(plan.dataflow);
  header.left = plan.is_ws() ? header.b : header.a;
  header.top = os ? header.b : header.sum;
  header.preload = os ? header.sum : plan.is_ws() ? header.a : header.b;
  return header;
}

}  // namespace

Status validate_trace(const Trace& trace, const ArrayShape& array) {
  if (trace.sink == nullptr) return {};
  const std::string whole = "an array of " + std::to_string(array.height) + " x " + std::to_string(array.width);
  if (Status status = check_range(trace.window.rows, array.height, "trace.window.rows", whole); !status) return status;
  return check_range(trace.window.cols, array.width, "trace.window.cols", whole);
}

Observer::Observer(const Trace& trace, const Plan& plan, const GemmOptions& resolved, const ArrayOptions& array_options,
                   Type a_type, Type b_type, Schedule schedule)
    : sink_(trace.sink) {
  if (sink_ == nullptr) return;
  ScheduledFold fold;
  while (schedule.next(fold)) {
  }
  TraceHeader header = header_of(plan, resolved, array_options, a_type, b_type);
  header.chain = schedule.preload_cycles() != 0, header.drain = schedule.drain_cycles() != 0;
  header.folds = plan.fold_count();
  header.cycles = schedule.end();
  header.end = std::max(schedule.end(), schedule.last_event());
  const std::string whole = "the run, which has " + std::to_string(header.end) + " cycles";
  throw_if_error(check_range(trace.window.cycles, header.end, "trace.window.cycles", whole));
  header.window = {within(trace.window.cycles, header.end), within(trace.window.rows, plan.array.height),
                   within(trace.window.cols, plan.array.width)};
  throw_if_error(check_size(header));
  window_ = header.window.cycles;
  next_ = window_.begin;
  stalled_ = {schedule.stalled_from(), schedule.end()};
  snapshot_.emplace(header);
  sink_->begin(header);
}

void Observer::end() {
  if (sink_ == nullptr) return;
  idle_until(window_.end);
  sink_->end();
}

void Observer::idle_until(Index cycle) {
  while (next_ < cycle) {
    snapshot_->clear(next_);
    tell();
  }
}

void Observer::tell() {
  const Index cycle = snapshot_->trace().cycle;
  if (stalled_.begin <= cycle && cycle < stalled_.end) snapshot_->stall();
  sink_->cycle(snapshot_->trace());
  ++next_;
}

}  // namespace septet::emulation
