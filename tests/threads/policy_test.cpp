// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Who says how many threads: each case in a process of its own (thread_facts.cpp).
#include "child.hpp"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/stat.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace {

using septet::threads_test::output_of;
using Words = std::vector<std::string>;

bool allow_cpus(int count) {
  cpu_set_t all, some;
  if (sched_getaffinity(0, sizeof all, &all) != 0) return false;
  CPU_ZERO(&some);
  for (int cpu = 0; cpu < CPU_SETSIZE && count > 0; ++cpu) {
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &some), --count;
  }
  return count == 0 && sched_setaffinity(0, sizeof some, &some) == 0;
}

int cpus() {
  cpu_set_t all;
  return sched_getaffinity(0, sizeof all, &all) == 0 ? CPU_COUNT(&all) : 1;
}

// What thread_facts prints; neither variable is set unless it is named.
std::string facts(
    const Words& environment, const std::string& words, const std::function<bool()>& prepare = [] { return true; }) {
  Words command = {THREAD_FACTS}, all = {"SEPTET_NUM_THREADS", "OMP_NUM_THREADS", "OMP_WAIT_POLICY=passive"};
  std::istringstream in(words);
  for (std::string word; in >> word;) command.push_back(word);
  all.insert(all.end(), environment.begin(), environment.end());
  std::string text = output_of(command, all, prepare);
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace

TEST_CASE("the first that says something counts") {
  const std::string septet = "SEPTET_NUM_THREADS=3", openmp = "OMP_NUM_THREADS=5";
  CHECK(facts({septet, openmp}, "threads share share=7") == "3 3 7");
  CHECK(facts({septet, openmp}, "set=2 threads share share=7 share=1") == "2 2 7 1");
  CHECK(facts({openmp}, "threads share share=7") == "5 5 7");
  CHECK(facts({openmp}, "omp=6 threads") == "6");
  CHECK(facts({septet}, "omp=6 threads") == "3");
  CHECK(facts({}, "omp=6 threads") == "6");
#if !defined(__clang__)  // LLVM's runtime aborts on that
  CHECK(facts({"OMP_NUM_THREADS="}, "set=9 threads") == "9");
#endif
  CHECK(facts({"SEPTET_NUM_THREADS=", openmp}, "threads gemm") == "5 ok");
  CHECK(facts({"SEPTET_NUM_THREADS=1024"}, "threads") == "1024");
  CHECK(facts({"SEPTET_NUM_THREADS=1"}, "threads gemm tasks") == "1 ok 1");
  CHECK(facts({"OMP_NUM_THREADS=1"}, "threads gemm tasks") == "1 ok 1");
  CHECK(facts({"SEPTET_NUM_THREADS=3"}, "gemm tasks") == "ok 3");
  CHECK(facts({"OMP_NUM_THREADS=4,2"}, "threads") == "4");
}

TEST_CASE("reset_threads() looks again") {
  CHECK(facts({"SEPTET_NUM_THREADS=3"}, "set=7 threads reset threads") == "7 3");
  CHECK(facts({"OMP_NUM_THREADS=5"}, "threads env=4 threads reset threads env= reset threads") == "5 5 4 5");
  CHECK(facts({"SEPTET_NUM_THREADS=x"}, "gemm env=2 gemm reset gemm threads") ==
        "SEPTET_NUM_THREADS SEPTET_NUM_THREADS ok 2");
  CHECK(facts({"SEPTET_NUM_THREADS=2"}, "gemm env=0 reset gemm") == "ok SEPTET_NUM_THREADS");
}

TEST_CASE("what is no number of threads") {
  for (const char* bad : {"0", "-1", "1025", "x", "2x", "1.5", "0x2", "1e2", "2 3", " ", "99999999999999999999"}) {
    INFO(std::string(bad));
    CHECK(facts({std::string("SEPTET_NUM_THREADS=") + bad}, "gemm") == "SEPTET_NUM_THREADS");
  }
  CHECK(facts({}, "set=3 set=0 set=-1 set=1025 set=2147483647 threads set=1024 threads") ==
        "refused refused refused refused 3 1024");
}

TEST_CASE("whatever else OpenMP is told") {
  for (const char* told : {"OMP_THREAD_LIMIT=1", "OMP_THREAD_LIMIT=2", "OMP_DYNAMIC=true", "OMP_MAX_ACTIVE_LEVELS=0",
                           "OMP_PROC_BIND=true", "OMP_STACKSIZE=64k", "OMP_WAIT_POLICY=active"}) {
    INFO(std::string(told));
    CHECK(facts({"SEPTET_NUM_THREADS=4", told}, "gemm gemm threads") == "ok ok 4");
  }
}

TEST_CASE("affinity") {
  CHECK(facts({}, "limit threads gemm tasks", [] { return allow_cpus(1); }) == "1 1 ok 1");
  CHECK(facts({"SEPTET_NUM_THREADS=2"}, "limit threads gemm tasks", [] { return allow_cpus(1); }) == "1 2 ok 2");
  if (cpus() >= 2) CHECK(facts({}, "limit", [] { return allow_cpus(2); }).substr(0, 1) <= "2");
}

TEST_CASE("one thread within a parallel region of the caller's") {
  CHECK(facts({"SEPTET_NUM_THREADS=4"}, "region region=3 share") == "1 1 4");
}

namespace {

void write(const std::string& file, const std::string& text) { std::ofstream(file) << text << std::endl; }

bool is_written(const std::string& file, const std::string& text) {
  write(file, text);
  std::ifstream in(file);
  std::string now;
  return std::getline(in, now) && now == text;
}

// A group of its own with a quota, in the first hierarchy that allows it; removed afterwards.
class Quota {
 public:
  explicit Quota(double cpus) {
    const int quota = static_cast<int>(std::lround(cpus * 100000));
    const std::string name = "/septet_test_" + std::to_string(getpid());
    for (const char* root : {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"}) {
      if (works(root + name, "/cpu.cfs_quota_us", std::to_string(quota))) return;
    }
    works("/sys/fs/cgroup" + name, "/cpu.max", std::to_string(quota) + " 100000");
  }
  ~Quota() {
    if (ok()) rmdir(folder_.c_str());
  }
  Quota(const Quota&) = delete;
  Quota& operator=(const Quota&) = delete;
  bool ok() const { return !folder_.empty(); }
  /// Puts this process in.
  bool join() const {
    std::ofstream out(folder_ + "/cgroup.procs");
    out << getpid() << std::endl;
    return out.good();
  }

 private:
  bool works(const std::string& folder, const char* file, const std::string& text) {
    struct stat there;
    const bool is_file_system = stat("/sys/fs/cgroup", &there) == 0;
    if (!is_file_system || mkdir(folder.c_str(), 0755) != 0) return false;
    folder_ = folder;
    if (stat((folder + file).c_str(), &there) == 0 && is_written(folder + file, text) &&
        septet::threads_test::in_child([&] { return join(); }) == 0) {
      return true;
    }
    rmdir(folder.c_str());
    folder_.clear();
    return false;
  }
  std::string folder_;
};

}  // namespace

TEST_SUITE("control groups") {
  TEST_CASE("a control group's quota") {
    const Quota one(1), half(0.5);
    if (!one.ok()) {
      std::printf("SKIPPED: this machine lets nobody make a control group with a quota\n");
      return;
    }
    CHECK(facts({}, "quota limit threads gemm tasks", [&] { return one.join(); }) == "1 1 1 ok 1");
    CHECK(facts({"SEPTET_NUM_THREADS=2"}, "limit threads gemm tasks", [&] { return one.join(); }) == "1 2 ok 2");
  }

  TEST_CASE("quotas are whole CPUs, and one at least") {
    const auto with_quota = [](double cpus, const char* words) {
      const Quota group(cpus);
      return group.ok() ? facts({}, words, [&] { return group.join(); }) : std::string("SKIPPED");
    };
    const std::string half = with_quota(0.5, "quota"), more = with_quota(2.9, "quota");
    if (half == "SKIPPED") {
      std::printf("SKIPPED: this machine lets nobody make a control group with a quota\n");
      return;
    }
    CHECK(half == "1");
    CHECK(more == "2");
  }
}
