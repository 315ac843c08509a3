// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// From a transformer's configuration to its layers. Every layer stands for all of the model's depth: as many products,
// and as many times the vector work, which is that of bytes.
#include "input.hpp"
#include "layer_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace septet::io {
namespace {

using network::Layer;
using network::Operator;
__extension__ using Wide = __int128;

class Builder {
 public:
  Builder(const std::string& path, const TransformerRun& run)
      : path_(path), run_(run), model_(run.model), rules_(rules_of(model_.architecture)) {
    rules_.positions = model_.positions;
    if (rules_.words > 0) rules_.words = model_.words;
  }

  /// With parameters: biases and normalisations beside the components, embeddings first.
  std::vector<Layer> layers() {
    attention();
    feed_forward();
    if (model_.whole) end();
    if (!add_parameters(rules_, lines_)) fail(path_, "parameters beyond 64 bits");
    std::vector<Layer> layers;
    if (model_.whole) {
      layers.push_back(embeddings(std::move(lines_.back().layer)));
      lines_.pop_back();
      if (rules_.behind) layers.push_back(vector_layer("embeddings_norm", network::LayerNorm{}, tokens_by_width(), 1));
    }
    for (TransformerLine& line : lines_) layers.push_back(std::move(line.layer));
    return layers;
  }

 private:
  void attention() {
    const Index head = model_.width / model_.heads, attended = run_.attended();
    weights("qkv", {3 * model_.width, run_.tokens, model_.width, model_.layers});
    if (model_.architecture == Architecture::gpt_neox) push("rotary", rotary());
    const Index products = model_.heads * model_.layers;
    product("attn_scores", {attended, run_.tokens, head, products}, "matmul");
    push("attn_softmax",
         vector_layer("attn_softmax", network::Softmax{}, {model_.heads, run_.tokens, attended}, model_.layers));
    product("attn_context", {head, run_.tokens, attended, products}, "matmul");
    weights("attn_out", {model_.width, run_.tokens, model_.width, model_.layers});
    residual("attn_out");
  }

  void feed_forward() {
    weights("ff1", {model_.feed_forward, run_.tokens, model_.width, model_.layers});
    push("ff_activation", vector_layer("ff_activation", network::Activate{Activation::gelu},
                                       {run_.tokens, model_.feed_forward}, model_.layers));
    weights("ff2", {model_.width, run_.tokens, model_.feed_forward, model_.layers});
    residual("ff2");
  }

  // Every token has its next word's scores; of BERT the first token alone goes through the pooler.
  void end() {
    const std::string last = rules_.last;
    if (last == "lm_head") return weights(last, {model_.words, run_.tokens, model_.width, 1});
    weights(last, {model_.width, 1, model_.width, 1});
    push("pooler_activation",
         vector_layer("pooler_activation", network::Activate{Activation::tanh}, {1, model_.width}, 1));
  }

  void residual(const std::string& component) {
    push(component + "_add", vector_layer(component + "_add", network::Add{}, tokens_by_width(), model_.layers));
    if (rules_.behind) normalise(component, model_.layers);
  }

  // The head's stay as they are: what is published of sparse and low-bit models is of their blocks (docs/language.md).
  void weights(const std::string& component, const network::Product& p) {
    if (!rules_.behind) normalise(component, p.count);
    product(component, p, "fully_connected");
    lines_.back().layer.convolution = network::fully_connected_shape(p);
    lines_.back().layer.parameters = counted(static_cast<Wide>(p.m) * p.k * p.count);
    lines_.back().layer.prunable = component != rules_.last;
  }

  void normalise(const std::string& component, Index times) {
    if (!rules_.normalises(component)) return;
    push(component + "_norm", vector_layer(component + "_norm", network::LayerNorm{}, tokens_by_width(), times));
  }

  void product(const std::string& component, const network::Product& p, const char* op) {
    counted(static_cast<Wide>(p.m) * p.n * p.k * p.count);
    Layer layer;
    layer.name = component, layer.op = op, layer.product = p;
    push(component, std::move(layer));
  }

