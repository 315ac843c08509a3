// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "rtl_problem.hpp"

#include "septet/emulation/memory_image.hpp"
#include "support/generators.hpp"

#include <algorithm>

namespace septet::rtl_test {

using namespace septet::support;

namespace {

// At most `group_n` of `group_m` neighbours in a row.
Pattern groups_pattern(Rng& rng, Index rows, Index cols, Index group_n, Index group_m) {
  Pattern pattern(rows, cols);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; j += group_m) {
      for (Index x = 0; x < group_n; ++x) pattern.set(i, j + rng.below(std::min(group_m, cols - j)));
    }
  }
  return pattern;
}

// One row, or one column, with elements; or one without among others.
Pattern lines_pattern(Rng& rng, Index rows, Index cols) {
  const bool by_rows = rng.chance(0.5), value = rng.chance(0.5);
  Pattern pattern(rows, cols, !value);
  const Index line = rng.below(by_rows ? rows : cols);
  for (Index i = 0; i < (by_rows ? cols : rows); ++i) {
    if (by_rows) {
      pattern.set(line, i, value);
    } else {
      pattern.set(i, line, value);
    }
  }
  return pattern;
}

Pattern random_pattern(Rng& rng, RtlProblem& p) {
  const double density = rng.pick({0.02, 0.1, 0.3, 0.5, 0.9});
  const Index kind = rng.below(kPatternKinds + 2);
  if (kind < kPatternKinds || p.m * p.k == 0) {
    const auto known = static_cast<PatternKind>(kind % kPatternKinds);
    p.pattern = name(known);
    return make_pattern(rng, known, p.m, p.k, density, p.options.array);
  }
  if (kind == kPatternKinds) {
    const Index group_m = rng.pick<Index>({2, 4, 8});
    p.pattern = "groups";
    return groups_pattern(rng, p.m, p.k, rng.between(1, group_m / 2), group_m);
  }
  p.pattern = "lines";
  return lines_pattern(rng, p.m, p.k);
}

// Around the tiles' edges, or the widths' ends, or anything; little arrays get little problems, since theirs have many
// folds.
Index random_size(Rng& rng, const ArrayShape& array, Index largest) {
  const Index tile = rng.chance(0.5) ? array.height : array.width;
  const Index most = std::min<Index>(array.height * array.width < 16 ? 20 : 40, largest);
  if (largest < 40 && rng.chance(0.5)) return largest - rng.below(3);
  if (rng.chance(0.02)) return 0;
  if (rng.chance(0.1)) return 1;
  if (rng.chance(0.3)) return std::clamp<Index>(rng.between(1, 2) * tile + rng.between(-1, 1), 1, most);
  return rng.between(1, most);
}

void draw_options(Rng& rng, RtlProblem& p, Dataflow dataflow, int lanes) {
  p.options.dataflow = dataflow;
  p.options.threads = 1;
  p.options.combine.lanes = lanes;
  if (rng.chance(0.5)) {
    p.options.combine.policy = CombinePolicy::first_fit;
    p.options.combine.window = rng.pick({1, 2, 5, 16, 100});
  }
  if (!is_output_stationary(dataflow) && rng.chance(0.4)) p.options.accumulate = Accumulate::fold_then_add;
  p.array_options.timing = rng.chance(0.5) ? Timing::serial : Timing::overlapped;
}

// Types and zero points. A's elements have been drawn with 0 for its zeros, and are moved.
void draw_operand_types(Rng& rng, RtlProblem& p) {
  const auto draw = [&](Type& type, int& zero_point) {
    if (rng.chance(0.5)) type = Type::u8;
    const int lowest = type == Type::u8 ? 0 : -128;
    if (rng.chance(0.7)) zero_point = lowest + static_cast<int>(rng.pick<Index>({0, 255, rng.below(256)}));
  };
  draw(p.a_type, p.options.a_zero_point);
  draw(p.b_type, p.options.b_zero_point);
  for (Index i = 0; i < p.m; ++i) {
    for (Index j = 0; j < p.k; ++j) p.a(i, j) = static_cast<std::int8_t>(p.a(i, j) + p.options.a_zero_point);
  }
}

}  // namespace

