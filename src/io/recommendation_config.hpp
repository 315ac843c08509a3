// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Recommendation models as configurations in JSON (docs/layer_tables.md): embedding tables, of which only sizes are
// known, and the MLPs around them (DLRM: Naumov and others, arXiv 1906.00091, 2019).
#pragma once

#include "json_object.hpp"
#include "layer_table.hpp"

#include <string>

namespace septet::io {

/// `table`: type of the embedding tables' elements. Throws Error.
LayerTable read_recommendation_config(const JsonObject& json, Type table, const TableOptions& options = {});

}  // namespace septet::io
