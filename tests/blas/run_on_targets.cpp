// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
//   run_on_targets PROGRAM ARGUMENT…
//
// Runs the program once for every instruction set that this CPU has, under SEPTET_TARGET; fails if one run does.
#include "septet/gemm.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

int main(int, char** arguments) {
  int failed = 0;
  for (const char* const* target = septet::supported_targets(); *target != nullptr; ++target) {
    std::printf("SEPTET_TARGET=%s\n", *target);
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      setenv("SEPTET_TARGET", *target, 1);
      execv(arguments[1], arguments + 1);
      std::perror(arguments[1]);
      _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      std::printf("failed on %s (status 0x%x)\n", *target, static_cast<unsigned>(status));
      ++failed;
    }
  }
  return failed == 0 ? 0 : 1;
}
