// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Gradients of convolutions and fully connected layers.
//
//   dx       a convolution of dy with weights in sub-pixel form; of fully connected layers weights, transposed, times
//   dy dweight  per group dy [outputs x positions] times the patches of x [positions x window and inputs], positions
//            (image, row, column) ascending, on top of what is there
//   dbias    per output dy's sum over positions, ascending, on top of what is there
#include "activation_gradient.hpp"
#include "column_sums.hpp"
#include "depthwise.hpp"
#include "gradient_operators.hpp"
#include "patches.hpp"
#include "share.hpp"
#include "src/aligned_buffer.hpp"
#include "src/cache_sizes.hpp"
#include "sub_pixel.hpp"

#include <algorithm>
#include <cstring>

namespace septet::network {
namespace {

// dy of the sums, before a fused activation.
class SumsGradient {
 public:
  SumsGradient(Activation activation, const Tensor& y, const Tensor& dy) : dy_(dy) {
    require_mask(activation);
    if (activation == Activation::none || dy.info().type != Type::f32) return;
    masked_ = Tensor(dy.info());
    share_elements(dy.info().elements(), 1, [&](Index first, Index count) {
      mask(activation, y.as<float>() + first, dy.as<float>() + first, masked_.as<float>() + first, count);
    });
  }
  const Tensor& tensor() const { return masked_.empty() ? dy_ : masked_; }

