// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "strip_portable.hpp"

#include "kernels/narrow.hpp"

#include <cmath>

namespace septet::kernels {
namespace {

constexpr int kTallHeights[] = {3, 2, 1};
constexpr int kSingleHeights[] = {1};

template <class T>
struct FusedMac {
  using Elem = T;
  static constexpr Index kGroup = 1;
  static T step(T acc, const T* a, T b, T /*next*/) { return std::fma(*a, b, acc); }
};

template <class T>
struct UnfusedMac : FusedMac<T> {
  static T step(T acc, const T* a, T b, T /*next*/) { return acc + *a * b; }  // contraction is off in this build
};

template <class Elem_>
struct PairMac {
  using Elem = Elem_;
  static constexpr Index kGroup = 2;
  static std::int32_t step(std::int32_t acc, const Elem* a, Elem b, Elem next) {
    const auto product = [](Elem x, Elem y) { return static_cast<std::uint32_t>(std::int32_t{x} * y); };
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(acc) + product(a[0], b) + product(a[1], next));
  }
};

template <class Acc>
Acc add(Acc x, Acc y) {
  if constexpr (std::is_integral_v<Acc>) {
    return static_cast<Acc>(static_cast<std::uint32_t>(x) + static_cast<std::uint32_t>(y));
  } else {
    return x + y;
  }
}

template <class Mac, class Acc, int kCols>
void run(const StripCall& call) noexcept {
  using Elem = typename Mac::Elem;
  const auto panel_row = [&](Index s) {
    return static_cast<const Elem*>(call.b) + (call.k_index ? call.k_index[s] : call.k0 + s) * kCols;
  };
  for (Index i = 0; i < call.rows; ++i) {
    Acc* out = static_cast<Acc*>(call.acc) + (call.row_index ? call.row_index[i] : call.row0 + i) * kCols;
    for (Index j = 0; j < kCols; ++j) {
      Acc acc = call.fold ? Acc{0} : out[j];
      const Elem* a = static_cast<const Elem*>(call.a) + i * Mac::kGroup;
      for (Index s = 0; s < call.steps; s += Mac::kGroup, a += call.rows * Mac::kGroup) {
        const Index partner = s + Mac::kGroup - 1 < call.steps ? s + Mac::kGroup - 1 : s;
        acc = Mac::step(acc, a, panel_row(s)[j], panel_row(partner)[j]);
      }
      out[j] = call.fold ? add(out[j], acc) : acc;
    }
  }
}

// Every step as it is stated.
template <class Elem, class Acc, bool kFused, int kCols>
void run_narrow(const StripCall& call) noexcept {
  constexpr Index kGroup = sizeof(Elem) == 2 ? 2 : 1;
  const Narrow& narrow = *call.narrow;
  for (Index i = 0; i < call.rows; ++i) {
    Acc* out = static_cast<Acc*>(call.acc) + (call.row_index ? call.row_index[i] : call.row0 + i) * kCols;
    for (Index j = 0; j < kCols; ++j) {
      Acc acc = call.fold ? Acc{0} : out[j];
      for (Index s = 0; s < call.steps; ++s) {
        const Elem a = static_cast<const Elem*>(call.a)[(s / kGroup * call.rows + i) * kGroup + s % kGroup];
        const Elem b = static_cast<const Elem*>(call.b)[(call.k_index ? call.k_index[s] : call.k0 + s) * kCols + j];
        acc = narrow_step<kFused>(narrow.sum, acc, Acc{a}, Acc{b});
      }
      out[j] = call.fold ? narrow_add(narrow.total, out[j], acc) : acc;
    }
  }
}

// A tile of any size, output by output.
template <class Mac, class Acc, int kRows>
void run_tile(const TileCall& call) {
  using Elem = typename Mac::Elem;
  const auto at = [](const void* base, Index offset) {
    return reinterpret_cast<const Elem*>(static_cast<const char*>(base) + offset);
  };
  for (Index i = 0; i < kRows; ++i) {
    Acc* out = reinterpret_cast<Acc*>(static_cast<char*>(call.c) + i * call.c_row);
    for (Index j = 0; j < call.cols; ++j) {
      const bool folds = call.fold_steps != 0;
      Acc total = call.zero ? Acc{0} : out[j];
      Acc sum = folds ? Acc{0} : total;
      for (Index s = 0; s < call.steps; ++s) {
        const Elem* b = at(call.b, s * call.b_step) + j * Mac::kGroup;
        sum = Mac::step(sum, at(call.a, i * call.a_row + s * call.a_step), b[0], b[Mac::kGroup - 1]);
        if (folds && ((s + 1) % call.fold_steps == 0 || s + 1 == call.steps)) {
          total = add(total, sum);
          sum = 0;
        }
      }
      out[j] = folds ? total : sum;
    }
  }
}

// One element after the other.
template <class Elem, int kGroup>
void pack_panel(const PanelCall& call) {
  Elem* to = static_cast<Elem*>(call.to);
  for (Index k = 0; k < call.k; k += kGroup) {
    for (Index i = 0; i < call.width; ++i) {
      for (Index g = 0; g < kGroup; ++g, ++to) {
        const char* from = static_cast<const char*>(call.from) + i * call.outer_stride + (k + g) * call.k_stride;
        *to = i < call.outer && k + g < call.k ? *reinterpret_cast<const Elem*>(from) : Elem{0};
      }
    }
  }
}

template <class Mac, class Acc>
TileSet make_tiles() {
  TileSet set{5, {3, 2, 0}, 2, 2, 2, 1, 1, false, {}};
  set.run[0][0] = set.run[1][0] = &run_tile<Mac, Acc, 1>;
  set.run[0][1] = set.run[1][1] = &run_tile<Mac, Acc, 2>;
  set.run[0][2] = &run_tile<Mac, Acc, 3>;
  return set;
}

ItemsKernel no_items(Index /*m*/, Index /*n*/, Index /*k*/) { return nullptr; }

template <class Mac, class Acc>
KernelSet make_set() {
  return {{5, kTallHeights, &run<Mac, Acc, 5>},
          {1, kTallHeights, &run<Mac, Acc, 1>},
          {7, kSingleHeights, &run<Mac, Acc, 7>},
          {1, kSingleHeights, &run<Mac, Acc, 1>},
          make_tiles<Mac, Acc>(),
          &pack_panel<typename Mac::Elem, static_cast<int>(Mac::kGroup)>,
          &no_items};
}

template <class Elem, class Acc, bool kFused>
KernelSet make_narrow_set() {
  return {{5, kTallHeights, &run_narrow<Elem, Acc, kFused, 5>},
          {1, kTallHeights, &run_narrow<Elem, Acc, kFused, 1>},
          {7, kSingleHeights, &run_narrow<Elem, Acc, kFused, 7>},
          {1, kSingleHeights, &run_narrow<Elem, Acc, kFused, 1>}};
}

using f32 = float;
using f64 = double;
using s16 = std::int16_t;

}  // namespace

KernelSet portable_set(Arithmetic arithmetic) {
  switch (arithmetic) {
#define SEPTET_ARITHMETIC(name, packed, acc, mac) \
  case Arithmetic::name:                          \
    return make_set<mac<packed>, acc>();
#define SEPTET_NARROW_ARITHMETIC(name, packed, acc, fused) \
  case Arithmetic::name:                                   \
    return make_narrow_set<packed, acc, fused>();
#include "kernels/registry.def"
#undef SEPTET_ARITHMETIC
  }
  return {};
}

}  // namespace septet::kernels
