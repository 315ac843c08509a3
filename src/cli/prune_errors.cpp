// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "prune_errors.hpp"

namespace septet::cli {

void require_pruned(const PruneFlags& given, const Status& status) {
  if (status.ok()) return;
  const std::string& argument = status.argument();
  const auto fail = [&](const std::string& where, const std::string& message) {
    throw Error(Status(status.cause(), where, message));
  };
  if (argument == "value") fail(given.goal.substr(0, given.goal.find(' ')), status.message());
  if (argument == "group" || argument == "block") fail("--group", status.message());
  if (argument == "untouched") fail("--dense-layer", status.message());
  if (argument == "statistics") fail("--input", status.message());
  const bool weights = status.cause() == Cause::bad_type || status.cause() == Cause::bad_structure;
  if (weights) {
    given.is_matrix() ? fail(given.flags.a, status.message()) : fail(given.index(), argument + ": " + status.message());
  }
  require(status);
}

}  // namespace septet::cli
