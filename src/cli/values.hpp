// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Values of flags from their text. What cannot be one is refused with the flag's name.
#pragma once

#include "septet/types.hpp"

#include <string>
#include <vector>

namespace septet::cli {

/// What stands between separators; one part, perhaps empty, where there is none.
std::vector<std::string> split(const std::string& text, char separator);

/// A file's name: "" is none.
std::string parse_file(const std::string& flag, const std::string& text);

/// A whole number from `least` to `most`.
Index parse_whole(const std::string& flag, const std::string& text, Index least, Index most);
double parse_real(const std::string& flag, const std::string& text);
/// Height x width.
ArrayShape parse_array(const std::string& flag, const std::string& text);

/// Bytes: a whole number, K for 1024 or M for 1024 * 1024 of them.
Index parse_bytes(const std::string& flag, const std::string& text);

/// Rows x columns.
BlockShape parse_block(const std::string& flag, const std::string& text);
/// N:M.
GroupShape parse_group(const std::string& flag, const std::string& text);

Type parse_type(const std::string& flag, const std::string& text);
Dataflow parse_dataflow(const std::string& flag, const std::string& text);
Accumulate parse_accumulate(const std::string& flag, const std::string& text);
/// "s20", "f16,clamp", …; the type is s32, f16, f32 or f64.
struct NamedAccumulator {
  Accumulator accumulator;
  Type type = Type::s32;
};
NamedAccumulator parse_accumulator(const std::string& flag, const std::string& text);
Mac parse_mac(const std::string& flag, const std::string& text);
Engine parse_engine(const std::string& flag, const std::string& text);
Timing parse_timing(const std::string& flag, const std::string& text);
Format parse_format(const std::string& flag, const std::string& text);
CombinePolicy parse_combine(const std::string& flag, const std::string& text);

/// The seven, in the order of every list; without the output-stationary ones where there is fold-then-add.
std::vector<Dataflow> all_dataflows(Accumulate accumulate);
/// Names between commas, none twice.
std::vector<Dataflow> parse_dataflows(const std::string& flag, const std::string& text);

/// MxNxK, or nothing if `text` is not three whole numbers between x's (a file, then).
struct ProductShape {
  Index m = 0, n = 0, k = 0;
};
bool parse_product_shape(const std::string& text, ProductShape& shape);

}  // namespace septet::cli
