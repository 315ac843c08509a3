// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "network_checks.hpp"
#include "command_line.hpp"

#include "errors.hpp"
#include "io/network_index_words.hpp"
#include "options.hpp"
#include "septet/network/quantisation.hpp"
#include "values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace septet::cli {
namespace {

constexpr const char* kAgainst = "--against";

Rounding parse_rounding(const std::string& text) {
  std::vector<std::string> names;
  for (const Rounding rounding : io::words::kRoundings) {
    if (text == name(rounding)) return rounding;
    names.emplace_back(name(rounding));
  }
  refuse(kAgainst, fmt::format("rounding {} is none of {}", cli::quoted(text), fmt::join(names, ", ")));
}

// The factors of sums in the form that the rounding takes: the nearest real numbers of multipliers and shifts, the
// nearest multipliers of real numbers.
void set_rounding(network::Linear& linear, Rounding rounding) {
  const bool by_scale = rounding == Rounding::fp32_nearest_even;
  const bool had_scale = linear.rounding == Rounding::fp32_nearest_even;
  linear.rounding = rounding;
  if (by_scale && !had_scale) {
    for (std::size_t i = 0; i < linear.multiplier.size(); ++i) {
      linear.scale.push_back(static_cast<float>(std::ldexp(linear.multiplier[i], linear.shift[i] - 31)));
    }
    linear.multiplier.clear(), linear.shift.clear();
  } else if (!by_scale && had_scale) {
    for (const float scale : linear.scale) {
      const network::Multiplier nearest = network::nearest_multiplier(scale);
      linear.multiplier.push_back(nearest.multiplier), linear.shift.push_back(nearest.shift);
    }
    linear.scale.clear();
  }
}

void set_rounding(network::Operator& op, Rounding rounding) {
  if (auto* convolution = std::get_if<network::Convolution>(&op)) set_rounding(convolution->linear, rounding);
  if (auto* connected = std::get_if<network::FullyConnected>(&op)) set_rounding(connected->linear, rounding);
  if (auto* product = std::get_if<network::MatMul>(&op)) product->rounding = rounding;
}

void check_accumulator(const network::Network& network, Type sums) {
  for (const network::Step& step : network.steps) {
    if (network::product_of(network, step).count == 0) continue;
    const Type type = accumulator_of(network.tensors[static_cast<std::size_t>(step.inputs[0])].type);
    if (type != sums) refuse(kAgainst, fmt::format("accumulator: {} has sums of {}", step.name, name(type)));
  }
}

// An error about what the other arithmetic does not allow is about its flag.
template <class Run>
void run_as_flag(const char* flag, Run run) {
  try {
    run();
  } catch (const Error& error) {
    const Status& status = error.status();
    if (status.argument().rfind("options", 0) != 0) throw;
    throw Error(Status(status.cause(), flag, status.message()));
  }
}

}  // namespace

void OtherArithmetic::set(const std::string& given) {
  const std::size_t equals = given.find('=');
  const std::string key = given.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : given.substr(equals + 1);
  if (key == "rounding") {
    rounding = parse_rounding(value);
  } else if (key == "accumulator") {
    const NamedAccumulator named = parse_accumulator(kAgainst, value);
    accumulator = named.accumulator, accumulator_type = named.type;
  } else if (key == "mac") {
    mac = parse_mac(kAgainst, value);
  } else if (key == "flush") {
    if (value != "on" && value != "off") refuse(kAgainst, "flush is on or off, not " + cli::quoted(value));
    flush = value == "on";
  } else {
    refuse(kAgainst, cli::quoted(given) + " is none of rounding=…, accumulator=…, mac=…, flush=…");
  }
  text += (text.empty() ? "" : ", ") + given;
}

void OtherArithmetic::apply(network::Network& network, GemmOptions& gemm) const {
  if (rounding) {
    for (network::Step& step : network.steps) set_rounding(step.op, *rounding);
  }
  if (accumulator) {
    check_accumulator(network, accumulator_type);
    gemm.accumulator = *accumulator;
  }
  if (mac) gemm.mac = *mac;
  if (flush) gemm.flush_subnormals = *flush;
}

void add_network_checks(CLI::App& verb, NetworkChecks& checks) {
  constexpr const char* kGroup = "Numbers";
  add_value(verb, "--record", "FOLDER",
            "writes every layer's inputs, sums and outputs there:\nrecord.json and .npy files (docs/network_record.md)",
            [&checks](const std::string& text) { checks.record = parse_file("--record", text); })
      ->group(kGroup);
  add_value(verb, "--compare", "FOLDER",
            "compares every layer with such a record, in the run and alone,\nfrom the recorded input; without --input "
            "alone only. Exit code 1\nwhere anything differs",
            [&checks](const std::string& text) { checks.compare = parse_file("--compare", text); })
      ->group(kGroup);
  verb.add_option_function<std::vector<std::string>>(
          kAgainst,
          [&checks](const std::vector<std::string>& texts) {
            checks.against = {};
            for (const std::string& text : texts) checks.against.set(text);
          },
          "runs the network again with rounding=floor (…), accumulator=s16\n(as of gemm), mac=unfused or flush=on, and "
          "says what differs;\nseveral: again and again")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(kGroup);
}

NetworkWatch::NetworkWatch(const NetworkChecks& checks, const network::Network& network,
                           const network::RunOptions& options, const std::vector<network::LayerCost>& costs)
    : checks_(checks), network_(network), options_(options), costs_(costs) {
  if (!checks.record.empty()) writer_.emplace(checks.record, network.name);
  if (checks.compare.empty()) return;
  reference_ = io::read_network_record(checks.compare);
  check_.emplace(network, reference_, checks.compare, options, costs);
}

void NetworkWatch::see(const network::Step& step, const std::vector<const network::Tensor*>& x,
                       const network::Tensor& y, const network::Tensor* sums) {
  if (writer_) writer_->add(step, x, y, sums);
  if (check_) check_->see(step, y, sums);
  if (checks_.against.text.empty()) return;
  io::LayerRecord record;
  record.layer = step.name, record.output = y;
  for (const network::Tensor* input : x) record.inputs.push_back(*input);
  if (sums != nullptr) record.sums = *sums;
  reference_.push_back(std::move(record));
}

std::optional<Numerics> NetworkWatch::finish(const std::vector<const network::Tensor*>& inputs) {
  if (!checks_.against.text.empty()) return run_against(inputs);
  if (!check_) return {};
  check_->run_alone();
  return check_->numerics();
}

Numerics NetworkWatch::run_against(const std::vector<const network::Tensor*>& inputs) const {
  network::Network other = network_;
  network::RunOptions options = options_;
  checks_.against.apply(other, options.cost.gemm);
  NumericsCheck check(other, reference_, checks_.against.text, options, costs_);
  run_as_flag(kAgainst, [&] {
    std::vector<network::LayerRun> runs;
    network::run(other, inputs, options, costs_, runs,
                 [&](const network::Step& step, const std::vector<const network::Tensor*>&, const network::Tensor& y,
                     const network::Tensor* sums) { check.see(step, y, sums); });
    check.run_alone();
  });
  return check.numerics();
}

void NetworkWatch::commit() {
  if (writer_) writer_->commit();
}

}  // namespace septet::cli
