// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Where Linux says it: Documentation/admin-guide/cgroup-v2.rst (cpu.max) and scheduler/sched-bwc.rst
// (cpu.cfs_quota_us).
#include "cpu_limit.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#else
#include <thread>
#endif

namespace septet::detail {
namespace {

constexpr double kNone = std::numeric_limits<int>::max();

// The group of this process in one hierarchy.
struct Group {
  bool version2 = false;
  std::string path;  // from the hierarchy's root
};

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

bool contains(const std::vector<std::string>& list, const char* word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Lines "hierarchy:controllers:path"; version 2 has hierarchy 0 and no controllers.
std::vector<Group> groups_of_process(const std::string& root) {
  std::vector<Group> groups;
  std::ifstream in(root + "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos || line[second + 1] != '/') continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty() || contains(split(controllers, ','), "cpu")) {
      groups.push_back({controllers.empty(), line.substr(second + 1)});
    }
  }
  return groups;
}

// Where a hierarchy can be read: /proc/self/mountinfo has "id parent device root point options … - type source
// options".
struct Mount {
  std::string root, point;
};
bool find_mount(const std::string& root, bool version2, Mount& mount) {
  std::ifstream in(root + "proc/self/mountinfo");
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> words = split(line, ' ');
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 5 || words.end() - dash < 4) continue;
    const bool is_it = version2 ? dash[1] == "cgroup2" : dash[1] == "cgroup" && contains(split(dash[3], ','), "cpu");
    if (!is_it || words[4].empty()) continue;
    mount = {words[3], words[4]};
    return true;
  }
  return false;
}

// Quota over period of one folder. "max" and -1 say that there is none.
double quota_of(const std::string& folder, bool version2) {
  double quota = 0, period = 0;
  if (version2) {
    std::ifstream in(folder + "/cpu.max");
    if (!(in >> quota >> period)) return kNone;
  } else {
    std::ifstream quota_in(folder + "/cpu.cfs_quota_us"), period_in(folder + "/cpu.cfs_period_us");
    if (!(quota_in >> quota) || !(period_in >> period)) return kNone;
  }
  return quota > 0 && period > 0 ? quota / period : kNone;
}

// Where the group lies below the mount. In a container that shows only what is in its own group; of a group elsewhere
// nothing can be seen.
std::string below(const Mount& mount, const std::string& path) {
  if (mount.root == "/") return path;
  const std::size_t size = mount.root.size();
  const bool is_below = path.compare(0, size, mount.root) == 0 && (path.size() == size || path[size] == '/');
  return is_below ? path.substr(size) : "";
}

// Of the group and of all that it is in.
double quota_of(const std::string& root, const Group& group) {
  Mount mount;
  if (!find_mount(root, group.version2, mount)) return kNone;
  std::string path = below(mount, group.path);
  const std::string base = root + mount.point.substr(1);
  double least = quota_of(base, group.version2);
  while (path.size() > 1) {
    least = std::min(least, quota_of(base + path, group.version2));
    path.erase(path.rfind('/'));
  }
  return least;
}

int affinity() {
#if defined(__linux__)
  // The kernel refuses a set smaller than its own.
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 4) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (set == nullptr) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(cpus);
    const int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
  return 1;
#else
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
#endif
}

}  // namespace

int cpu_quota(const std::string& root) {
  double least = kNone;
  for (const Group& group : groups_of_process(root)) least = std::min(least, quota_of(root, group));
  return std::max(1, static_cast<int>(least));
}

int cpu_limit() { return std::min(affinity(), cpu_quota()); }

}  // namespace septet::detail
