// A program of somebody else's: a product, a packed product, a run on the array and an error. Exits with 0 if all four
// are as they should be.
#include <septet/septet.hpp>

#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

int failures = 0;

void expect(bool condition, const char* what) {
  if (condition) return;
  std::printf("consumer: wrong: %s\n", what);
  ++failures;
}

// Whole numbers small enough that every order of summation is exact; one element in three is not zero.
float a_at(int i, int k) { return (i + k) % 3 == 0 ? static_cast<float>((i * 7 + k) % 13 - 6) : 0; }
float b_at(int k, int j) { return static_cast<float>((k * 5 + j * 3) % 11 - 5); }

}  // namespace

int main() {
  constexpr int m = 37, n = 29, k = 53;
  std::vector<float> a(m * k), b(k * n), expected(m * n);
  for (int i = 0; i < m; ++i) {
    for (int p = 0; p < k; ++p) a[i * k + p] = a_at(i, p);
  }
  for (int p = 0; p < k; ++p) {
    for (int j = 0; j < n; ++j) b[p * n + j] = b_at(p, j);
  }
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      for (int p = 0; p < k; ++p) expected[i * n + j] += a[i * k + p] * b[p * n + j];
    }
  }
  const auto a_view = septet::row_major(a.data(), m, k);
  const auto b_view = septet::row_major(b.data(), k, n);

  std::vector<float> c(m * n, -1);
  septet::gemm(a_view, b_view, septet::row_major(c.data(), m, n));
  expect(c == expected, "gemm");

  septet::GemmOptions options;
  options.dataflow = septet::Dataflow::sWS;
  options.array = {8, 8};
  septet::PackOptions pack_options;
  pack_options.dataflow = options.dataflow;
  pack_options.array = options.array;
  std::vector<float> packed_c(m * n, -1);
  septet::gemm(septet::pack(a_view, pack_options), b_view, septet::row_major(packed_c.data(), m, n), options);
  expect(packed_c == expected, "gemm with a packed A");

  std::vector<float> array_c(m * n, -1);
  const auto report = septet::emulation::emulate(a_view, b_view, septet::row_major(array_c.data(), m, n), options);
  expect(array_c == expected, "emulate");
  expect(report.cycles == septet::emulation::cycles(a_view, n, septet::Type::f32, options).cycles, "cycles");

  try {
    septet::gemm(a_view, a_view, septet::row_major(c.data(), m, n));
    expect(false, "a product of matrices that do not fit");
  } catch (const septet::Error& error) {
    expect(error.status().cause() == septet::Cause::bad_shape, "the cause of an error");
  }
  if (failures == 0) std::printf("consumer: all as it should be, on %s\n", septet::target());
  return failures == 0 ? 0 : 1;
}
