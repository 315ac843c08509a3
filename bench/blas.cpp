// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The BLAS door (libseptet_blas.so): what the door itself costs, complex products beside another BLAS, and whether
// threads are in the way of small products.
//
//   bench_blas [door|complex|threads …] [--library openblas=FILE …] [--threads N] [--json FILE]
//
// Candidates take turns (measure.hpp). Every result is checked first, at sampled elements, to the bound of rounding
// errors.
#include "bench/measure.hpp"
#include "bench/peers/dynamic_library.hpp"
#include "septet/gemm.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cmath>
#include <complex>
#include <cstdio>
#include <fstream>
#include <limits>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace septet::bench {
namespace {

constexpr int kRowMajor = 101, kNoTrans = 111, kTrans = 112, kConjTrans = 113;

template <class T>
struct TypeName;
template <>
struct TypeName<float> {
  static constexpr const char *name = "f32", *gemm = "cblas_sgemm";
};
template <>
struct TypeName<double> {
  static constexpr const char *name = "f64", *gemm = "cblas_dgemm";
};
template <>
struct TypeName<std::complex<float>> {
  static constexpr const char *name = "c32", *gemm = "cblas_cgemm";
};
template <>
struct TypeName<std::complex<double>> {
  static constexpr const char *name = "c64", *gemm = "cblas_zgemm";
};
template <class T>
constexpr bool kIsComplex = !std::is_floating_point_v<T>;

struct Shape {
  int m, n, k;
  int op_a = kNoTrans, op_b = kNoTrans;
};

char letter(int op) { return op == kNoTrans ? 'N' : op == kTrans ? 'T' : 'C'; }

// One product with operands of its own.
template <class T>
struct Product {
  explicit Product(const Shape& s) : shape(s), a(size(s.m, s.k)), b(size(s.k, s.n)), c(size(s.m, s.n)) {
    std::mt19937 random(1);
    std::uniform_real_distribution<double> uniform(-1, 1);
    for (auto* operand : {&a, &b}) {
      for (T& x : *operand) {
        if constexpr (kIsComplex<T>) {
          x = T(static_cast<typename T::value_type>(uniform(random)),
                static_cast<typename T::value_type>(uniform(random)));
        } else {
          x = static_cast<T>(uniform(random));
        }
      }
    }
  }
  static std::size_t size(int rows, int cols) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols);
  }
  int lda() const { return shape.op_a == kNoTrans ? shape.k : shape.m; }
  int ldb() const { return shape.op_b == kNoTrans ? shape.n : shape.k; }

  using Wide = std::conditional_t<kIsComplex<T>, std::complex<double>, double>;
  static Wide element(const std::vector<T>& x, int op, int ld, int i, int j) {
    const Wide value = op == kNoTrans ? x[size(i, ld) + j] : x[size(j, ld) + i];
    if constexpr (kIsComplex<T>) return op == kConjTrans ? std::conj(value) : value;
    return value;
  }
  // Higham, Accuracy and Stability of Numerical Algorithms, 2002, sections 3.1 and 3.6: a complex product has twice as
  // many terms.
  bool is_right() const {
    using Real = decltype(std::abs(T()));
    for (int sample = 0; sample < 64; ++sample) {
      const int i = sample * 7919 % shape.m, j = sample * 104729 % shape.n;
      Wide sum = 0;
      double magnitude = 0;
      for (int p = 0; p < shape.k; ++p) {
        const Wide x = element(a, shape.op_a, lda(), i, p), y = element(b, shape.op_b, ldb(), p, j);
        sum += x * y;
        magnitude += std::abs(x) * std::abs(y);
      }
      const double bound = 4.0 * (shape.k + 2) * std::numeric_limits<Real>::epsilon() * magnitude;
      if (!(std::abs(Wide(c[size(i, shape.n) + j]) - sum) <= bound)) return false;
    }
    return true;
  }

  Shape shape;
  std::vector<T> a, b, c;
};

