// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "app.hpp"

#include "errors.hpp"
#include "output.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>

namespace septet::cli {
namespace {

constexpr int kCheckFailed = 1;
constexpr int kBadInput = 2;

constexpr const char* kFooter =
    "septet VERB --help says more, with examples.\n"
    "Examples:\n"
    "  septet gemm random:64x576,zeros=0.8 random:576x100\n"
    "  septet verify random:48x96,zeros=0.7 random:96x20 --array 8x8\n"
    "  septet cycles 96x3025x363 --dataflow all --array 32x32\n"
    "Exit codes: 0 ok, 1 a check failed, 2 bad usage or bad input.";

// No memory is asked for here: there may be none.
int report_no_memory() noexcept {
  std::fputs("septet: memory: not enough for this problem\n", stderr);
  return kBadInput;
}

int report(int code, std::string_view what) {
  std::fputs(("septet: " + on_one_line(what) + "\n").c_str(), stderr);
  return code;
}

void add_verbs(CLI::App& app, Action& action) {
  app.set_help_flag("-h,--help", "Say this and exit");
  app.set_version_flag("--version", "septet " SEPTET_VERSION, "Say the version and exit");
  app.get_formatter()->column_width(30);
  app.get_formatter()->label("REQUIRED", "");
  app.get_formatter()->label("SUBCOMMAND", "VERB");
  app.get_formatter()->label("Positionals", "Operands");
  app.footer(kFooter);
  add_gemm(app, action);
  add_emulate(app, action);
  add_verify(app, action);
  add_cycles(app, action);
  add_inspect(app, action);
  for (CLI::App* verb : app.get_subcommands([](CLI::App*) { return true; })) verb->group("Verbs");
}

// CLI11 leaves two empty lines between groups.
std::string help_text(const CLI::App& app) {
  std::string text = app.help();
  for (std::size_t at; (at = text.find("\n\n\n")) != std::string::npos;) text.erase(at, 1);
  return text;
}

// The verb that was parsed, or the app if none was.
const CLI::App& parsed_verb(const CLI::App& app) {
  const auto verbs = app.get_subcommands();
  return verbs.empty() ? app : *verbs.front();
}

std::string verb_names(const CLI::App& app) {
  std::string names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    names += (names.empty() ? "" : ", ") + verb->get_name();
  }
  return names;
}

// What CLI11 says, as "<argument>: <cause>".
std::string usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& verb = parsed_verb(app);
  const std::string see = fmt::format("see {} --help", &verb == &app ? "septet" : "septet " + verb.get_name());
  for (const std::string& left_over : verb.remaining()) {
    if (&verb == &app && left_over[0] != '-') {
      return fmt::format("{}: no such verb: {} are known", left_over, verb_names(app));
    }
    const bool flag = left_over.size() > 1 && left_over[0] == '-';
    return fmt::format("{}: {}; {}", left_over, flag ? "unknown option" : "one operand too many", see);
  }
  if (&verb == &app) return fmt::format("VERB: one of {} is needed; {}", verb_names(app), see);
  const std::string what = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    return fmt::format("{}: is missing; {}", what.substr(0, what.find(' ')), see);
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    return fmt::format("{}: needs a value; {}", what.substr(0, what.find(':')), see);
  }
  return fmt::format("{}; {}", what, see);
}

int run_guarded(int argc, const char* const* argv) {
  Action action;
  CLI::App app("Sparse and dense matrix products, on this CPU and on an emulated systolic array", "septet");
  try {
    app.require_subcommand(1);
    add_verbs(app, action);
    app.parse(argc, argv);
    action();
    return 0;
  } catch (const CLI::CallForHelp&) {
    print(help_text(app));
  } catch (const CLI::CallForVersion& version) {
    print(std::string(version.what()) + "\n");
  } catch (const CLI::ParseError& error) {
    return report(kBadInput, usage_error(app, error));
  } catch (const CheckFailed& failed) {
    return report(kCheckFailed, failed.what());
  } catch (const Error& error) {
    return report(kBadInput, error.what());
  }
  return 0;
}

}  // namespace

int run(int argc, const char* const* argv) noexcept {
  try {
    return run_guarded(argc, argv);
  } catch (const std::bad_alloc&) {
    return report_no_memory();
  } catch (const std::length_error&) {  // a vector asked for more than its max_size()
    return report_no_memory();
  } catch (const Error& error) {  // stdout took neither help nor version
    return report(kBadInput, error.what());
  } catch (const std::exception& error) {
    return report(kBadInput, fmt::format("internal error: {}", error.what()));
  }
}

}  // namespace septet::cli
