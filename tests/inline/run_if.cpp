// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// run_if FEATURES PROGRAM …: runs PROGRAM if this CPU has the features ("avx2", "avx2+fma"), else says so and returns
// 77, which CTest reports as skipped. Built without -m flags: a program with them might not get as far as its main.
#include <unistd.h>

#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  bool has = false;
#if defined(__x86_64__) || defined(__i386__)
  __builtin_cpu_init();
  has = __builtin_cpu_supports("avx2") && (std::strcmp(argv[1], "avx2") == 0 || __builtin_cpu_supports("fma"));
#endif
  if (!has) {
    std::printf("skipped: this CPU has no %s\n", argv[1]);
    return 77;
  }
  execv(argv[2], argv + 2);
  std::perror(argv[2]);
  return 2;
}
