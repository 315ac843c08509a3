// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "septet/network/training_cost.hpp"

#include "src/arithmetic.hpp"
#include "src/validate.hpp"
#include "training_cost_parts.hpp"

#include <algorithm>
#include <iterator>

namespace septet::network {
namespace {

// Operations per element stay far below 64, and no sum of several counts overflows.
constexpr Index kHeadroom = Index{1} << 8;

bool is_matmul(const Layer& layer) { return layer.op == name(Operator(MatMul{})); }

// One of `parts` equal parts, repeated.
class MicroBatch {
 public:
  MicroBatch(const Layer& layer, Index parts) : layer_(layer), parts_(parts) {}

  Layer layer() {
    layer_.repeats = parts_;
    if (layer_.product.count > 0) {
      share_product();
    } else if (layer_.work) {
      share_work();
    } else if (layer_.gradient) {
      share_cost(layer_.vector), share_cost(*layer_.gradient);
    } else if (layer_.vector.simple_operations > 0 || layer_.vector.special_operations > 0) {
      fail(layer_, "its operator is not known, so it has no gradient");
    }
    return layer_;
  }

 private:
  void share_product() {
    if (layer_.convolution) {
      share(layer_.convolution->batch), share(layer_.product.n);
    } else if (is_matmul(layer_)) {
      share(layer_.product.count);
    } else {
      fail(layer_, "a product of which no more is known: gradients need a convolution's sizes");
    }
  }
  void share_work() {
    VectorWork& work = *layer_.work;
    share(work.x), share(work.y), share(layer_.lookups);
    Index taps = 1;
    if (const auto* pool = std::get_if<MaxPool>(&work.op)) taps = pool->window.height * pool->window.width;
    if (const auto* pool = std::get_if<AveragePool>(&work.op)) taps = pool->window.height * pool->window.width;
    for (const Index elements : {work.x, work.y, std::max<Index>(work.instances, 1)}) {
      checked_product(layer_.name, {elements, std::max<Index>(work.width, 1), taps + 1, parts_, kHeadroom});
    }
    if (std::holds_alternative<EmbeddingBag>(work.op) && work.x_type == Type::u8) {
      fail(layer_, "embedding tables of bytes are not trained");
    }
    layer_.vector = training_cost(work);
  }
  void share_cost(VectorCost& cost) {
    for (Index* count : {&cost.simple_operations, &cost.special_operations, &cost.reads_bytes, &cost.writes_bytes}) {
      share(*count);
    }
    cost.cycles = 0;
  }
  void share(Index& count) {
    if (count % parts_ != 0) fail(layer_, "cannot be cut into " + std::to_string(parts_) + " equal micro-batches");
    count /= parts_;
  }

