// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace septet::cli {

std::string user_argument(const std::string& argument, const ArgumentNames& names) {
  const std::pair<const char*, std::string> known[] = {{"a", names.a},
                                                       {"b", names.b},
                                                       {"c", names.c},
                                                       {"n", names.n},
                                                       {"m", names.a},
                                                       {"k", names.a},
                                                       {"name", "--target"},
                                                       {"a_type", "--dtype"},
                                                       {"b_type", "--b-dtype"},
                                                       {"options.preload", names.preload},
                                                       {"trace", names.trace},
                                                       {"trace.window", "--trace-cycles, --trace-pes"},
                                                       {"trace.window.cycles", "--trace-cycles"},
                                                       {"trace.window.rows", "--trace-pes"},
                                                       {"trace.window.cols", "--trace-pes"},
                                                       {"options.accumulator.bits", "--accumulator"},
                                                       {"options.accumulator.overflow", "--accumulator"},
                                                       {"options.fold_accumulator.bits", "--fold-accumulator"},
                                                       {"options.fold_accumulator.overflow", "--fold-accumulator"},
                                                       {"array_options.a_word_bits", "--weight-bits"},
                                                       {"array_options.memory.a_bytes", "--buffers"},
                                                       {"array_options.memory.b_bytes", "--buffers"},
                                                       {"array_options.memory.c_bytes", "--buffers"},
                                                       {"options.slice.height", "--slice"},
                                                       {"options.slice.window", "--sort-window"},
                                                       {"options.zero_point", "--a-zero-point"}};
  for (const auto& [name, user] : known) {
    if (argument == name) return user;
  }
  if (argument.find("options.") == std::string::npos) return argument;
  std::string flag = "--" + argument.substr(argument.rfind('.') + 1);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

void refuse(const std::string& argument, std::string message) {
  throw Error(Status(Cause::bad_option, argument, std::move(message)));
}

void require(const Status& status, const ArgumentNames& names) {
  if (status.ok()) return;
  throw Error(Status(status.cause(), user_argument(status.argument(), names), status.message()));
}

std::string quoted(std::string_view text) { return fmt::format("'{}'", text); }

std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace septet::cli
