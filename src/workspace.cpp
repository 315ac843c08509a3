// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "workspace.hpp"

namespace septet::detail {
namespace {

constexpr std::size_t kKept = std::size_t{32} << 20;

struct Kept {
  AlignedBuffer buffer;
  std::size_t bytes = 0;
};

Kept& kept() {
  static thread_local Kept instance;
  return instance;
}

}  // namespace

char* Workspace::of_this_thread(std::size_t bytes) {
  Kept& mine = kept();
  if (bytes > mine.bytes) {
    mine = {};  // first the old memory back
    mine = {AlignedBuffer(bytes), bytes};
  }
  return reinterpret_cast<char*>(mine.buffer.data());
}

void Workspace::release() {
  if (kept().bytes > kKept) kept() = {};
}

}  // namespace septet::detail
