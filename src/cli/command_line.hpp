// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// CLI11, for the files that define flags. Headers name its classes only: whoever includes it compiles seconds longer.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
