// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "image_blocks.hpp"

#include "share.hpp"
#include "src/arithmetic.hpp"

#include <cstring>

namespace septet::network {
namespace {

using detail::ceil_div;

constexpr Index kMost = 64;      // bytes of a cache line; of f32 four vectors of the longest kind
constexpr Index kLanes = 16;     // of the longest vectors of f32
constexpr Index kLeast = 8;      // images, in a block that is mostly padding then
constexpr Index kElements = 64;  // that are turned together

// f(block, first image, images, first element, elements) for tiles that together are everything.
template <class F>
void for_tiles(const ImageBlocks& blocks, F&& f) {
  const Index pieces = ceil_div(blocks.elements, kElements), items = blocks.count * pieces;
  share(items, threads_for(items, 0, blocks.batch * blocks.elements), [&](Index item, int /*worker*/) {
    const Index block = item / pieces, first = item % pieces * kElements;
    const Index image = block * blocks.at_once, images = std::min(blocks.at_once, blocks.batch - image);
    f(block, image, images, first, std::min(kElements, blocks.elements - first));
  });
}

template <class T>
void to_blocks_of(const ImageBlocks& b, const T* from, T* to) {
  for_tiles(b, [&](Index block, Index image, Index images, Index first, Index count) {
    const T* x = from + image * b.elements + first;
    T* y = to + (block * b.elements + first) * b.at_once;
    for (Index e = 0; e < count; ++e, y += b.at_once) {
      for (Index i = 0; i < images; ++i) y[i] = x[i * b.elements + e];
      std::memset(y + images, 0, static_cast<std::size_t>(b.at_once - images) * sizeof(T));
    }
  });
}

template <class T>
void from_blocks_of(const ImageBlocks& b, const T* from, T* to) {
  for_tiles(b, [&](Index block, Index image, Index images, Index first, Index count) {
    const T* x = from + (block * b.elements + first) * b.at_once;
    for (Index i = 0; i < images; ++i) {
      T* y = to + (image + i) * b.elements + first;
      for (Index e = 0; e < count; ++e) y[e] = x[e * b.at_once + i];
    }
  });
}

}  // namespace

ImageBlocks::ImageBlocks(const TensorInfo& x) : batch(x.dim(0)) {
  count = ceil_div(batch, kMost);
  const bool bytes = size_of(x.type) == 1;
  at_once = bytes ? kMost : ceil_div(ceil_div(batch, std::max<Index>(count, 1)), kLanes) * kLanes;
  elements = batch == 0 ? 0 : x.elements() / batch;
}

bool ImageBlocks::worthwhile() const { return batch >= kLeast; }

TensorInfo ImageBlocks::laid_out(TensorInfo info) {
  const ImageBlocks blocks(info);
  info.shape.front() = blocks.count, info.shape.back() *= blocks.at_once;
  return info;
}

void to_blocks(const ImageBlocks& blocks, const void* from, Index size, void* to) {
  if (size == 1) return to_blocks_of(blocks, static_cast<const std::uint8_t*>(from), static_cast<std::uint8_t*>(to));
  to_blocks_of(blocks, static_cast<const std::uint32_t*>(from), static_cast<std::uint32_t*>(to));
}

void from_blocks(const ImageBlocks& blocks, const void* from, Index size, void* to) {
  if (size == 1) return from_blocks_of(blocks, static_cast<const std::uint8_t*>(from), static_cast<std::uint8_t*>(to));
  from_blocks_of(blocks, static_cast<const std::uint32_t*>(from), static_cast<std::uint32_t*>(to));
}

}  // namespace septet::network
