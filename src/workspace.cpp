// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "workspace.hpp"

namespace septet::detail {
namespace {

// What is larger is given back after use.
constexpr Index kMostKept = Index{32} << 20;

// The thread's own is gone: it multiplies in another object's destructor. (Has none itself, so it can still be read.)
thread_local bool gone = false;

struct Kept {
  AlignedBuffer buffer;
  Index bytes = 0;
  bool taken = false;
};

struct OfThread : Kept {
  ~OfThread() { gone = true; }
};

Kept& kept() {
  static thread_local OfThread instance;
  return instance;
}

}  // namespace

bool thread_is_ending() { return gone; }

Workspace::Workspace(Index bytes) {
  if (bytes == 0) return;
  if (gone || kept().taken) {
    own_ = AlignedBuffer(static_cast<std::size_t>(bytes));
    data_ = reinterpret_cast<char*>(own_.data());
    return;
  }
  Kept& mine = kept();
  if (bytes > mine.bytes) {
    mine = {};  // first the old memory back
    mine.buffer = AlignedBuffer::in_large_pages(static_cast<std::size_t>(bytes));
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