  // Su and others, RoFormer, 2021, for a quarter of the elements of queries and keys (Black and others, 2022, section
  // 2.1): two products and a sum each. Its gradient is a rotation back.
  Layer rotary() const {
    Layer layer;
    layer.name = "rotary", layer.op = "rotary";
    const Index elements = counted(static_cast<Wide>(run_.tokens) * (model_.width / 2) * model_.layers);
    layer.vector.simple_operations = 3 * elements;
    layer.vector.reads_bytes = layer.vector.writes_bytes = elements;
    layer.gradient = layer.vector;
    return layer;
  }

  // A look-up per token of its word, of its position and of its segment, where these are learnt.
  Layer embeddings(Layer layer) const {
    const Index rows = 1 + (rules_.positions > 0 ? 1 : 0) + (rules_.segments > 0 ? 1 : 0);
    counted(static_cast<Wide>(run_.tokens) * rows * (model_.width + 4));
    layer.lookups = run_.tokens * rows;
    layer.work = network::VectorWork{network::EmbeddingBag{}, 1, layer.lookups,
                                     counted(static_cast<Wide>(run_.tokens) * model_.width), model_.width};
    layer.work->y_type = Type::f32;
    layer.vector = network::vector_cost(*layer.work, {});
    layer.vector.cycles = 0;
    return layer;
  }

  std::vector<Index> tokens_by_width() const { return {run_.tokens, model_.width}; }

  // Work that is counted like any network's, so many times.
  Layer vector_layer(const std::string& name, const Operator& op, const std::vector<Index>& shape, Index times) const {
    Wide elements = times;
    for (const Index size : shape) elements *= size;
    Layer layer;
    layer.name = name, layer.op = network::name(op);
    const Index operands = std::holds_alternative<network::Add>(op) ? 2 : 1, all = counted(elements);
    layer.work = network::VectorWork{op, operands, all, all, shape.back(), times};
    layer.vector = network::vector_cost(*layer.work, {});
    layer.vector.cycles = 0;
    return layer;
  }

  void push(const std::string& component, Layer layer) {
    lines_.push_back({model_.name, component, run_.tokens, std::move(layer)});
  }

  // Of elements, MACs, weights: small multiples of it are within 64 bits, too.
  Index counted(Wide count) const {
    if (count > Wide{1} << 57) fail(path_, "totals beyond 64 bits");
    return static_cast<Index>(count);
  }

  const std::string& path_;
  const TransformerRun& run_;
  const TransformerModel& model_;
  Rules rules_;
  std::vector<TransformerLine> lines_;
};

TransformerRun run_of(const std::string& path, const TransformerModel& model, const TableOptions& options) {
  TransformerRun run{model, options.phase, options.batch, options.tokens, options.context.value_or(0)};
  if (options.phase == Phase::decode) {
    if (model.architecture == Architecture::bert) fail(path, "is an encoder: it has no decode phase");
    if (options.tokens != 0) fail(path, "decode is of one token of every sequence: no --tokens");
    if (!options.context) fail(path, "decode needs --context, the tokens that are there already");
    run.tokens = 1;
  }
  if (run.tokens == 0) fail(path, "needs --tokens, those of a sequence");
  if (model.width % model.heads != 0) {
    fail(path, fmt::format("{}: a width of {} is no multiple of {} heads", model.name, model.width, model.heads));
  }
  return run;
}

}  // namespace

Index parameters_of(const std::string& path, const TransformerModel& model) {
  Index sum = 0;
  bool fits = true;
  const TransformerRun run{model};
  for (const Layer& layer : Builder(path, run).layers()) {
    fits = fits && !__builtin_add_overflow(sum, layer.parameters, &sum);
  }
  if (!fits) fail(path, "parameters beyond 64 bits");
  return sum;
}

LayerTable transformer_layers(const std::string& path, const TransformerModel& model, const TableOptions& options) {
  if (options.architecture) fail(path, "says its architecture itself");
  LayerTable table;
  table.transformer = run_of(path, model, options);
  table.tokens = table.transformer->tokens;
  table.layers = Builder(path, *table.transformer).layers();
  finish_table(path, options, table);
  return table;
}

}  // namespace septet::io
