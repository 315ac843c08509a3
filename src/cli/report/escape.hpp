// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace septet::cli {

/// For HTML's text and attributes: & < > " ' escaped; control characters and what is not UTF-8 as U+FFFD.
std::string escaped(const std::string& text);

/// Of UTF-8.
std::size_t characters(const std::string& text);
/// At most so many characters, ten or more: the middle gives way to an ellipsis, since names of layers often differ at
/// their ends.
std::string shortened(const std::string& text, std::size_t most);

}  // namespace septet::cli