RtlProblem random_problem(std::uint64_t seed, Dataflow dataflow, const SimulatedArray& array,
                          const std::optional<Sizes>& sizes) {
  const ArrayShape shape = array.shape();
  Rng rng(seed);
  RtlProblem p;
  p.seed = seed;
  p.options.array = shape;
  p.m = random_size(rng, shape, array.largest_size());
  p.n = random_size(rng, shape, array.largest_size());
  p.k = random_size(rng, shape, array.largest_size());
  if (sizes) p.m = sizes->m, p.n = sizes->n, p.k = sizes->k;
  draw_options(rng, p, dataflow, array.lanes());
  p.a = Storage<std::int8_t>(p.m, p.k);
  p.b = Storage<std::int8_t>(p.k, p.n);
  p.start = Storage<std::int32_t>(p.m, p.n);
  const ValueKind values = rng.pick({ValueKind::mixed, ValueKind::mixed, ValueKind::extremes});
  fill_pattern(rng, p.a.view(), sizes ? Pattern(p.m, p.k, true) : random_pattern(rng, p), values);
  fill_random(rng, p.b.view(), values);
  if (array.operand_bits() == 9) draw_operand_types(rng, p);
  for (Index i = 0; i < p.m; ++i) {
    for (Index j = 0; j < p.n; ++j) p.start(i, j) = 0;
  }
  if (rng.chance(0.5)) {
    fill_random(rng, p.start.view(), ValueKind::mixed);
    p.options.preload = p.start.view();
  }
  return p;
}

std::string describe(const RtlProblem& p) {
  const auto number = [](Index value) { return std::to_string(value); };
  const GemmOptions& o = p.options;
  return "seed=" + number(static_cast<Index>(p.seed)) + " " + septet::name(o.dataflow) +
         " array=" + number(o.array.height) + "x" + number(o.array.width) + " m=" + number(p.m) + " n=" + number(p.n) +
         " k=" + number(p.k) + " pattern=" + p.pattern + " " + septet::name(p.a_type) + "-" + number(o.a_zero_point) +
         "*" + septet::name(p.b_type) + "-" + number(o.b_zero_point) + " " + septet::name(p.array_options.timing) +
         " " + septet::name(o.accumulate) + " preload=" + number(o.preload.data != nullptr) +
         " lanes=" + number(o.combine.lanes) + " " + septet::name(o.combine.policy) +
         " window=" + number(o.combine.window);
}

Inputs inputs_of(const RtlProblem& p) {
  using namespace septet::emulation;
  const MemoryImage image = memory_image(p.a_view(), p.n, p.b_type, p.options, p.array_options);
  Inputs inputs;
  inputs.dataflow = static_cast<int>(image.sizes[kSizesDataflow]);
  inputs.m = image.sizes[kSizesM], inputs.n = image.sizes[kSizesN], inputs.k = image.sizes[kSizesK];
  inputs.overlapped = image.sizes[kSizesTiming] == 1;
  inputs.fold_then_add = image.sizes[kSizesAccumulate] == 1;
  inputs.preload = image.sizes[kSizesPreload] == 1;
  inputs.a_unsigned = p.a_type == Type::u8, inputs.b_unsigned = p.b_type == Type::u8;
  inputs.a_zero_point = p.options.a_zero_point, inputs.b_zero_point = p.options.b_zero_point;
  inputs.a = image.a;
  for (Index i = 0; i < p.k; ++i) {
    for (Index j = 0; j < p.n; ++j) inputs.b.push_back(p.b(i, j));
  }
  for (Index i = 0; i < p.m; ++i) {
    for (Index j = 0; j < p.n; ++j) inputs.c.push_back(p.start(i, j));
  }
  inputs.seed = p.seed;
  return inputs;
}

std::vector<StoredWord> stored_words(const RtlProblem& p) {
  std::vector<StoredWord> words;
  const auto sink =
      emulation::store_sink(p.options, [&](const emulation::StoredWord& word, const emulation::TraceFold& fold) {
        words.push_back({word.cycle, word.column, word.m, word.n, fold.number, static_cast<std::int32_t>(word.bits)});
      });
  Storage<std::int32_t> c(p.m, p.n);
  emulation::ArrayOptions array_options = p.array_options;
  array_options.engine = Engine::plain;
  emulation::emulate(p.a_view(), p.b_view(), c.view(), p.options, array_options, {}, {sink.get(), {{}, {0, 1}, {}}});
  return words;
}

}  // namespace septet::rtl_test
