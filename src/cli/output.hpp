// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Where results go: the report to stdout or to a file, C to a file. Files appear whole or not at all.
#pragma once

#include "io/json_file.hpp"
#include "io/staged_file.hpp"
#include "options.hpp"
#include "septet/matrix_view.hpp"

#include <functional>
#include <string>
#include <vector>

namespace septet::cli {

using io::Json;

/// Refuses, before any work is done, an output file that could not be written afterwards.
/// `packed_too`: it may be a .septet file.
void check_outputs(const Flags& flags, bool packed_too = false);
/// Refuses an output that is a file of the inputs'. Empty names and "-" are none.
void check_apart(const std::vector<std::string>& outputs, const std::vector<std::string>& inputs);
bool is_septet(const std::string& path);
/// Refuses what is no folder, and one that could not be made or written to. True: something is in it already.
bool check_output_folder(const std::string& folder);

/// The end of a verb that succeeded: writes C (if there is one and a file for it) and the JSON (if asked for), then
/// prints the table, or with --json - the JSON.
/// `trace`: a file that is written already and gets its name with the others'. All of them have theirs when stdout
/// turns out to be full or closed.
void publish(const Flags& flags, const Json& json, const std::string& table, const ConstMatrix* c = nullptr,
             io::StagedFile* trace = nullptr);
/// The same for outputs that are written already: `commit` gives them their names. `page` is what --report asks for.
void publish(const Flags& flags, const Json& json, const std::string& table, const std::function<void()>& commit,
             const std::string& page = "");
/// The same for another output: `write` is called if there is a file for it.
using WriteOutput = std::function<void(const io::StagedFile&)>;
void publish(const Flags& flags, const Json& json, const std::string& table, const WriteOutput& write,
             io::StagedFile* trace = nullptr, const std::string& page = "");

/// A text and the file that it becomes.
struct OutputText {
  std::string path;
  std::string text;
};

/// The same for verbs with several reports: all of them whole or, where one cannot be written, none; then prints.
void publish(const std::vector<OutputText>& files, const std::string& to_stdout);

/// Refuses what is no name of a page: "-", or not .html.
void check_page(const std::string& path);

/// JSON as the verbs write it. Paths need not be UTF-8, JSON must.
std::string dump(const Json& json);

/// Writes to stdout, where a full disk is an error too.
void print(const std::string& text);

}  // namespace septet::cli