  Layer layer_;
  Index parts_;
};

// The border becomes a part of the image; what a stride leaves over of it does not.
void pad_input(std::vector<Layer>& layers) {
  const auto first =
      std::find_if(layers.begin(), layers.end(), [](const Layer& layer) { return layer.product.count > 0; });
  const bool found = first != layers.end() && first->convolution;
  const Window none;
  Window* w = found ? &first->convolution->window : nullptr;
  if (!found || std::max({w->pad_top, w->pad_bottom, w->pad_left, w->pad_right}) == 0) {
    throw Error({Cause::bad_option, "padded_input", "the first product has no padding"});
  }
  ConvolutionShape& shape = *first->convolution;
  const Index rows = shape.out_height(), columns = shape.out_width();
  shape.in_height = (rows - 1) * w->stride_h + w->dilation_h * (w->height - 1) + 1;
  shape.in_width = (columns - 1) * w->stride_w + w->dilation_w * (w->width - 1) + 1;
  w->pad_top = w->pad_bottom = w->pad_left = w->pad_right = 0;
}

TrainingLayer vector_layer(const Layer& forward, const std::string& what, std::string op, Pass pass,
                           const VectorCost& cost) {
  TrainingLayer made;
  made.layer.name = forward.name + " " + what, made.layer.op = std::move(op);
  made.layer.a_type = forward.a_type, made.layer.b_type = forward.b_type;
  made.layer.vector = cost, made.layer.repeats = forward.repeats, made.pass = pass;
  return made;
}

TrainingLayer forward_layer(const Layer& layer) {
  TrainingLayer made;
  made.layer = layer, made.layer.name += " " + std::string(name(Pass::forward));
  if (layer.product.count == 0) return made;
  const Product& p = layer.product;
  made.macs = checked_product(layer.name, {p.m, p.n, p.k, p.count, layer.repeats});
  made.zero_inserted = p;
  made.channels = layer.convolution ? layer.convolution->inputs / layer.convolution->groups : p.k;
  return made;
}

// What a layer gives its inputs and its weights, the last thing that it did first.
void add_gradients(const Layer& layer, std::vector<TrainingLayer>& step) {
  if (layer.work) {
    const VectorCost cost = gradient_cost(*layer.work);
    if (cost.reads_bytes == 0) return;  // a reshape
    step.push_back(vector_layer(layer, "grad", layer.op + "_gradient", Pass::data_gradient, cost));
  }
  if (layer.gradient) {
    step.push_back(vector_layer(layer, "grad", layer.op + "_gradient", Pass::data_gradient, *layer.gradient));
  }
  if (layer.product.count == 0) return;
  if (!layer.convolution) {
    std::vector<TrainingLayer> both = operand_gradients(layer);
    std::move(both.begin(), both.end(), std::back_inserter(step));
    return;
  }
  const ConvolutionShape& shape = *layer.convolution;
  const Product& p = layer.product;
  const Index outputs = checked_product(layer.name, {p.m, p.count}), elements = outputs * p.n;
  checked_product(layer.name, {elements, kHeadroom, layer.repeats});
  if (shape.activation != Activation::none) {
    step.push_back(vector_layer(layer, name(shape.activation) + std::string(" grad"),
                                name(shape.activation) + std::string("_gradient"), Pass::data_gradient,
                                activation_gradient_cost(shape.activation, elements, layer.b_type)));
  }
  if (shape.bias) {
    step.push_back(vector_layer(layer, "bias grad", "bias_gradient", Pass::weight_gradient,
                                bias_gradient_cost(elements, outputs, layer.b_type)));
  }
  step.push_back(data_gradient(layer)), step.push_back(weight_gradient(layer));
}

// Tables whose rows are looked up have been updated with their gradients.
void add_update(const std::vector<Layer>& layers, Index micro_batches, std::vector<TrainingLayer>& step) {
  Index parameters = 0;
  for (const Layer& layer : layers) {
    const Index more = layer.lookups > 0 ? 0 : layer.parameters;
    if (__builtin_add_overflow(parameters, more, &parameters)) fail(layer, "parameters beyond 64 bits");
  }
  if (parameters == 0) return;
  checked_product("all parameters", {parameters, micro_batches, kHeadroom});
  Layer all;
  all.name = "all parameters";
  if (micro_batches > 1) {
    step.push_back(vector_layer(all, "gradient sum", "gradient_sum", Pass::weight_gradient,
                                gradient_sum_cost(parameters, micro_batches - 1)));
  }
  step.push_back(vector_layer(all, "update", "update", Pass::update, update_cost(parameters)));
}

// Totals are sums of these.
void check_totals(const std::vector<TrainingLayer>& step) {
  Index sum = 0, inserted = 0, multiplied = 0;
  for (const TrainingLayer& part : step) {
    const Index macs = part.layer.product.macs() * part.layer.repeats;
    if (__builtin_add_overflow(sum, part.macs, &sum) || __builtin_add_overflow(multiplied, macs, &multiplied) ||
        __builtin_add_overflow(inserted, part.macs_zero_inserted(), &inserted)) {
      fail(part.layer, "totals beyond 64 bits");
    }
  }
}

std::vector<TrainingLayer> make_step(const std::vector<Layer>& forward, const TrainingStepOptions& options) {
  if (options.micro_batches < 1) throw Error({Cause::bad_option, "micro_batches", "is less than 1"});
  std::vector<Layer> layers;
  for (const Layer& layer : forward) layers.push_back(MicroBatch(layer, options.micro_batches).layer());
  if (options.padded_input) pad_input(layers);
  std::vector<TrainingLayer> step;
  for (const Layer& layer : layers) step.push_back(forward_layer(layer));
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) add_gradients(*layer, step);
  add_update(layers, options.micro_batches, step);
  check_totals(step);
  return step;
}

Index rounded_up(Index value, Index multiple, const std::string& layer) {
  return checked_product(layer, {detail::ceil_div(value, multiple), multiple});
}

}  // namespace

const char* name(Pass pass) {
  static constexpr const char* kNames[] = {"fwd", "dgrad", "wgrad", "update"};
  return kNames[static_cast<int>(pass)];
}

Status training_step(const std::vector<Layer>& forward, const TrainingStepOptions& options,
                     std::vector<TrainingLayer>& step) {
  return detail::guarded([&] {
    step = make_step(forward, options);
    return Status();
  });
}

Index padded_operations(const TrainingLayer& layer, const ArrayShape& array) {
  const Product& p = layer.zero_inserted;
  if (p.count == 0) return 0;
  const std::string& name = layer.layer.name;
  return checked_product(name, {2, rounded_up(p.m, array.width, name), rounded_up(layer.channels, array.height, name),
                                p.k / layer.channels, p.n, p.count, layer.layer.repeats});
}

}  // namespace septet::network
