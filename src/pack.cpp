// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// pack(), unpack() and update_values() at the public edge; the formats themselves are in formats/.
#include "choose.hpp"
#include "environment.hpp"
#include "septet/spmm.hpp"
#include "validate.hpp"

namespace septet {

Status try_pack(const Weights& a, const PackOptions& options, PackedMatrix& packed) {
  const detail::CallScope scope;  // a subnormal weight is no zero, whatever the caller flushes
  return detail::guarded([&]() -> Status {
    if (Status status = detail::validate_pack(a, options); !status.ok()) return status;
    if (detail::is_open(a.rows(), a.cols(), options)) {
      if (!detail::environment_ok()) return detail::environment_status();
      packed = PackedMatrix(detail::pack_quickest(a, options));
      return {};
    }
    packed = PackedMatrix(detail::pack_any(a, detail::resolved(a, options)));
    return {};
  });
}

PackedMatrix pack(const Weights& a, const PackOptions& options) {
  PackedMatrix packed;
  throw_if_error(try_pack(a, options, packed));
  return packed;
}

namespace detail {
namespace {

// The non-zeros of whatever `a` is.
CsrArrays csr_of(const Weights& a, int zero_point) {
  if (a.sparse() != nullptr) return csr_from(*a.sparse(), zero_point);
  const bool as_stored =
      a.packed() != nullptr && a.packed()->format() != Format::dense && a.packed()->options().zero_point == zero_point;
  if (as_stored) return csr_from(*a.packed()->storage());
  std::vector<std::byte> buffer;
  return csr_from(dense_form(a, zero_point, buffer), zero_point);
}

}  // namespace

std::shared_ptr<const PackedStorage> pack_any(const Weights& a, const PackOptions& chosen) {
  std::vector<std::byte> buffer;
  if (chosen.format == Format::dense) return pack_dense(dense_form(a, chosen.zero_point, buffer), chosen);
  return pack_csr(csr_of(a, chosen.zero_point), chosen);
}

std::shared_ptr<const PackedStorage> pack_quickest(const Weights& a, const PackOptions& options, bool dense_too) {
  CsrArrays csr = csr_of(a, options.zero_point);
  const Choice choice = choose_format(csr, options, dense_too);
  std::shared_ptr<const PackedStorage> packed =
      choice.options.format == Format::dense ? pack_any(a, choice.options) : pack_csr(std::move(csr), choice.options);
  std::const_pointer_cast<PackedStorage>(packed)->why = choice.why;  // nobody else has it yet
  return packed;
}

ConstMatrix dense_form(const Weights& a, int zero_point, std::vector<std::byte>& buffer) {
  if (a.dense() != nullptr) return *a.dense();
  buffer.resize(a.rows() * a.cols() * size_of(a.type()));
  const Matrix view(buffer.data(), a.type(), a.rows(), a.cols(), a.cols(), 1);
  if (a.sparse() != nullptr) {
    expand(csr_from(*a.sparse(), zero_point), zero_point, view);
  } else {
    unpack(*a.packed(), view);
  }
  return view;
}

}  // namespace detail

Status try_unpack(const PackedMatrix& packed, const Matrix& a) {
  return detail::guarded([&]() -> Status {
    if (Status status = detail::validate_unpack(packed, a); !status.ok()) return status;
    const detail::PackedStorage& storage = *packed.storage();
    if (storage.options.format != Format::dense) {
      detail::expand(storage, a);
      return {};
    }
    detail::unpack_dense(storage, a);
    return {};
  });
}

void unpack(const PackedMatrix& packed, const Matrix& a) { throw_if_error(try_unpack(packed, a)); }

Status try_update_values(const PackedMatrix& packed, const Weights& a, PackedMatrix& updated) {
  const detail::FpEnvironment environment;
  return detail::guarded([&]() -> Status {
    if (Status status = detail::validate_update(packed, a); !status.ok()) return status;
    const PackOptions& options = packed.options();
    updated = PackedMatrix(options.format == Format::dense
                               ? detail::pack_any(a, options)
                               : detail::with_values(*packed.storage(), detail::csr_of(a, options.zero_point)));
    return {};
  });
}

PackedMatrix update_values(const PackedMatrix& packed, const Weights& a) {
  PackedMatrix updated;
  throw_if_error(try_update_values(packed, a, updated));
  return updated;
}

Format PackedMatrix::format() const { return options().format; }
Type PackedMatrix::type() const { return storage_ ? storage_->type : Type::f32; }
Index PackedMatrix::rows() const { return storage_ ? storage_->rows : 0; }
Index PackedMatrix::cols() const { return storage_ ? storage_->cols : 0; }
Index PackedMatrix::nnz() const { return storage_ ? storage_->nnz : 0; }
const PackOptions& PackedMatrix::options() const {
  static const PackOptions kNone;
  return storage_ ? storage_->options : kNone;
}
Footprint PackedMatrix::footprint() const { return storage_ ? storage_->footprint() : Footprint{}; }

Index Weights::rows() const { return dense() ? dense()->rows : sparse() ? sparse()->rows : packed()->rows(); }
Index Weights::cols() const { return dense() ? dense()->cols : sparse() ? sparse()->cols : packed()->cols(); }
Type Weights::type() const { return dense() ? dense()->type : sparse() ? sparse()->type : packed()->type(); }

}  // namespace septet
