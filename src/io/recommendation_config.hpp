// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Recommendation models as configurations in JSON (docs/layer_tables.md): embedding tables, of which only sizes are
// known, and the MLPs around them (DLRM: Naumov and others, arXiv 1906.00091, 2019).
#pragma once

#include "layer_table.hpp"

#include <string>

namespace septet::io {

/// A file of such configurations: a list, which no network's index is. Throws Error if it cannot be read.
bool is_recommendation_config(const std::string& path);

/// The model of that name; "": the only one. `table`: type of the embedding tables' elements. Throws Error.
LayerTable read_recommendation_config(const std::string& path, const std::string& model, Type table,
                                      const TableOptions& options = {});

}  // namespace septet::io
