// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The emulated array and its report.
#include "capi.hpp"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>

using namespace septet;
using namespace septet::capi;

namespace {

/// Offered every key with its value, keeps that of the wanted one.
template <class Number>
struct Sought {
  const char& wanted;
  Number& result;
  bool found = false;

  void operator()(const char* key, Number value) {
    if (std::strcmp(&wanted, key) != 0) return;
    result = value;
    found = true;
  }
  Status status() const {
    return found ? Status() : Status(Cause::bad_option, "key", std::string(&wanted) + " is no key of a report");
  }
};

}  // namespace

septet_status septet_emulate(const septet_weights* a, const septet_matrix* b, const septet_matrix* c,
                             const septet_options* options, septet_report** report) noexcept {
  return run([&] {
    return make(report, "report", [&](septet_report& made) {
      const septet_options& chosen = options_of(options);
      return emulation::try_emulate(weights_of(a, "a"), matrix_of(b, "b"), matrix_of(c, "c"), chosen.gemm, chosen.array,
                                    made.report, chosen.progress);
    });
  });
}

septet_status septet_cycles(const septet_weights* a, int64_t n, int32_t b_type, const septet_options* options,
                            septet_report** report) noexcept {
  return run([&] {
    return make(report, "report", [&](septet_report& made) {
      const septet_options& chosen = options_of(options);
      return emulation::try_cycles(weights_of(a, "a"), n, type_of(b_type, "b_type"), chosen.gemm, chosen.array,
                                   made.report);
    });
  });
}

septet_status septet_cycles_of_shape(int64_t m, int64_t n, int64_t k, int32_t a_type, int32_t b_type,
                                     const septet_options* options, septet_report** report) noexcept {
  return run([&] {
    return make(report, "report", [&](septet_report& made) {
      const septet_options& chosen = options_of(options);
      return emulation::try_cycles(m, n, k, type_of(a_type, "a_type"), type_of(b_type, "b_type"), chosen.gemm,
                                   chosen.array, made.report);
    });
  });
}

constexpr bool same_words(std::initializer_list<std::pair<int, int>> words) {
  for (const auto& [in_c, here] : words) {
    if (in_c != here) return false;
  }
  return true;
}
static_assert(same_words({{SEPTET_SIZES_VERSION, emulation::kSizesVersion},
                          {SEPTET_SIZES_DATAFLOW, emulation::kSizesDataflow},
                          {SEPTET_SIZES_M, emulation::kSizesM},
                          {SEPTET_SIZES_N, emulation::kSizesN},
                          {SEPTET_SIZES_K, emulation::kSizesK},
                          {SEPTET_SIZES_HEIGHT, emulation::kSizesHeight},
                          {SEPTET_SIZES_WIDTH, emulation::kSizesWidth},
                          {SEPTET_SIZES_LANES, emulation::kSizesLanes},
                          {SEPTET_SIZES_TIMING, emulation::kSizesTiming},
                          {SEPTET_SIZES_ACCUMULATE, emulation::kSizesAccumulate},
                          {SEPTET_SIZES_PRELOAD, emulation::kSizesPreload},
                          {SEPTET_SIZES_A_BYTES, emulation::kSizesABytes},
                          {SEPTET_SIZES_A_TYPE, emulation::kSizesAType},
                          {SEPTET_SIZES_B_TYPE, emulation::kSizesBType},
                          {SEPTET_SIZES_SUM_TYPE, emulation::kSizesSumType},
                          {SEPTET_SIZES_A_ZERO_POINT, emulation::kSizesAZeroPoint},
                          {SEPTET_SIZES_B_ZERO_POINT, emulation::kSizesBZeroPoint},
                          {SEPTET_SIZES_WORDS, emulation::kSizesWords}}),
              "septet: both interfaces have the same words");

septet_status septet_memory_image(const septet_weights* a, int64_t n, int32_t b_type, const septet_options* options,
                                  uint32_t* sizes, void* image, int64_t capacity) noexcept {
  return run([&]() -> Status {
    const septet_options& chosen = options_of(options);
    std::uint32_t* words = &required(sizes, "sizes");
    emulation::MemoryImage made;
    Status status =
        emulation::try_memory_image(weights_of(a, "a"), n, type_of(b_type, "b_type"), chosen.gemm, chosen.array, made);
    if (!status.ok()) return status;
    const auto bytes = static_cast<Index>(made.a.size());
    if (image != nullptr && capacity < bytes) {
      return {Cause::bad_shape, "capacity",
              std::to_string(capacity) + " bytes; the image has " + std::to_string(bytes)};
    }
    std::copy(made.sizes.begin(), made.sizes.end(), words);
    if (image != nullptr) std::copy(made.a.begin(), made.a.end(), static_cast<std::byte*>(image));
    return {};
  });
}

void septet_report_free(septet_report* report) noexcept { delete report; }

const char* septet_report_key(int64_t index) noexcept {
  const char* result = nullptr;
  emulation::for_each_count({}, [&](const char* key, Index) {
    if (index-- == 0) result = key;
  });
  return result;
}

septet_status septet_report_count(const septet_report* report, const char* key, int64_t* count) noexcept {
  return run([&]() -> Status {
    const emulation::Report& r = required(report, "report").report;
    Sought<Index> sought{required(key, "key"), required(count, "count")};
    emulation::for_each_count(r, sought);
    emulation::for_each_memory_count(r.memory, sought);
    return sought.status();
  });
}

septet_status septet_report_energy(const septet_report* report, const char* key, double* picojoules) noexcept {
  return run([&]() -> Status {
    const emulation::Report& r = required(report, "report").report;
    Sought<double> sought{required(key, "key"), required(picojoules, "picojoules")};
    emulation::for_each_energy(emulation::energy(r), sought);
    return sought.status();
  });
}

septet_status septet_report_utilization(const septet_report* report, double* utilization) noexcept {
  return run([&]() -> Status {
    required(utilization, "utilization") = required(report, "report").report.utilization;
    return {};
  });
}

septet_status septet_report_dataflow(const septet_report* report, const char** dataflow) noexcept {
  return run([&]() -> Status {
    required(dataflow, "dataflow") = name(required(report, "report").report.dataflow);
    return {};
  });
}
