// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "kernels/dispatch.hpp"

#include "hwy/targets.h"
#include "kernels/expand_avx512.hpp"
#include "kernels/portable/array_portable.hpp"
#include "kernels/portable/batch_norm_portable.hpp"
#include "kernels/portable/bytes_portable.hpp"
#include "kernels/portable/depthwise_portable.hpp"
#include "kernels/portable/epilogue_portable.hpp"
#include "kernels/portable/pool_portable.hpp"
#include "kernels/portable/rows_portable.hpp"
#include "kernels/portable/strip_portable.hpp"
#include "kernels/quad_amx.hpp"
#include "kernels/quad_blocks_vnni.hpp"
#include "kernels/quad_vnni.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace septet {
namespace kernels {

// Defined by strip_*.cpp, one per row of the registry.
#define SEPTET_ARITHMETIC(name, packed, acc, mac) KernelSet name(std::int64_t target);
#include "kernels/registry.def"
#undef SEPTET_ARITHMETIC
// Defined by rows_*.cpp.
RowSet rows_f32_fused(std::int64_t target);
RowSet rows_f32_unfused(std::int64_t target);
RowSet rows_f64_fused(std::int64_t target);
RowSet rows_f64_unfused(std::int64_t target);
RowSet rows_s16_s32(std::int64_t target);
// Defined by array.cpp and array_narrow.cpp.
#define SEPTET_ARITHMETIC(name, packed, acc, mac) ArrayKernels array_##name(std::int64_t target);
#include "kernels/registry.def"
#undef SEPTET_ARITHMETIC
// Defined by epilogue.cpp.
EpilogueKernels epilogue_table(std::int64_t target);
// Defined by depthwise.cpp.
DepthwiseKernels depthwise_table(std::int64_t target);
// Defined by batch_norm.cpp.
BatchNormKernels batch_norm_table(std::int64_t target);
// Defined by pool.cpp and bytes.cpp.
PoolKernels pool_table(std::int64_t target);
ByteKernels byte_table(std::int64_t target);

namespace {

struct Target {
  const char* name;
  std::vector<KernelSet> sets;       // by Arithmetic
  std::vector<RowSet> rows;          // by Arithmetic
  std::vector<ArrayKernels> arrays;  // by Arithmetic
  EpilogueKernels epilogue;
  DepthwiseKernels depthwise;
  BatchNormKernels batch_norm;
  PoolKernels pool;
  ByteKernels bytes;
  const QuadKernels* quads = nullptr;
  const QuadKernels* large_quads = nullptr;
  const ExpandKernels* expand = nullptr;
  const QuadBlockKernels* quad_blocks = nullptr;
};

bool is_avx512(std::int64_t target) {
#if HWY_ARCH_X86
  return target <= HWY_AVX3;
#else
  (void)target;
  return false;
#endif
}

Target highway_target(std::int64_t target) {
  return {hwy::TargetName(target),
          {
#define SEPTET_ARITHMETIC(name, packed, acc, mac) name(target),
#include "kernels/registry.def"
#undef SEPTET_ARITHMETIC
          },
          {rows_f32_fused(target), rows_f32_unfused(target), rows_f64_fused(target), rows_f64_unfused(target),
           rows_s16_s32(target)},
          {
#define SEPTET_ARITHMETIC(name, packed, acc, mac) array_##name(target),
#include "kernels/registry.def"
#undef SEPTET_ARITHMETIC
          },
          epilogue_table(target),
          depthwise_table(target),
          batch_norm_table(target),
          pool_table(target),
          byte_table(target),
          nullptr,
          nullptr,
          is_avx512(target) ? expand_avx512() : nullptr};
}

// Highway's target for everything but bytes.
Target vnni_target(std::int64_t target) {
  Target result = highway_target(target);
  result.name = "AVX3_VNNI";
  result.quads = vnni_kernels();
  result.quad_blocks = quad_blocks_vnni();
  return result;
}

// … and AMX, for all but small products.
Target amx_target(std::int64_t target) {
  Target result = vnni_target(target);
  result.name = "AVX3_AMX";
  result.large_quads = amx_kernels();
  return result;
}

Target portable_target() {
  return {"portable",
          {
#define SEPTET_ARITHMETIC(name, packed, acc, mac) portable_set(Arithmetic::name),
#include "kernels/registry.def"
#undef SEPTET_ARITHMETIC
          },
          {portable_rows(Arithmetic::f32_fused), portable_rows(Arithmetic::f32_unfused),
           portable_rows(Arithmetic::f64_fused), portable_rows(Arithmetic::f64_unfused),
           portable_rows(Arithmetic::s16_s32)},
          {
#define SEPTET_ARITHMETIC(name, packed, acc, mac) portable_array(Arithmetic::name),
#include "kernels/registry.def"
#undef SEPTET_ARITHMETIC
          },
          portable_epilogue(),
          portable_depthwise(),
          portable_batch_norm(),
          portable_pool(),
          portable_bytes()};
}

// Everything this CPU can run, best first.
class Targets {
 public:
  Targets() {
    // Lower bits are better targets (hwy/detect_targets.h).
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
      if (targets_.empty() && is_avx512(target)) {
        if (amx_kernels() != nullptr) targets_.push_back(amx_target(target));
        if (vnni_kernels() != nullptr) targets_.push_back(vnni_target(target));
      }
      targets_.push_back(highway_target(target));
    }
    targets_.push_back(portable_target());
    for (const Target& target : targets_) names_.push_back(target.name);
    names_.push_back(nullptr);
    chosen_ = &targets_.front();
    const char* wanted = std::getenv("SEPTET_TARGET");
    if (wanted != nullptr && *wanted != '\0') status_ = choose(wanted, "SEPTET_TARGET");
    refused_ = !status_.ok();
  }

