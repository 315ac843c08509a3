// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Other processes, and what this one has open. Linux only.
#pragma once

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace septet::threads_test {

/// Entries of a folder; 0 if there is none.
inline int entries(const char* folder) {
  int count = 0;
  DIR* const dir = opendir(folder);
  if (dir == nullptr) return 0;
  while (const dirent* entry = readdir(dir)) count += entry->d_name[0] != '.' ? 1 : 0;
  closedir(dir);
  return count;
}
inline int tasks() { return entries("/proc/self/task"); }

/// How a process ended: what its _exit() was given, or 1000 + the signal.
inline int ended(pid_t child) {
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// body() in a child that has so many seconds: 0 if it said true, 1014 if it never ended.
template <class F>
int in_child(F&& body, unsigned seconds = 20) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(seconds);
    _exit(body() ? 0 : 1);
  }
  return ended(child);
}

/// Standard output of a program that is given this environment besides its parent's ("NAME=value"; "NAME": without),
/// after prepare() has been run in its process; "failed" if it did not end well.
inline std::string output_of(
    const std::vector<std::string>& command, const std::vector<std::string>& environment,
    const std::function<bool()>& prepare = [] { return true; }) {
  int ends[2];
  if (pipe(ends) != 0) return "failed";
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 1);
    close(ends[0]), close(ends[1]);
    for (const std::string& variable : environment) {
      const std::size_t equals = variable.find('=');
      if (equals == std::string::npos) unsetenv(variable.c_str());
      if (equals != std::string::npos) setenv(variable.substr(0, equals).c_str(), variable.c_str() + equals + 1, 1);
    }
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    alarm(30);
    if (prepare()) execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(ends[1]);
  std::string text;
  char buffer[512];
  for (ssize_t bytes = read(ends[0], buffer, sizeof buffer); bytes > 0; bytes = read(ends[0], buffer, sizeof buffer)) {
    text.append(buffer, static_cast<std::size_t>(bytes));
  }
  close(ends[0]);
  return ended(child) == 0 ? text : "failed: " + text;
}

}  // namespace septet::threads_test
