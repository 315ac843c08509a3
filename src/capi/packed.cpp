// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "capi.hpp"
#include "septet/packed_file.hpp"

using namespace septet;
using namespace septet::capi;

namespace {

PackOptions packing_of(const septet_options& options) {
  PackOptions packing;
  packing.dataflow = options.gemm.dataflow;
  packing.format = options.format;
  packing.array = options.gemm.array;
  packing.combine = options.gemm.combine;
  packing.zero_point = options.zero_point;
  packing.side = options.side;
  packing.block = options.block, packing.slice = options.slice, packing.group = options.group;
  packing.tile_cols = options.tile_cols, packing.expected_cols = options.expected_cols;
  return packing;
}

septet_packed_info info_of(const PackedMatrix& packed) {
  const PackOptions& options = packed.options();
  const Footprint footprint = packed.footprint();
  septet_packed_info info;
  info.type = static_cast<std::int32_t>(packed.type());
  info.rows = packed.rows(), info.cols = packed.cols(), info.nnz = packed.nnz();
  info.values_bytes = footprint.values, info.metadata_bytes = footprint.metadata;
  info.format = name(options.format), info.dataflow = name(options.dataflow), info.side = name(options.side);
  info.array_height = options.array.height, info.array_width = options.array.width;
  info.combine_lanes = options.combine.lanes, info.combine_window = options.combine.window;
  info.combine_policy = name(options.combine.policy);
  info.zero_point = options.zero_point;
  return info;
}

}  // namespace

septet_status septet_pack(const septet_weights* a, const septet_options* options, septet_packed** packed) noexcept {
  return run([&] {
    return make(packed, "packed", [&](septet_packed& made) {
      return try_pack(weights_of(a, "a"), packing_of(options_of(options)), made.matrix);
    });
  });
}

void septet_packed_free(septet_packed* packed) noexcept { delete packed; }

septet_status septet_unpack(const septet_packed* packed, const septet_matrix* a) noexcept {
  return run([&] { return try_unpack(required(packed, "packed").matrix, matrix_of(a, "a")); });
}

septet_status septet_update_values(const septet_packed* packed, const septet_weights* a,
                                   septet_packed** updated) noexcept {
  return run([&] {
    const PackedMatrix& pattern = required(packed, "packed").matrix;
    return make(updated, "updated",
                [&](septet_packed& made) { return try_update_values(pattern, weights_of(a, "a"), made.matrix); });
  });
}

septet_status septet_save(const septet_packed* packed, const char* path) noexcept {
  return run([&] { return try_save(required(packed, "packed").matrix, &required(path, "path")); });
}

septet_status septet_load(const char* path, septet_packed** packed) noexcept {
  return run([&] {
    const char* from = &required(path, "path");
    return make(packed, "packed", [&](septet_packed& made) { return try_load(from, made.matrix); });
  });
}

septet_status septet_packed_get_info(const septet_packed* packed, septet_packed_info* info) noexcept {
  return run([&]() -> Status {
    required(info, "info") = info_of(required(packed, "packed").matrix);
    return {};
  });
}
