// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What `septet network` says of a language model beside its layers (docs/language.md).
#pragma once

#include "io/layer_table.hpp"
#include "network_report.hpp"

#include <optional>
#include <string>

namespace septet::cli {

struct LanguageReport {
  io::TransformerRun run;
  network::Compression compression;
  Index scale_group = 0;
};

/// Of a run, from its layers' costs.
struct LanguageFigures {
  Index macs_dense = 0, macs = 0, macs_attention = 0;  ///< macs: of weights that are not zero
  Index parameters = 0, parameters_nonzero = 0;
  Index weight_bytes = 0;                               ///< as they are streamed, with metadata and scales
  Index scale_bytes = 0, embedding_bytes = 0;           ///< of them
  Index embedding_reads_bytes = 0;                      ///< rows that are looked up
  Index cache_bytes = 0;                                ///< keys and values, after the run
  Index cache_reads_bytes = 0, cache_writes_bytes = 0;  ///< once each
  std::optional<Index> off_chip_bytes;                  ///< nothing: no memory system
  Index tokens = 0;                                     ///< of all sequences
  PerItem per_token;

  double flops() const { return 2 * static_cast<double>(macs); }
  double flops_dense() const { return 2 * static_cast<double>(macs_dense); }
  double attention_share() const {
    return macs > 0 ? static_cast<double>(macs_attention) / static_cast<double>(macs) : 0;
  }
  /// The least that has to move: weights (of embeddings what is looked up) and cache, each once.
  double bytes_per_token() const;
};
LanguageFigures language_figures(const NetworkReport& report, const LanguageReport& language);

Json language_json(const NetworkReport& report, const LanguageReport& language);
std::string language_table(const NetworkReport& report, const LanguageReport& language);
/// A part of a page of HTML.
std::string language_html(const NetworkReport& report, const LanguageReport& language);

}  // namespace septet::cli
