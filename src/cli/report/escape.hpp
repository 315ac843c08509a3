// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace septet::cli {

/// For HTML's text and attributes: & < > " ' escaped; control characters and what is not UTF-8 as U+FFFD.
std::string escaped(const std::string& text);

}  // namespace septet::cli