  Status choose(const char* wanted, const char* argument) {
    for (const Target& target : targets_) {
      if (wanted != nullptr && std::strcmp(wanted, target.name) != 0) continue;
      chosen_ = &target;
      refused_.store(false, std::memory_order_release);
      return {};
    }
    std::string known;
    for (const Target& target : targets_) known += std::string(known.empty() ? "" : ", ") + target.name;
    return {Cause::bad_option, argument, std::string(wanted) + ": this CPU and build have " + known};
  }

  const Target& chosen() const { return *chosen_.load(std::memory_order_acquire); }
  Status status() const { return refused_.load(std::memory_order_acquire) ? status_ : Status(); }
  bool ok() const { return !refused_.load(std::memory_order_acquire); }
  const char* const* names() const { return names_.data(); }

 private:
  std::vector<Target> targets_;
  std::vector<const char*> names_;
  std::atomic<const Target*> chosen_{nullptr};
  Status status_;  // of SEPTET_TARGET; does not change after construction
  std::atomic<bool> refused_{false};
};

Targets& targets() {
  static Targets& instance = *new Targets;  // for products in destructors that come after everything else's, too
  return instance;
}

// This thread's, while a call of its runs. (Initial-exec: one instruction, where a library's own TLS takes a call.)
#if defined(__GNUC__)
__attribute__((tls_model("initial-exec")))
#endif
thread_local const Target* pinned = nullptr;

const Target& in_use() {
  const Target* mine = pinned;
  return mine != nullptr ? *mine : targets().chosen();
}

}  // namespace

PinnedTarget::PinnedTarget(const void* target) : before_(pinned) { pinned = static_cast<const Target*>(target); }
PinnedTarget::~PinnedTarget() { pinned = static_cast<const Target*>(before_); }
const void* PinnedTarget::in_use() { return &kernels::in_use(); }

const char* name(Arithmetic arithmetic) {
  switch (arithmetic) {
#define SEPTET_ARITHMETIC(name, packed, acc, mac) \
  case Arithmetic::name:                          \
    return #name;
#include "kernels/registry.def"
#undef SEPTET_ARITHMETIC
  }
  return "";
}

Packed packed_of(Arithmetic arithmetic) {
  switch (arithmetic) {
#define SEPTET_ARITHMETIC(name, packed, acc, mac) \
  case Arithmetic::name:                          \
    return Packed::packed;
#include "kernels/registry.def"
#undef SEPTET_ARITHMETIC
  }
  return Packed::f32;
}

Arithmetic arithmetic_for(Type accumulator, Mac mac) {
  if (accumulator == Type::s32) return Arithmetic::s16_s32;
  if (accumulator == Type::f64) return mac == Mac::fused ? Arithmetic::f64_fused : Arithmetic::f64_unfused;
  return mac == Mac::fused ? Arithmetic::f32_fused : Arithmetic::f32_unfused;
}

Arithmetic narrow_arithmetic_for(Type accumulator, Mac mac, const Narrow& narrow) {
  const bool fused = mac == Mac::fused;
  if (accumulator == Type::s32) return Arithmetic::narrow_s32;
  if (accumulator == Type::f64) return fused ? Arithmetic::narrow_f64_fused : Arithmetic::narrow_f64_unfused;
  if (!fused) return Arithmetic::narrow_f32_unfused;
  return narrow.sum.half ? Arithmetic::narrow_f16_fused : Arithmetic::narrow_f32_fused;
}

const KernelSet& kernel_set(Arithmetic arithmetic) { return in_use().sets[static_cast<std::size_t>(arithmetic)]; }

const RowSet& row_set(Arithmetic arithmetic) {
  static_assert(static_cast<int>(Arithmetic::f32_fused) == 0 && static_cast<int>(Arithmetic::f32_unfused) == 1 &&
                    static_cast<int>(Arithmetic::f64_fused) == 2 && static_cast<int>(Arithmetic::f64_unfused) == 3 &&
                    static_cast<int>(Arithmetic::s16_s32) == 4,
                "septet: Target::rows has the order of Arithmetic");
  return in_use().rows[static_cast<std::size_t>(arithmetic)];
}

const ArrayKernels& array_kernels(Arithmetic arithmetic) {
  return in_use().arrays[static_cast<std::size_t>(arithmetic)];
}

const QuadKernels* quad_kernels() { return in_use().quads; }
const QuadKernels* large_quad_kernels() {
  const QuadKernels* kernels = in_use().large_quads;
  return kernels != nullptr && may_use_tiles() ? kernels : nullptr;
}
const QuadBlockKernels* quad_block_kernels() { return in_use().quad_blocks; }
const ExpandKernels* expand_kernels() { return in_use().expand; }
const EpilogueKernels& epilogue_kernels() { return in_use().epilogue; }
const DepthwiseKernels& depthwise_kernels() { return in_use().depthwise; }
const BatchNormKernels& batch_norm_kernels() { return in_use().batch_norm; }
const PoolKernels& pool_kernels() { return in_use().pool; }
const ByteKernels& byte_kernels() { return in_use().bytes; }

Status target_status() { return targets().status(); }
bool target_ok() { return targets().ok(); }

}  // namespace kernels

const char* const* supported_targets() { return kernels::targets().names(); }
Status set_target(const char* name) { return kernels::targets().choose(name, "name"); }
const char* target() { return kernels::in_use().name; }

}  // namespace septet
