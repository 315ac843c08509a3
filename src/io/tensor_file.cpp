// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "tensor_file.hpp"

#include "input.hpp"
#include "npy.hpp"

#include <fmt/format.h>

#include <cstring>
#include <filesystem>

namespace septet::io {
namespace {

Type type_of_element(const NpyArray& array) {
  switch (array.element) {
    case Element::f32:
      return Type::f32;
    case Element::f16:
      return Type::f16;
    case Element::s8:
      return Type::s8;
    case Element::u8:
      return Type::u8;
    case Element::s32:
      return Type::s32;
    default:
      fail(array.path, fmt::format("elements of {}: a tensor is of f32, f16, s8, u8 or s32", name(array.element)));
  }
}

}  // namespace

std::string shape_text(const std::vector<Index>& shape) { return fmt::format("{}", fmt::join(shape, " x ")); }

network::Tensor read_tensor(const std::string& path) {
  const NpyArray array = read_npy_array(path);
  if (array.shape.empty()) fail(path, "a scalar: a tensor has dimensions");
  network::TensorInfo info{std::filesystem::path(path).stem().string(), type_of_element(array), array.shape, {}};
  network::Tensor tensor(std::move(info));
  if (!array.bytes.empty()) std::memcpy(tensor.data(), array.bytes.data(), array.bytes.size());
  return tensor;
}

void write_tensor(const StagedFile& staged, const network::Tensor& tensor) {
  write_npy_array(staged, tensor.info().type, tensor.info().shape, tensor.data());
}

}  // namespace septet::io
