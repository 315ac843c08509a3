// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Pages of HTML that the command writes.
#pragma once

#include <string>

namespace septet::cli::test {

/// One well-formed page that asks for nothing else.
void check_page_alone(const std::string& html);

}  // namespace septet::cli::test
