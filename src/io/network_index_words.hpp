// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The words that an index has for types, activations and operators: one table each for the reader and the writer.
#pragma once

#include "septet/network/network.hpp"

#include <string_view>

namespace septet::io::words {

inline constexpr const char* kFormat = "npy-model-index/1";

template <class T>
struct Word {
  std::string_view text;
  T value;
};

inline constexpr Word<Type> kTypes[] = {
    {"float32", Type::f32}, {"float16", Type::f16}, {"int8", Type::s8}, {"uint8", Type::u8}, {"int32", Type::s32}};

/// Fused into an operator.
inline constexpr Word<Activation> kActivations[] = {{"NONE", Activation::none},        {"RELU", Activation::relu},
                                                    {"RELU6", Activation::relu6},      {"GELU", Activation::gelu},
                                                    {"LOGISTIC", Activation::sigmoid}, {"TANH", Activation::tanh}};

inline constexpr Word<network::EmbeddingBag::Mode> kModes[] = {{"sum", network::EmbeddingBag::Mode::sum},
                                                               {"mean", network::EmbeddingBag::Mode::mean}};

/// Of requantisation; their words are name()'s.
inline constexpr Rounding kRoundings[] = {
    Rounding::gemmlowp_double, Rounding::single_half_up, Rounding::single_half_away, Rounding::single_half_even,
    Rounding::truncate,        Rounding::floor,          Rounding::fp32_nearest_even};

/// Null where there is no such word.
template <class T, std::size_t n>
constexpr const T* find(const Word<T> (&words)[n], std::string_view text) {
  for (const Word<T>& word : words) {
    if (word.text == text) return &word.value;
  }
  return nullptr;
}

/// Of a value that is in the table.
template <class T, std::size_t n>
constexpr std::string_view text_of(const Word<T> (&words)[n], T value) {
  for (const Word<T>& word : words) {
    if (word.value == value) return word.text;
  }
  return {};
}

}  // namespace septet::io::words
