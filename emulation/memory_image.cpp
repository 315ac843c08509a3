// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// memory_image(): A as the array's memory holds it, and the sizes. docs/images.md.
#include "septet/emulation/memory_image.hpp"

#include "engine.hpp"
#include "src/arithmetic.hpp"
#include "src/validate.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace septet::emulation {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr Index kMostWord = std::numeric_limits<std::uint32_t>::max();

// Vectors of a tile lie one after the other; `tiled` is the view with the tiles along its rows.
std::vector<std::byte> dense_tiles(const ConstMatrix& tiled, Index tile) {
  const Index size = size_of(tiled.type);
  std::vector<std::byte> bytes(static_cast<std::size_t>(tiled.rows * tiled.cols * size));
  const std::byte* data = static_cast<const std::byte*>(tiled.data);
  std::byte* to = bytes.data();
  for (Index begin = 0; begin < tiled.rows; begin += tile) {
    const Index end = std::min(begin + tile, tiled.rows);
    for (Index vector = 0; vector < tiled.cols; ++vector) {
      for (Index i = begin; i < end; ++i, to += size) {
        std::memcpy(to, data + (i * tiled.row_stride + vector * tiled.col_stride) * size, size);
      }
    }
  }
  return bytes;
}

std::vector<std::byte> dense_image(const Weights& a, const GemmOptions& options) {
  std::vector<std::byte> buffer;
  const ConstMatrix dense = detail::dense_form(a, options.a_zero_point, buffer);
  if (options.dataflow == Dataflow::dIS) {
    return dense_tiles({dense.data, dense.type, dense.cols, dense.rows, dense.col_stride, dense.row_stride},
                       options.array.height);
  }
  return dense_tiles(dense, options.dataflow == Dataflow::dWS ? options.array.width : options.array.height);
}

Status fill_sizes(const Weights& a, Index n, Type b_type, const GemmOptions& options, Timing timing,
                  MemoryImage& image) {
  const auto put = [&](SizesWord word, auto value) { image.sizes[word] = static_cast<std::uint32_t>(value); };
  const Index a_bytes = static_cast<Index>(image.a.size());
  for (const auto& [what, size] : {std::pair{"m", a.rows()}, {"k", a.cols()}, {"bytes of a", a_bytes}}) {
    if (size > kMostWord) {
      return {Cause::bad_shape, "a", std::to_string(size) + " (" + what + ") does not fit a word of 32 bits"};
    }
  }
  put(kSizesVersion, kVersion);
  put(kSizesDataflow, options.dataflow);
  put(kSizesM, a.rows()), put(kSizesN, n), put(kSizesK, a.cols());
  put(kSizesHeight, options.array.height), put(kSizesWidth, options.array.width);
  put(kSizesLanes, options.dataflow == Dataflow::csOS ? options.combine.lanes : 1);
  put(kSizesTiming, timing), put(kSizesAccumulate, options.accumulate);
  put(kSizesPreload, detail::has_preload(options));
  put(kSizesABytes, a_bytes);
  put(kSizesAType, a.type()), put(kSizesBType, b_type), put(kSizesSumType, accumulator_of(a.type()));
  put(kSizesAZeroPoint, options.a_zero_point), put(kSizesBZeroPoint, options.b_zero_point);
  return {};
}

// As a product with a B and a C of which the shapes and types alone are known.
Status validate(const Weights& a, Index n, Type b_type, const GemmOptions& options) {
  if (n < 0) return {Cause::bad_shape, "n", std::to_string(n) + " is negative"};
  if (n > kMostWord) return {Cause::bad_shape, "n", std::to_string(n) + " does not fit a word of 32 bits"};
  static const double nothing = 0;
  const ConstMatrix b(&nothing, b_type, a.cols(), n, 0, 0);
  const Matrix c(const_cast<double*>(&nothing), accumulator_of(a.type()), a.rows(), n, 0, 0);
  const Status status = detail::validate_operands(a, b, c, options);
  return status.argument() == "b" ? Status(status.cause(), "b_type", status.message()) : status;
}

}  // namespace

Status try_memory_image(const Weights& a, Index n, Type b_type, const GemmOptions& options,
                        const ArrayOptions& array_options, MemoryImage& image) {
  return detail::guarded([&]() -> Status {
    GemmOptions chosen = options;
    chosen.epilogue = {};
    if (Status status = validate(a, n, b_type, chosen); !status.ok()) return status;
    chosen = detail::resolved(a, chosen);
    if (Status status = validate_array_options(chosen, array_options, a.type(), b_type); !status.ok()) return status;
    if (array_options.a_word_bits != 0) {
      return {Cause::bad_option, "array_options.a_word_bits", "an image has A's words in their type"};
    }
    MemoryImage made;
    made.a = is_sparse(chosen.dataflow) ? streamed_form(a, chosen)->bytes : dense_image(a, chosen);
    if (Status status = fill_sizes(a, n, b_type, chosen, array_options.timing, made); !status.ok()) return status;
    image = std::move(made);
    return {};
  });
}

MemoryImage memory_image(const Weights& a, Index n, Type b_type, const GemmOptions& options,
                         const ArrayOptions& array_options) {
  MemoryImage image;
  throw_if_error(try_memory_image(a, n, b_type, options, array_options, image));
  return image;
}

}  // namespace septet::emulation