// cblas_?gemm of any library: complex alpha and beta go by address.
template <class T>
class Gemm {
 public:
  explicit Gemm(const DynamicLibrary& library) : call_(library.get<Call>(TypeName<T>::gemm)) {}
  void operator()(Product<T>& p) const {
    const Shape& s = p.shape;
    call_(kRowMajor, s.op_a, s.op_b, s.m, s.n, s.k, scalar(kOne), p.a.data(), p.lda(), p.b.data(), p.ldb(),
          scalar(kZero), p.c.data(), s.n);
  }

 private:
  using Scalar = std::conditional_t<kIsComplex<T>, const void*, T>;
  using Call = void(int, int, int, int, int, int, Scalar, const T*, int, const T*, int, Scalar, T*, int);
  static Scalar scalar(const T& value) {
    if constexpr (kIsComplex<T>)
      return &value;
    else
      return value;
  }
  static constexpr T kOne = T(1), kZero = T(0);
  Call* call_;
};

Candidate candidate(const std::string& name, std::function<void()> run, Runtime runtime = Runtime::openmp) {
  Candidate result;
  result.name = name, result.run = std::move(run), result.runtime = runtime;
  return result;
}

struct Settings {
  std::vector<std::string> parts{"door", "complex", "threads"};
  std::string door = SEPTET_BLAS_LIBRARY;
  std::vector<std::string> libraries{"openblas=libopenblas.so.0"};
  std::string json;
  int threads = 1;
};

class Bench {
 public:
  explicit Bench(const Settings& settings) : settings_(settings), door_(settings.door) {
    for (const std::string& entry : settings.libraries) {
      const std::size_t at = entry.find('=');
      peers_.emplace_back(entry.substr(0, at), DynamicLibrary(entry.substr(at + 1)));
      if (auto* set = peers_.back().second.find<void(int)>("openblas_set_num_threads")) set(settings.threads);
      if (auto* set = peers_.back().second.find<void(int)>("MKL_Set_Num_Threads")) set(settings.threads);
    }
    door_.get<int(int)>("septet_blas_set_threads")(settings.threads);
    throw_if_error(set_threads(settings.threads));
  }

  void run() {
    for (const std::string& part : settings_.parts) {
      if (part == "door") {
        heading("the door over septet::gemm, row-major");
        door<float>();
        door<double>();
      } else if (part == "complex") {
        heading("complex, the door over the best of the others");
        complex<std::complex<float>>();
        complex<std::complex<double>>();
      } else {
        heading("threads by default over one thread, through the door");
        threads<float>();
        threads<double>();
      }
    }
    if (!settings_.json.empty()) std::ofstream(settings_.json) << report_.dump(1) << '\n';
  }

 private:
  void heading(const char* text) {
    fmt::print("\n{}\n{:<6}{:>20}{:>12}{:>8}  {}\n", text, "type", "m x n x k", "GFLOP/s", "ratio", "quartiles");
    part_ = text;
  }

  // Ours is the first; the ratio is to the fastest of the others, round by round.
  template <class T>
  double compare(Product<T>& product, std::vector<Candidate> candidates) {
    for (Candidate& candidate : candidates) {
      std::fill(product.c.begin(), product.c.end(), T(std::numeric_limits<float>::quiet_NaN()));
      candidate.run();
      if (!product.is_right()) throw std::runtime_error(candidate.name + ": wrong result");
    }
    MeasureOptions options;
    options.threads = settings_.threads;
    const Measured measured = measure(candidates, options);
    Rounds best = measured.rounds[1];
    for (std::size_t i = 2; i < measured.rounds.size(); ++i) {
      for (std::size_t r = 0; r < best.size(); ++r) best[r] = std::min(best[r], measured.rounds[i][r]);
    }
    const Spread ratio = ratio_of(best, measured.rounds[0]);
    const Shape& s = product.shape;
    const double flops = (kIsComplex<T> ? 8.0 : 2.0) * s.m * s.n * s.k;
    const double rate = flops / spread_of(measured.rounds[0]).median * 1e-9;
    const std::string shape = fmt::format("{}{} {}x{}x{}", letter(s.op_a), letter(s.op_b), s.m, s.n, s.k);
    fmt::print("{:<6}{:>20}{:>12.1f}{:>8.2f}  {:.2f} {:.2f}\n", TypeName<T>::name, shape, rate, ratio.median,
               ratio.lower_quartile, ratio.upper_quartile);
    std::fflush(stdout);
    report_.push_back(
        {{"part", part_}, {"type", TypeName<T>::name}, {"shape", shape}, {"gflops", rate}, {"ratio", ratio.median}});
    return ratio.median;
  }

