// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "operands.hpp"

#include "packing.hpp"

#include <fmt/format.h>

#include <utility>

namespace septet::cli {
namespace {

// Would every value come through as it is (or be refused by convert(), one by one)?
bool keeps_values(Type from, Type to) {
  if (from == to) return true;
  if (from == Type::s16) return !is_narrow_float(to);
  return is_narrow_float(from) && (to == Type::f32 || to == Type::f64);
}

// Converts to the type of the sums. What has another type of its own is refused: rounding is not asked for.
io::OwnedMatrix as_sums(const io::FileMatrix& file, Type sums) {
  Type own{};
  if (io::native_type(file, own) && !keeps_values(own, sums)) {
    refuse(file.path, fmt::format("is {}, the sums are {}", name(file.element), name(sums)));
  }
  io::OwnedMatrix converted;
  throw_if_error(io::convert(file, sums, true, converted));
  return converted;
}

void check_size(Index m, Index n, Type sums) {
  // Dimensions of files are at most 2^24, or there is data for them: the product fits 128 bits.
  const auto bytes = static_cast<__int128>(m) * n * size_of(sums);
  if (bytes <= io::kMaxDenseBytes) return;
  throw Error(Status(Cause::out_of_memory, "C",
                     fmt::format("{} x {} of {} is more than {} bytes", m, n, name(sums), io::kMaxDenseBytes)));
}

}  // namespace

WeightFile::WeightFile(io::FileMatrix file, Type type, int zero_point)
    : file_(std::move(file)), type_(type), always_dense_(zero_point != 0) {}

const io::OwnedMatrix& WeightFile::matrix(bool densify) {
  const bool dense = densify || always_dense_ || !file_.coordinate;
  std::optional<io::OwnedMatrix>& form = dense ? dense_ : sparse_;
  if (!form) {
    io::OwnedMatrix converted;
    throw_if_error(io::convert(file_, type_, dense, converted));
    form = std::move(converted);
    if (!file_.coordinate) std::vector<std::byte>().swap(file_.bytes);  // no other form will be made of them
  }
  return *form;
}

Weights WeightFile::weights(bool densify) {
  matrix(densify);
  return (densify || always_dense_ || !file_.coordinate ? dense_ : sparse_)->weights();
}

io::FileMatrix read_file(const std::string& path) {
  io::FileMatrix file;
  throw_if_error(io::read_matrix(path, file));
  return file;
}

std::optional<Type> own_type(const io::FileMatrix& file) {
  Type type{};
  if (!io::native_type(file, type) || type == Type::s32) return std::nullopt;
  return type;
}

Type operand_type(const io::FileMatrix& file, std::optional<Type> dtype, std::optional<Type> other) {
  const auto own = own_type(file);
  if (!own) return dtype.value_or(other.value_or(Type::f64));
  if (dtype && keeps_values(*own, *dtype)) return *dtype;
  return other && !is_integer(*other) && keeps_values(*own, *other) ? *other : *own;
}

void check_dtype(const Flags& flags, std::initializer_list<const io::FileMatrix*> files) {
  if (!flags.dtype) return;
  const io::FileMatrix* typed = nullptr;
  for (const io::FileMatrix* file : files) {
    const auto own = own_type(*file);
    if (!own || (*own != *flags.dtype && keeps_values(*own, *flags.dtype))) return;
    if (*own != *flags.dtype) typed = file;
  }
  if (typed == nullptr) return;
  refuse("--dtype", fmt::format("{} is for operands without a type of their own; {} is {}", name(*flags.dtype),
                                typed->path, name(typed->element)));
}

io::OwnedMatrix load_preload(const Flags& flags, Index m, Index n, Type sums, GemmOptions& options) {
  if (flags.preload.empty()) return {};
  const io::FileMatrix file = read_file(flags.preload);
  const bool full = file.rows == m && file.cols == n;
  const bool per_row = file.rows == m && file.cols == 1, per_column = file.rows == 1 && file.cols == n;
  if (!full && !per_row && !per_column) {
    refuse(flags.preload,
           fmt::format("is {} x {}; {} x {}, {} x 1 or 1 x {} is expected", file.rows, file.cols, m, n, m, n));
  }
  io::OwnedMatrix preload = as_sums(file, sums);
  options.preload =
      ConstMatrix(preload.values.data(), sums, m, n, full || per_row ? file.cols : 0, full || per_column ? 1 : 0);
  return preload;
}

Product load_product(const Flags& flags) {
  check_arithmetic(flags);
  Product product;
  product.names.a = flags.a;
  product.names.b = flags.b;
  if (!flags.output.empty()) product.names.c = flags.output;
  product.names.preload = flags.preload;
  product.options = flags.gemm;
  io::FileMatrix a = read_file(flags.a);
  const io::FileMatrix b = read_file(flags.b);
  take_stored(flags, a, product.options);
  product.options.b_zero_point = b_zero_point_of(flags, b);
  check_dtype(flags, {&a, &b});
  const Type a_type = operand_type(a, flags.dtype, own_type(b));
  const Type b_type = operand_type(b, flags.dtype, own_type(a));
  check_accumulators(flags, a_type);
  if (a.cols != b.rows) {
    refuse(flags.b, fmt::format("is {} x {}, but A ({}) is {} x {}: as many rows as A has columns are needed", b.rows,
                                b.cols, flags.a, a.rows, a.cols));
  }
  check_size(a.rows, b.cols, accumulator_of(a_type));
  product.preload = load_preload(flags, a.rows, b.cols, accumulator_of(a_type), product.options);
  throw_if_error(io::convert(b, b_type, true, product.b));
  const int zero_point = product.options.a_zero_point;
  product.a = WeightFile(std::move(a), a_type, zero_point);
  return product;
}

io::OwnedMatrix make_output(const Flags& flags, const Product& product) {
  if (product.options.beta == 0) {
    io::OwnedMatrix zeros;
    zeros.type = product.sums();
    zeros.rows = product.m();
    zeros.cols = product.n();
    zeros.values.resize(static_cast<std::size_t>(zeros.rows * zeros.cols * size_of(zeros.type)));
    return zeros;
  }
  if (flags.output.empty()) refuse("--beta", "needs -o FILE.npy: the old C is read from there");
  io::FileMatrix file;
  const Status status = io::read_matrix(flags.output, file);
  if (!status.ok()) refuse(flags.output, "--beta reads the old C from here: " + status.message());
  if (file.rows != product.m() || file.cols != product.n()) {
    refuse(flags.output, fmt::format("is {} x {}, the product is {} x {}: --beta adds to the old C", file.rows,
                                     file.cols, product.m(), product.n()));
  }
  return as_sums(file, product.sums());
}

}  // namespace septet::cli