 private:
  const Tensor& dy_;
  Tensor masked_;
};

// Pixels of phase (r, q), `channels` each, from a form's output to their places in dx.
void put_phase(const Tensor& from, Index groups, const SubPixel& form, Index phase, Tensor& dx) {
  if (form.phases() == 1) groups = 1;  // they are one behind the other
  const Index height = dx.info().dim(1), width = dx.info().dim(2), all = dx.info().dim(3), channels = all / groups;
  const Index r = form.rows.first_phase + phase / form.columns.phases;
  const Index q = form.columns.first_phase + phase % form.columns.phases;
  const Index pixel = from.info().dim(3), rows = dx.info().dim(0) * form.out_height, size = size_of(dx.info().type);
  share(rows, threads_for(rows, 0, dx.info().elements() / form.phases()), [&](Index row, int /*worker*/) {
    const Index b = row / form.out_height, h = row % form.out_height * form.rows.stride + r;
    if (h >= height) return;
    for (Index v = 0; v < form.out_width && v * form.columns.stride + q < width; ++v) {
      const Index w = v * form.columns.stride + q;
      for (Index g = 0; g < groups; ++g) {
        const Index at = (row * form.out_width + v) * pixel + (g * form.phases() + phase) * channels;
        const Index to = ((b * height + h) * width + w) * all + g * channels;
        std::memcpy(dx.as<std::byte>() + to * size, from.as<std::byte>() + at * size,
                    static_cast<std::size_t>(channels * size));
      }
    }
  });
}

// The part of dx that `form` has.
void convolve_phases(const SubPixel& form, const Convolution& op, const Tensor& dy, Tensor& dx,
                     const Execution& execution) {
  Convolution turned;
  turned.linear.weight = std::make_shared<const Tensor>(sub_pixel_weights(form, *op.linear.weight, op.groups));
  turned.window = form.window, turned.groups = op.groups;
  const bool all = form.phases() == 1 && form.rows.stride == 1 && form.columns.stride == 1;
  if (all) return execute(turned, {&dy}, dx, execution, nullptr);
  Tensor pixels({dx.info().name,
                 dx.info().type,
                 {dx.info().dim(0), form.out_height, form.out_width, turned.linear.outputs()},
                 {}});
  execute(turned, {&dy}, pixels, execution, nullptr);
  for (Index phase = 0; phase < form.phases(); ++phase) put_phase(pixels, op.groups, form, phase, dx);
}

// All phases as one product, with the zeros of A, for whoever has a way with those, and where a phase alone has too few
// rows to be quick; else phase by phase. The same bits, of a finite dy.
bool takes_phases_together(const Convolution& op, const Execution& execution) {
  constexpr Index kFewRows = 8;
  const bool depthwise = op.groups > 1 && op.groups == op.linear.outputs();
  return execution.gemm || (op.linear.weight->info().dim(-1) < kFewRows && !depthwise);
}

void data_gradient(const Convolution& op, const Tensor& dy, Tensor& dx, const Execution& execution) {
  const Index height = dx.info().dim(1), width = dx.info().dim(2);
  if (takes_phases_together(op, execution)) {
    return convolve_phases(sub_pixel(op.window, height, width), op, dy, dx, execution);
  }
  const std::vector<SubPixel> phases = sub_pixel_phases(op.window, height, width);
  const bool whole = static_cast<Index>(phases.size()) == op.window.stride_h * op.window.stride_w;
  if (!whole) std::memset(dx.data(), 0, dx.bytes());
  for (const SubPixel& form : phases) convolve_phases(form, op, dy, dx, execution);
}

// dweight's rows of a group, as C.
Matrix rows_of(Tensor& dweight, Index group, Index groups) {
  const TensorInfo& info = dweight.info();
  const Index m = info.dim(0) / groups, k = info.elements() / info.dim(0);
  return {dweight.as<std::byte>() + group * m * k * size_of(info.type), info.type, m, k, k, 1};
}

// C <- C + dy's positions from n0 on, of a group's outputs, times as many rows of B.
void add_product(const Tensor& dy, Index group, Index n0, const Tensor& x, const ConstMatrix& b, const Matrix& c,
                 const Execution& execution) {
  const TensorInfo& info = dy.info();
  const Index outputs = info.dim(-1);
  GemmCall call;
  call.a = {
      dy.as<std::byte>() + (n0 * outputs + group * c.rows) * size_of(info.type), info.type, c.rows, b.rows, 1, outputs};
  call.b = b, call.c = c, call.group = group;
  call.options.beta = 1;
  call.options.a_zero_point = info.quantisation.zero_point;
  call.options.b_zero_point = x.info().quantisation.zero_point;
  multiply(execution, call);
}

// Positions of a piece: as many as stay in half of the second-level cache until they are multiplied, but not so few
// that C comes and goes more often than they do.
Index positions_at_once(const Patches& patches, const Tensor& x, const Tensor& dweight, const Execution& execution) {
  const Index column = patches.k() * size_of(x.info().type), limit = execution.gather_bytes;
  if (limit == 0) return patches.n();
  const Index wanted = std::max(detail::cache_sizes().l2 / 2, static_cast<Index>(dweight.bytes()));
  return std::clamp(std::min(limit, wanted) / column, Index{1}, patches.n());
}

void weight_gradient(const Convolution& op, const Tensor& x, const Tensor& dy, Tensor& dweight,
                     const Execution& execution) {
  if (!execution.gemm && is_depthwise(op, x.info())) return add_depthwise_weight_gradient(op, x, dy, dweight);
  const Patches patches(x, op.window, op.groups);
  const Index n = patches.n(), block = positions_at_once(patches, x, dweight, execution);
  detail::AlignedBuffer gathered;
  for (Index group = 0; group < op.groups; ++group) {
    const Matrix c = rows_of(dweight, group, op.groups);
    if (const auto b = patches.view(group)) {
      add_product(dy, group, 0, x, transposed(*b), c, execution);
      continue;
    }
    const auto bytes = static_cast<std::size_t>(block * patches.k() * size_of(x.info().type));
    if (gathered.data() == nullptr) gathered = detail::AlignedBuffer(bytes);
    for (Index n0 = 0; n0 < n; n0 += block) {
      const ConstMatrix b = patches.gather(group, n0, std::min(n, n0 + block), gathered.data());
      add_product(dy, group, n0, x, transposed(b), c, execution);
    }
  }
}

// S: of the sums; integers wrap.
template <class S, class T>
void add_rows(const Tensor& dy, S zero_point, Tensor& dbias) {
  const Index outputs = dy.info().dim(-1);
  const T* slopes = dy.as<T>();
  add_columns(dy.info().elements() / outputs, outputs, dbias.as<S>(),
              [&](Index i, Index o) { return static_cast<S>(slopes[i * outputs + o]) - zero_point; });
}

void bias_gradient(const Linear& linear, const Tensor& dy, StepGradients& gradients) {
  if (!linear.bias || gradients.parameters[1].empty()) return;
  Tensor& dbias = gradients.parameters[1];
  const auto zero_point = static_cast<std::uint32_t>(dy.info().quantisation.zero_point);
  const Type type = dy.info().type;
  if (type == Type::f32) return add_rows<float, float>(dy, 0, dbias);
  type == Type::u8 ? add_rows<std::uint32_t, std::uint8_t>(dy, zero_point, dbias)
                   : add_rows<std::uint32_t, std::int8_t>(dy, zero_point, dbias);
}

// x as the rows of a matrix of k columns.
ConstMatrix rows_of(const Tensor& x, Index k) { return {x.data(), x.info().type, x.info().elements() / k, k, k, 1}; }

void data_gradient(const FullyConnected& op, const Tensor& dy, Tensor& dx, const Execution& execution) {
  const Tensor& weight = *op.linear.weight;
  const Index outputs = op.linear.outputs(), k = weight.info().elements() / outputs;
  GemmCall call;
  call.a = transposed(rows_of(weight, k)), call.b = transposed(rows_of(dy, outputs));
  call.c = {dx.data(), dx.info().type, k, call.b.cols, 1, k};
  call.options.a_zero_point = weight.info().quantisation.zero_point;
  call.options.b_zero_point = dy.info().quantisation.zero_point;
  multiply(execution, call);
}

}  // namespace

void backward(const Convolution& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients,
              const Execution& execution) {
  const SumsGradient sums(op.linear.activation, y, dy);
  Tensor &dx = gradients.inputs[0], &dweight = gradients.parameters[0];
  if (!dx.empty()) data_gradient(op, sums.tensor(), dx, execution);
  if (!dweight.empty()) weight_gradient(op, *x[0], sums.tensor(), dweight, execution);
  bias_gradient(op.linear, sums.tensor(), gradients);
}

void backward(const FullyConnected& op, const Operands& x, const Tensor& y, const Tensor& dy, StepGradients& gradients,
              const Execution& execution) {
  const SumsGradient sums(op.linear.activation, y, dy);
  Tensor &dx = gradients.inputs[0], &dweight = gradients.parameters[0];
  if (!dx.empty()) data_gradient(op, sums.tensor(), dx, execution);
  if (!dweight.empty()) {
    const Matrix c = rows_of(dweight, 0, 1);
    add_product(sums.tensor(), 0, 0, *x[0], rows_of(*x[0], c.cols), c, execution);
  }
  bias_gradient(op.linear, sums.tensor(), gradients);
}

}  // namespace septet::network
