// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// cpu_quota() on file trees of every kind that there is, and on nonsense.
#include "src/cpu_limit.hpp"

#include <doctest/doctest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

using septet::detail::cpu_quota;

constexpr int kNone = 1000000;  // and more

// A folder that stands for "/", removed with everything in it.
class Tree {
 public:
  Tree() {
    char name[] = "/tmp/septet_quota_XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    root_ = std::string(name) + "/";
  }
  ~Tree() { std::filesystem::remove_all(root_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  Tree& file(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
    return *this;
  }
  Tree& group(const std::string& lines) { return file("proc/self/cgroup", lines); }
  Tree& mounts(const std::string& lines) { return file("proc/self/mountinfo", lines); }
  /// Version 1's two files.
  Tree& v1(const std::string& folder, const std::string& quota, const std::string& period) {
    file(folder + "/cpu.cfs_quota_us", quota + "\n");
    return file(folder + "/cpu.cfs_period_us", period + "\n");
  }
  int quota() const { return cpu_quota(root_); }

 private:
  std::string root_;
};

const char* const kMount2 = "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const char* const kMount1 =
    "24 23 8:1 / / rw - ext4 /dev/sda1 rw\n"
    "30 23 0:27 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
    "33 30 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "32 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n";

int v2(const std::string& cpu_max) {
  Tree tree;
  tree.group("0::/jobs/one\n").mounts(kMount2).file("sys/fs/cgroup/jobs/one/cpu.max", cpu_max);
  return tree.quota();
}

}  // namespace

TEST_CASE("nothing to read") {
  CHECK(Tree().quota() >= kNone);
  CHECK(Tree().group("0::/\n").quota() >= kNone);
  CHECK(Tree().mounts(kMount2).quota() >= kNone);
  CHECK(Tree().group("0::/jobs\n").mounts(kMount2).quota() >= kNone);
  CHECK(Tree().group("").mounts("").quota() >= kNone);
}

TEST_CASE("version 2") {
  CHECK(v2("max 100000\n") >= kNone);
  CHECK(v2("100000 100000\n") == 1);
  CHECK(v2("200000 100000") == 2);
  CHECK(v2("399999 100000\n") == 3);
  CHECK(v2("1000 100000\n") == 1);
  CHECK(v2("1600000 50000\n") == 32);
  for (const char* nonsense : {"", "\n", "max", "100000\n", "a b\n", "-1 100000\n", "100000 0\n", "100000 -5\n",
                               "0 0\n", "1e300 1e-300\n", "nan nan\n", "inf 1\n", "99999999999999999999 1\n"}) {
    INFO(std::string(nonsense));
    CHECK(v2(nonsense) >= kNone);
  }
}

TEST_CASE("version 2: every group around it counts") {
  const auto nested = [](const char* outer, const char* middle, const char* inner) {
    Tree tree;
    tree.group("0::/a/b/c\n").mounts(kMount2);
    tree.file("sys/fs/cgroup/a/cpu.max", outer).file("sys/fs/cgroup/a/b/cpu.max", middle);
    return tree.file("sys/fs/cgroup/a/b/c/cpu.max", inner).quota();
  };
  CHECK(nested("200000 100000", "max 100000", "800000 100000") == 2);
  CHECK(nested("max 100000", "300000 100000", "max 100000") == 3);
  CHECK(nested("800000 100000", "max 100000", "100000 100000") == 1);
  CHECK(nested("max 100000", "max 100000", "max 100000") >= kNone);
  // Of the whole hierarchy: within a container its own group looks like the root.
  Tree container;
  CHECK(container.group("0::/\n").mounts(kMount2).file("sys/fs/cgroup/cpu.max", "250000 100000").quota() == 2);
}

TEST_CASE("version 1") {
  const auto v1 = [](const std::string& quota, const std::string& period) {
    Tree tree;
    tree.group("5:cpuset:/\n4:cpu,cpuacct:/jobs/one\n0::/\n").mounts(kMount1);
    return tree.v1("sys/fs/cgroup/cpu,cpuacct/jobs/one", quota, period).quota();
  };
  CHECK(v1("-1", "100000") >= kNone);
  CHECK(v1("100000", "100000") == 1);
  CHECK(v1("50000", "100000") == 1);
  CHECK(v1("450000", "100000") == 4);
  for (const char* nonsense : {"", "x", "0", "max"}) CHECK(v1(nonsense, "100000") >= kNone);
  for (const char* nonsense : {"", "x", "0", "-1"}) CHECK(v1("100000", nonsense) >= kNone);
  Tree outer;  // the group around it
  outer.group("4:cpu,cpuacct:/jobs/one\n").mounts(kMount1);
  outer.v1("sys/fs/cgroup/cpu,cpuacct/jobs/one", "-1", "100000")
      .v1("sys/fs/cgroup/cpu,cpuacct/jobs", "300000", "100000");
  CHECK(outer.quota() == 3);
  Tree other;  // cpuset's and cpuacct's groups are not cpu's
  other.group("5:cpuset:/jobs\n3:cpuacct:/jobs\n").mounts(kMount1);
  CHECK(other.v1("sys/fs/cgroup/cpu,cpuacct/jobs", "100000", "100000").quota() >= kNone);
}

TEST_CASE("both versions side by side: the smaller") {
  Tree tree;
  tree.group("4:cpu:/x\n0::/y\n")
      .mounts(std::string(kMount1) + "41 30 0:38 / /sys/fs/cgroup/unified rw - cgroup2 c rw\n");
  tree.v1("sys/fs/cgroup/cpu,cpuacct/x", "500000", "100000").file("sys/fs/cgroup/unified/y/cpu.max", "300000 100000");
  CHECK(tree.quota() == 3);
}

TEST_CASE("a container sees its own group where the mount begins") {
  const auto mounted = [](const std::string& mount_root, const std::string& group, const std::string& folder) {
    Tree tree;
    tree.group("4:cpu,cpuacct:" + group + "\n");
    tree.mounts("32 30 0:29 " + mount_root + " /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n");
    return tree.v1("sys/fs/cgroup/cpu" + folder, "200000", "100000").quota();
  };
  CHECK(mounted("/docker/abc", "/docker/abc", "") == 2);
  CHECK(mounted("/docker/abc", "/docker/abc/inner", "/inner") == 2);
  CHECK(mounted("/docker/abc", "/docker/abc/inner", "") == 2);
  CHECK(mounted("/docker/abc", "/", "") == 2);
  CHECK(mounted("/", "/docker/abc", "/docker/abc") == 2);
  // A neighbour whose name begins like the mount's is not below it.
  CHECK(mounted("/docker/abc", "/docker/abcdef", "def") >= kNone);
  CHECK(mounted("/docker/abc", "/docker/abcdef/x", "def/x") >= kNone);
  CHECK(mounted("/docker/abc", "/other", "/unrelated") >= kNone);
  // Outside the mount and the namespace.
  CHECK(mounted("/../..", "/../../x", "/unrelated") >= kNone);
}

TEST_CASE("nonsense in /proc") {
  const std::string words[] = {"",
                               ":",
                               "::",
                               "0::",
                               "0::x",
                               "0:::",
                               "::::",
                               "\n\n",
                               "0::/a//b/",
                               "0::no/slash",
                               "4:cpu",
                               "4:cpu:",
                               "4:cpu:x",
                               std::string(100000, 'x'),
                               std::string("0::/") + std::string(5000, 'y'),
                               std::string("\0\1\2", 3)};
  const std::string mounts[] = {"",
                                " ",
                                "-",
                                "a b c d e f",
                                "1 2 3 / ",
                                "1 2 3 /  - cgroup2 x y",
                                "1 2 3 / /sys - cgroup2",
                                "1 2 3   - cgroup2 x rw",
                                "- - - - - - - -",
                                "1 2 3 /x /sys rw - cgroup2 a b",
                                "1 2 3 / relative rw - cgroup2 a b",
                                "1 2 3 /  rw - cgroup2 a b",
                                "1 2 3 / /sys rw - cgroup2 a",
                                kMount2};
  for (const std::string& group : words) {
    for (const std::string& mount : mounts) {
      INFO("\"" << group.substr(0, 40) << "\" and \"" << mount << "\"");
      Tree tree;
      tree.group(group + "\n").mounts(mount + "\n");
      int quota = 0;
      CHECK_NOTHROW(quota = tree.quota());
      CHECK(quota >= 1);
    }
  }
}

TEST_CASE("the machine's own: never more than its affinity, nor than its quota") {
  cpu_set_t set;
  REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
  CHECK(septet::detail::cpu_limit() == std::min(CPU_COUNT(&set), septet::detail::cpu_quota()));
}
