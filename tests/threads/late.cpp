// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Products when a thread or the process is about to end: in destructors of thread-local and static objects that are
// older than the library's own, and in a handler of atexit().
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

extern "C" {
void cblas_dgemm(int, int, int, int, int, int, double, const double*, int, const double*, int, double, double*, int);
void cblas_zgemm(int, int, int, int, int, int, const void*, const void*, int, const void*, int, const void*, void*,
                 int);
int septet_blas_set_threads(int);
}

namespace {

bool right(int size) {
  const auto elements = static_cast<std::size_t>(size) * static_cast<std::size_t>(size);
  std::vector<double> a(2 * elements, 2), b(2 * elements, 3), c(2 * elements);
  cblas_dgemm(101, 112, 112, size, size, size, 1, a.data(), size, b.data(), size, 0, c.data(), size);
  bool all = true;
  for (std::size_t i = 0; i < elements; ++i) all = all && c[i] == 6.0 * size;
  const double one[2] = {1, 0}, zero[2] = {0, 0};
  cblas_zgemm(101, 112, 112, size, size, size, one, a.data(), size, b.data(), size, zero, c.data(), size);
  for (std::size_t i = 0; i < elements; ++i) all = all && c[2 * i] == 0 && c[2 * i + 1] == 12.0 * size;
  return all;
}

void expect(const char* when) {
  for (const int size : {8, 200, 300}) {
    if (right(size)) continue;
    std::printf("wrong %s, %d\n", when, size);
    std::fflush(stdout);
    _exit(1);
  }
}

struct AtEnd {
  const char* when;
  ~AtEnd() { expect(when); }
};
AtEnd of_process{"in a static object's destructor"};

void of_key(void*) { expect("in a key's destructor"); }

}  // namespace

int main() {
  std::atexit([] { expect("in a handler of atexit()"); });
  pthread_key_t key;
  pthread_key_create(&key, of_key);
  static thread_local AtEnd of_main{"in the main thread's object's destructor"};
  expect(of_main.when == nullptr ? "" : "in main()");
  septet_blas_set_threads(3);
  std::thread([&] {
    static thread_local AtEnd of_thread{"in a thread's object's destructor"};
    pthread_setspecific(key, &of_process);
    expect(of_thread.when == nullptr ? "" : "in a thread");
  }).join();
  return 0;
}
