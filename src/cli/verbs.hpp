// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What main knows of a verb: how to add it to the command line. Parsing sets `action`; running it is what the verb
// does, and what goes wrong there is thrown.
#pragma once

#include <functional>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace septet::cli {

using Action = std::function<void()>;

void add_gemm(CLI::App& app, Action& action);
void add_emulate(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);
void add_cycles(CLI::App& app, Action& action);
void add_inspect(CLI::App& app, Action& action);
void add_convert(CLI::App& app, Action& action);
void add_export(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_network(CLI::App& app, Action& action);
void add_explore(CLI::App& app, Action& action);
void add_prune(CLI::App& app, Action& action);

}  // namespace septet::cli
