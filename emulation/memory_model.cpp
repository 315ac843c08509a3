// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "memory_model.hpp"

#include "memory_walk.hpp"
#include "reporting.hpp"
#include "src/arithmetic.hpp"

#include <string>

namespace septet::emulation::memory_model {
namespace {

Bytes array_side(const FoldTable& folds) {
  Bytes all;
  for (const FoldRow& row : folds.rows()) {
    for (const FoldRun& run : row.runs) {
      all.add({run.fold.a, run.fold.b, run.fold.c_in, run.fold.c_out}, run.count * row.count);
    }
  }
  return all;
}

bool better(const Walked& x, const Walked& y) {
  return x.stall != y.stall ? x.stall < y.stall : x.bytes.all() < y.bytes.all();
}

Status check_buffer(const char* argument, Index bytes, Index edge_words, Index word_bits, const char* of) {
  if (bytes < 0) return {Cause::bad_option, argument, "is negative"};
  const Index least = detail::bytes_for_bits(edge_words * word_bits);
  if (bytes / 2 >= least) return {};
  return {Cause::bad_option, argument,
          "half of " + std::to_string(bytes) + " bytes is less than the " + std::to_string(least) + " of " + of +
              " that this array's edge moves in a cycle"};
}

}  // namespace

Status check_memory(const ArrayOptions& options, Dataflow dataflow, const ArrayShape& array, int lanes, Type a_type,
                    Type b_type) {
  const MemorySystem& memory = options.memory;
  if (!memory.given()) return {};
  if (memory.off_chip_bandwidth < 0)
    return {Cause::bad_option, "array_options.memory.off_chip_bandwidth", "is negative"};
  const bool ws = is_weight_stationary(dataflow);
  const Index a_words = ws ? array.width : array.height;
  const Index b_words = ws ? array.height : array.width * (dataflow == Dataflow::csOS ? lanes : 1);
  Status status = check_buffer("array_options.memory.a_bytes", memory.a_bytes, a_words,
                               word_bits(a_type, options.a_word_bits), "A");
  if (!status.ok()) return status;
  status = check_buffer("array_options.memory.b_bytes", memory.b_bytes, b_words, word_bits(b_type, 0), "B");
  if (!status.ok()) return status;
  return check_buffer("array_options.memory.c_bytes", memory.c_bytes, array.width, word_bits(accumulator_of(a_type), 0),
                      "C");
}

Status report_memory(const MemorySystem& memory, const Product& product, const FoldTable& folds, Report& report) {
  const std::vector<Walked> walks = walk_all(memory, product, folds);
  const Walked* chosen = &walks.front();
  for (const Walked& walk : walks) {
    if (better(walk, *chosen)) chosen = &walk;
  }
  Into64 into_64;
  const auto describe = [&](const Walked& walk) {
    return MemoryWalk{walk.loop_order,          into_64(walk.resident_a),
                      into_64(walk.resident_b), into_64(walk.resident_c),
                      into_64(walk.stall),      into_64(walk.bytes.all() + product.unwritten_bytes)};
  };
  MemoryReport& result = report.memory;
  result = MemoryReport{};
  result.system = memory;
  result.chosen = describe(*chosen);
  for (const Walked& walk : walks) {
    // A walk that is not taken may cost more than 64 bits can say.
    if (walk.stall <= kMostCounted && walk.bytes.all() + product.unwritten_bytes <= kMostCounted)
      result.walks.push_back(describe(walk));
  }
  const Bytes inner = array_side(folds);
  result.cycles_with_memory = into_64(report.cycles + chosen->stall);
  result.buffer_reads_a_bytes = into_64(inner.a);
  result.buffer_reads_b_bytes = into_64(inner.b);
  result.buffer_reads_c_bytes = into_64(inner.c_in);
  result.buffer_writes_c_bytes = into_64(inner.c_out);
  result.off_chip_reads_a_bytes = into_64(chosen->bytes.a);
  result.off_chip_reads_b_bytes = into_64(chosen->bytes.b);
  result.off_chip_reads_c_bytes = into_64(chosen->bytes.c_in);
  result.off_chip_writes_c_bytes = into_64(chosen->bytes.c_out + product.unwritten_bytes);
  return into_64.status();
}

}  // namespace septet::emulation::memory_model