  static void summary(const std::vector<double>& ratios) {
    double sum = 0, least = ratios.front();
    for (const double ratio : ratios) sum += std::log(ratio), least = std::min(least, ratio);
    fmt::print("geometric mean {:.3f}, least {:.3f}\n", std::exp(sum / static_cast<double>(ratios.size())), least);
  }

  template <class T>
  void door() {
    const Gemm<T> gemm(door_);
    std::vector<double> ratios;
    for (const int size : {32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024}) {
      Product<T> p({size, size, size});
      const auto a = row_major(std::as_const(p.a).data(), size, size),
                 b = row_major(std::as_const(p.b).data(), size, size);
      const auto c = row_major(p.c.data(), size, size);
      ratios.push_back(
          compare(p, {candidate("door", [&] { gemm(p); }), candidate("septet::gemm", [&] { septet::gemm(a, b, c); })}));
    }
    summary(ratios);
  }

  template <class T>
  void complex() {
    std::vector<double> ratios;
    const auto one = [&](const Shape& shape) {
      Product<T> p(shape);
      const Gemm<T> ours(door_);
      std::vector<Candidate> candidates{candidate("door", [&] { ours(p); })};
      for (const auto& [name, library] : peers_) {
        const Runtime runtime = name == "openblas" ? Runtime::own : Runtime::openmp;
        candidates.push_back(candidate(
            name, [&p, theirs = Gemm<T>(library)] { theirs(p); }, runtime));
      }
      ratios.push_back(compare(p, candidates));
    };
    for (const int size : {8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024}) one({size, size, size});
    for (const int op_a : {kNoTrans, kTrans, kConjTrans}) {
      for (const int op_b : {kNoTrans, kTrans, kConjTrans}) one({200, 300, 250, op_a, op_b});
    }
    for (const Shape shape :
         {Shape{1000, 16, 1000}, Shape{16, 1000, 1000}, Shape{1000, 1000, 16}, Shape{4, 500, 500}}) {
      one(shape);
    }
    summary(ratios);
  }

  template <class T>
  void threads() {
    const Gemm<T> gemm(door_);
    // Looking up what the environment says takes longer than a product.
    auto use = [set = door_.get<int(int)>("septet_blas_set_threads"), now = -1](int n) mutable {
      if (now != n) set(now = n);
    };
    std::vector<double> ratios;
    for (const int size : {4, 8, 16, 24, 32, 40, 48, 56, 64}) {
      Product<T> p({size, size, size});
      ratios.push_back(
          compare(p, {candidate("default", [&] { use(0), gemm(p); }), candidate("one", [&] { use(1), gemm(p); })}));
    }
    summary(ratios);
  }

  Settings settings_;
  DynamicLibrary door_;
  std::vector<std::pair<std::string, DynamicLibrary>> peers_;
  std::string part_;
  nlohmann::json report_ = nlohmann::json::array();
};

}  // namespace
}  // namespace septet::bench

int main(int argc, char** argv) {
  septet::bench::Settings settings;
  CLI::App app{"The BLAS door: its own cost, complex products beside other libraries, threads and small products"};
  app.footer("Example: bench_blas complex --library openblas=libopenblas.so.0 --json complex.json");
  app.add_option("parts", settings.parts, "door, complex, threads")
      ->check(CLI::IsMember({"door", "complex", "threads"}));
  app.add_option("--library", settings.libraries, "name=FILE of a BLAS to compare with");
  app.add_option("--threads", settings.threads, "of all")->check(CLI::Range(1, 1024));
  app.add_option("--json", settings.json, "where to write the figures");
  CLI11_PARSE(app, argc, argv);
  try {
    septet::bench::Bench(settings).run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_blas: {}\n", error.what());
    return 1;
  }
  return 0;
}
