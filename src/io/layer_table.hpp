// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Networks as tables of layers: one line each, in columns separated by commas. docs/layer_tables.md lists the kinds,
// told apart by their headers.
#pragma once

#include "septet/network/cost.hpp"

#include <string>
#include <vector>

namespace septet::io {

/// Products with the weights as A: a table's right operand, transposed. What is no product has the operations and
/// bytes of its vector work, but no cycles. Throws Error, which names the file, the line, the column and the cause.
std::vector<network::Layer> read_layer_table(const std::string& path);

}  // namespace septet::io
