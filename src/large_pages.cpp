// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "large_pages.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <new>

namespace septet::detail {
namespace {

constexpr std::size_t kLine = 64, kPage = std::size_t{2} << 20, kWorth = kPage / 2;

}  // namespace

std::size_t large_alignment(std::size_t bytes) { return bytes < kWorth ? kLine : kPage; }

std::byte* allocate_large(std::size_t bytes) {
  const std::size_t alignment = large_alignment(bytes);
  const std::size_t whole = alignment == kPage ? (bytes + kPage - 1) / kPage * kPage : bytes;
  auto* data = static_cast<std::byte*>(::operator new (whole, std::align_val_t{alignment}));
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (alignment == kPage) madvise(data, whole, MADV_HUGEPAGE);  // advice: refused, all is as it was
#endif
  return data;
}

}  // namespace septet::detail
