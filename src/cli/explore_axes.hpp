// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The axes of a sweep, from flags or a file.
#pragma once

#include "septet/network/explore.hpp"

#include <map>
#include <string>
#include <vector>

namespace septet::cli {

/// Values of an axis as texts, and who gave them: "--arrays", or "sweep.json: arrays".
struct AxisTexts {
  std::string where;
  std::vector<std::string> values;
};
/// By key.
using Axes = std::map<std::string, AxisTexts>;

/// A key, which is also the flag's name with - for _.
struct AxisKey {
  const char* key;
  const char* kind;     ///< what the help calls a value
  const char* meaning;  ///< of the flag
};
const std::vector<AxisKey>& axis_keys();
std::string flag_of(const AxisKey& axis);

/// A JSON object of axes, each a value or a list of them. Throws Error.
Axes read_sweep_file(const std::string& path);
/// All of `more`, too. Refuses an axis that both have.
void join(Axes& axes, const Axes& more);

/// Refuses values that are none, and axes that exclude each other. `accumulate`: which dataflows there are.
network::Sweep sweep_of(const Axes& axes, Accumulate accumulate);

/// Throws what `body` throws, with an Error about "sweep.arrays" become one about who gave the axis.
template <class Body>
void with_axis_names(const Axes& axes, Body body);

/// The user's name of an argument of the library.
std::string axis_argument(const Axes& axes, const std::string& argument);

template <class Body>
void with_axis_names(const Axes& axes, Body body) {
  try {
    body();
  } catch (const Error& error) {
    const Status& status = error.status();
    throw Error(Status(status.cause(), axis_argument(axes, status.argument()), status.message()));
  }
}

/// Values as flags and files have them.
std::string array_text(const ArrayShape& array);
std::string precision_text(const network::Precision& precision);
std::string buffers_text(const network::Buffers& buffers);

}  // namespace septet::cli
