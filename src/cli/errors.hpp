// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// How the command says what went wrong: septet::Error for bad usage and bad input (exit code 2), CheckFailed for a
// check that failed (exit code 1).
#pragma once

#include "septet/status.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace septet::cli {

/// A check that the user asked for failed: "<what>: <place and difference>".
class CheckFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What the arguments of the library's calls are called on this command line.
struct ArgumentNames {
  std::string a = "A";
  std::string b = "B";
  std::string c = "C";
  std::string n = "N";
  std::string preload = "--preload";
  std::string trace = "--trace";
};

/// Throws Error about an argument or a file of the user's.
[[noreturn]] void refuse(const std::string& argument, std::string message);

/// The user's name of a library's argument: "options.fold_depth" is --fold-depth.
std::string user_argument(const std::string& argument, const ArgumentNames& names = {});

/// Throws Error unless `status` is ok, with the user's name of the argument ("options.fold_depth" is --fold-depth).
void require(const Status& status, const ArgumentNames& names = {});

/// `text` in quotes for a message.
std::string quoted(std::string_view text);

/// One line: control characters and line ends as \xNN; text of any language as it is.
std::string on_one_line(std::string_view text);

}  // namespace septet::cli
