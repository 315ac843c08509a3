// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// For compilers without libFuzzer, and for a bounded run that is the same every time: mutates the target's seeds.
//
//   fuzz_packed_csr                   2 seconds from seed 1
//   fuzz_packed_csr --seconds 600 --seed 7
//   fuzz_packed_csr FILE …            what a fuzzer found
#include "target.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

namespace septet::fuzz {
namespace {

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : engine_(seed), corpus_(seeds()) {}

  Input next() {
    Input input = corpus_[below(corpus_.size())];
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) mutate(input);
    return input;
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }

 private:
  // Numbers at which programs go wrong.
  std::uint64_t number() {
    constexpr std::uint64_t kEdges[] = {0, 1, 2, 7, 8, 63, 64, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000};
    const std::uint64_t edge = below(4) == 0 ? engine_() : kEdges[below(std::size(kEdges))];
    return below(3) == 0 ? 0 - edge : edge;
  }

  void mutate(Input& input) {
    if (input.empty()) return input.push_back(static_cast<std::uint8_t>(engine_()));
    const std::size_t at = below(input.size());
    switch (below(7)) {
      case 0:
        input[at] ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 1:
        input[at] = static_cast<std::uint8_t>(number());
        break;
      case 2: {  // a number of 2, 4 or 8 bytes, mostly where one lies
        const std::size_t size = std::size_t{2} << below(3), from = at / size * size;
        const std::uint64_t value = number();
        if (from + size <= input.size()) std::memcpy(input.data() + from, &value, size);
        break;
      }
      case 3:
        input.resize(at);
        break;
      case 4:
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), 1 + below(9),
                     static_cast<std::uint8_t>(number()));
        break;
      case 5:
        input.erase(
            input.begin() + static_cast<std::ptrdiff_t>(at),
            input.begin() + static_cast<std::ptrdiff_t>(at + 1 + below(std::min<std::size_t>(8, input.size() - at))));
        break;
      default: {  // a part of another seed
        const Input& other = corpus_[below(corpus_.size())];
        const std::size_t from = below(other.size()), size = std::min(other.size() - from, input.size() - at);
        std::memcpy(input.data() + at, other.data() + from, below(size + 1));
        break;
      }
    }
  }

  std::mt19937_64 engine_;
  std::vector<Input> corpus_;
};

int replay(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "%s: cannot be read\n", path);
    return 2;
  }
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return 0;
}

int run(double seconds, std::uint64_t seed) {
  std::printf("seed %llu, %g s\n", static_cast<unsigned long long>(seed), seconds);
  std::fflush(stdout);
  for (const Input& input : seeds()) LLVMFuzzerTestOneInput(input.data(), input.size());
  Mutator mutator(seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  long long count = 0;
  for (; std::chrono::steady_clock::now() < end; ++count) {
    const Input input = mutator.next();
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%lld inputs\n", count);
  return count > 0 ? 0 : 1;
}

}  // namespace
}  // namespace septet::fuzz

int main(int argc, char** argv) {
  double seconds = 2;
  std::uint64_t seed = 1;
  bool replayed = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      if (const int code = septet::fuzz::replay(argv[i]); code != 0) return code;
      replayed = true;
    }
  }
  return replayed ? 0 : septet::fuzz::run(seconds, seed);
}
