// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "workspace.hpp"

namespace septet::detail {
namespace {

// What is larger is given back after use.
constexpr Index kMostKept = Index{32} << 20;

struct Kept {
  AlignedBuffer buffer;
  Index bytes = 0;
  bool taken = false;
};

Kept& kept() {
  static thread_local Kept instance;
  return instance;
}

}  // namespace

Workspace::Workspace(Index bytes) {
  if (bytes == 0) return;
  Kept& mine = kept();
  if (mine.taken) {
    own_ = AlignedBuffer(static_cast<std::size_t>(bytes));
    data_ = reinterpret_cast<char*>(own_.data());
    return;
  }
  if (bytes > mine.bytes) {
    mine = {};  // first the old memory back
    mine.buffer = AlignedBuffer(static_cast<std::size_t>(bytes));
    mine.bytes = bytes;
  }
  mine.taken = takes_kept_ = true;
  data_ = reinterpret_cast<char*>(mine.buffer.data());
}

Workspace::~Workspace() {
  if (!takes_kept_) return;
  Kept& mine = kept();
  mine.taken = false;
  if (mine.bytes > kMostKept) mine = {};
}

}  // namespace septet::detail
