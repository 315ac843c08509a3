// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "app.hpp"

#include "command_line.hpp"
#include "errors.hpp"
#include "output.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

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

constexpr const char* kNoMemory = "septet: memory: not enough for this problem\n";

int report(int code, std::string_view what) noexcept {
  try {
    std::fputs(("septet: " + on_one_line(what) + "\n").c_str(), stderr);
  } catch (...) {
    std::fputs(kNoMemory, stderr);  // there was none even for the message
  }
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
  add_convert(app, action);
  add_export(app, action);
  add_compare(app, action);
  add_network(app, action);
  add_explore(app, action);
  add_prune(app, action);
  add_bench(app, action);
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

// What CLI11 says, in our words.
Status usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const auto bad = [](std::string argument, std::string message) {
    return Status(Cause::bad_option, std::move(argument), std::move(message));
  };
  const CLI::App& verb = parsed_verb(app);
  const std::string see = fmt::format("; see {} --help", &verb == &app ? "septet" : "septet " + verb.get_name());
  for (const std::string& left_over : verb.remaining()) {
    const bool flag = left_over.size() > 1 && left_over[0] == '-';
    if (flag) return bad(left_over, "unknown option" + see);
    if (&verb == &app) return bad(left_over, "no such verb: " + verb_names(app) + " are known");
    return bad(left_over, "one operand too many" + see);
  }
  if (&verb == &app) return bad("VERB", "one of " + verb_names(app) + " is needed" + see);
  const std::string what = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    return bad(what.substr(0, what.find(' ')), "is missing" + see);
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    return bad(what.substr(0, what.find(':')), "needs a value" + see);
  }
  return bad("usage", what + see);
}

void parse_and_run(int argc, const char* const* argv) {
  Action action;
  CLI::App app("Sparse and dense matrix products, on this CPU and on an emulated systolic array", "septet");
  app.require_subcommand(1);
  add_verbs(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return print(help_text(app));
  } catch (const CLI::CallForVersion& version) {
    return print(std::string(version.what()) + "\n");
  } catch (const CLI::ParseError& error) {
    throw Error(usage_error(app, error));
  }
  action();
}

}  // namespace

int exit_code_of(const std::function<void()>& action) noexcept {
  try {
    action();
    return 0;
  } catch (const CheckFailed& failed) {
    return report(kCheckFailed, failed.what());
  } catch (const Error& error) {
    return report(kBadInput, error.what());
  } catch (const std::bad_alloc&) {
    std::fputs(kNoMemory, stderr);
  } catch (const std::length_error&) {  // a vector asked for more than its max_size()
    std::fputs(kNoMemory, stderr);
  } catch (const std::exception& error) {
    return report(kBadInput, fmt::format("internal error: {}", error.what()));
  }
  return kBadInput;
}

int run(int argc, const char* const* argv) noexcept {
  return exit_code_of([argc, argv] { parse_and_run(argc, argv); });
}

}  // namespace septet::cli
