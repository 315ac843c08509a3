// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One number per type and kind of product, recorded here once: other CPUs, compilers and architectures give the same
// bits, not only the same as the reference beside them. Each covers all dataflows; every target is to give it.
#include "septet/septet.hpp"
#include "support/storage.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <string>

namespace {

using namespace septet;
using namespace septet::support;

constexpr Index kM = 37, kN = 53, kK = 91;

// FNV-1a.
struct Hash {
  std::uint64_t value = 14695981039346656037u;

  template <class T>
  void add(const std::vector<T>& data) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
    for (std::size_t i = 0; i < data.size() * sizeof(T); ++i) value = (value ^ bytes[i]) * 1099511628211u;
  }
  std::string text() const {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(value));
    return digits;
  }
};

// Value by value, so that no compiler's order of evaluation shows.
template <class T>
std::vector<T> random_values(Rng& rng, Index count, double zeros = 0) {
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) {
    const bool zero = rng.chance(zeros);
    const double x = 4 * rng.unit() - 2;
    if constexpr (kIsFloat<T>) {
      value = element<T>(static_cast<NumberOf<T>>(zero ? 0 : x));
    } else {
      const double most = sizeof(T) == 1 ? 63 : 16000;
      value = static_cast<T>(zero ? 0 : static_cast<int>(most * x) + (std::is_unsigned_v<T> ? 126 : 0));
    }
  }
  return values;
}

template <class TA, class TB, class TC>
struct Product {
  using Sum = std::conditional_t<kIsFloat<TA>, std::conditional_t<sizeof(TA) == 8, double, float>, std::int32_t>;
  Rng rng{1};
  std::vector<TA> a = random_values<TA>(rng, kM* kK, 0.6);
  std::vector<TB> b = random_values<TB>(rng, kK* kN);
  std::vector<Sum> scale = random_values<Sum>(rng, kN), bias = random_values<Sum>(rng, kM);
  std::vector<TC> c = std::vector<TC>(static_cast<std::size_t>(kM * kN));

  void add_to(Hash& hash, const GemmOptions& options) {
    gemm(row_major(a.data(), kM, kK), row_major(b.data(), kK, kN), row_major(c.data(), kM, kN), options);
    hash.add(c);
  }

  // Both orders, both roundings of a step.
  std::string sums() {
    Hash hash;
    GemmOptions options;
    options.array = {8, 16};
    for (const Mac mac : {Mac::fused, Mac::unfused}) {
      options.mac = mac;
      for (int d = 0; d < 8; ++d) {
        options.dataflow = static_cast<Dataflow>(d);
        options.accumulate = Accumulate::chained;
        add_to(hash, options);
        const std::string text = name(options.dataflow);
        if (text == "automatic" || text.find("OS") != std::string::npos) continue;
        options.accumulate = Accumulate::fold_then_add;
        add_to(hash, options);
      }
    }
    return hash.text();
  }

  std::string activations() {
    Hash hash;
    GemmOptions options;
    options.epilogue.scale = per_column(scale.data(), kM, kN);
    options.epilogue.bias = per_row(bias.data(), kM, kN);
    for (const Activation activation :
         {Activation::relu, Activation::relu6, Activation::gelu, Activation::sigmoid, Activation::tanh}) {
      options.epilogue.activation = activation;
      options.dataflow = activation == Activation::gelu ? Dataflow::csOS : Dataflow::dWS;
      add_to(hash, options);
    }
    return hash.text();
  }

  std::string requantised() {
    Hash hash;
    const std::vector<std::int32_t> multiplier{0x5a3c1e2f}, shift{-9};
    const std::vector<float> factor{0x1.6d4p-10f};
    GemmOptions options;
    options.epilogue.bias = per_row(bias.data(), kM, kN);
    Requantise& requantise = options.epilogue.requantise;
    requantise.zero_point = 3;
    requantise.multiplier = per_tensor(multiplier.data(), kM, kN);
    requantise.shift = per_tensor(shift.data(), kM, kN);
    for (const Rounding rounding : {Rounding::gemmlowp_double, Rounding::single_half_up, Rounding::single_half_away,
                                    Rounding::truncate, Rounding::floor}) {
      requantise.rounding = rounding;
      add_to(hash, options);
    }
    requantise.multiplier = requantise.shift = {};
    requantise.scale = per_tensor(factor.data(), kM, kN);
    requantise.rounding = Rounding::fp32_nearest_even;
    add_to(hash, options);
    return hash.text();
  }
};

template <class F>
void on_every_target(F&& check) {
  for (const char* const* name = supported_targets(); *name != nullptr; ++name) {
    REQUIRE(set_target(*name).ok());
    INFO(std::string(*name));
    check();
  }
  REQUIRE(set_target(nullptr).ok());
}

}  // namespace

TEST_CASE("recorded bits: sums") {
  on_every_target([] {
    CHECK(Product<float, float, float>().sums() == "804790cff83c74ce");
    CHECK(Product<double, double, double>().sums() == "7f77297d5633017d");
    CHECK(Product<bf16, bf16, float>().sums() == "91aea33618e66289");
    CHECK(Product<bf16, bf16, bf16>().sums() == "9385f8d64350af3d");
    CHECK(Product<f16, f16, float>().sums() == "96e578623ee47f5d");
    CHECK(Product<f16, f16, f16>().sums() == "b7d793a988838ced");
    CHECK(Product<std::int8_t, std::int8_t, std::int32_t>().sums() == "af5a6dc97c418d69");
    CHECK(Product<std::uint8_t, std::int8_t, std::int32_t>().sums() == "14abc54eb9f9ce35");
    CHECK(Product<std::int16_t, std::int16_t, std::int32_t>().sums() == "43f5824f321660c5");
  });
}

TEST_CASE("recorded bits: activations") {
  on_every_target([] {
    CHECK(Product<float, float, float>().activations() == "db0288aad5aca36b");
    CHECK(Product<double, double, double>().activations() == "6fdd974285665779");
    CHECK(Product<bf16, bf16, bf16>().activations() == "60327d5d6765d352");
    CHECK(Product<f16, f16, f16>().activations() == "5a1c5318bdc92fba");
  });
}

TEST_CASE("recorded bits: requantisation") {
  on_every_target([] {
    CHECK(Product<std::int8_t, std::int8_t, std::int8_t>().requantised() == "80cea23dd7ed56d4");
    CHECK(Product<std::uint8_t, std::int8_t, std::uint8_t>().requantised() == "c49cc3ecdf9c4577");
  });
}
