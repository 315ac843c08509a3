// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A table of layers: refused with the file's name and one line, or layers with sizes, of which a training step is
// made, or refused.
#include "io/layer_table.hpp"
#include "scratch_file.hpp"
#include "septet/network/training_cost.hpp"
#include "target.hpp"

#include <fstream>
#include <string>

namespace septet::fuzz {
namespace {

Input bytes(const std::string& text) { return {text.begin(), text.end()}; }

// Patterns of data gradients may take time, so of short tables alone.
void train(const std::vector<network::Layer>& layers) {
  if (layers.size() > 2) return;
  std::vector<network::TrainingLayer> step;
  const Status status = network::training_step(layers, {}, step);
  require(status.ok() || status.cause() == Cause::bad_shape, "sizes that are refused");
  require(status.message().find('\n') == std::string::npos, "one line");
  for (const network::TrainingLayer& part : step) {
    require(part.macs >= 0 && part.macs_zero_inserted() >= 0 && part.layer.product.macs() >= 0, "within 64 bits");
    require(part.layer.vector.simple_operations >= 0 && part.layer.vector.reads_bytes >= 0, "within 64 bits");
  }
}

}  // namespace

std::vector<Input> seeds() {
  return {
      bytes("layer,op,in_c,in_h,in_w,out_c,out_h,out_w,kh,kw,stride,pad,groups,gemm_m,gemm_n,gemm_k,gemm_count,macs,"
            "weight_params,bias_params,norm_params\n"
            "c1,conv,3,9,7,8,5,4,3,3,2,1,1,20,8,27,1,4320,216,8,16\n"),
      bytes("seq,component,gemm_m,gemm_n,gemm_k,count_per_layer,layers,macs,b_operand,weight_params_per_instance\n"
            "8,qkv,8,6,2,1,3,288,weight,12\n8,scores,8,8,2,2,3,768,activation,0\n"),
      bytes("model,seq,component,gemm_m,gemm_n,gemm_k,count_per_layer,layers,macs,b_operand,"
            "weight_params_per_instance\ngpt2,8,qkv,8,6,2,1,3,288,weight,12\ngpt2,8,lm_head,8,6,2,1,1,96,weight,12\n"),
      bytes("component,gemm_m,gemm_n,gemm_k,gemm_count,macs,weight_params\nb,2,3,4,1,24,12\n"),
      bytes("layer,pass,gemm_m,gemm_n,gemm_k,gemm_count,macs\nc,fwd,2,3,4,1,24\n"),
      bytes("layer,op,channels,in_h,in_w,out_h,out_w,window,elements_in_per_image,elements_out_per_image\n"
            "a,elem_add,2,3,3,3,3,1,36,18\np,maxpool,2,4,4,2,2,4,32,8\n"),
      bytes("Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides, "
            "Sparsity,\nConv1, 9, 9, 3, 3, 2, 4, 1, 2:4,\nDP, 9, 9, 3, 3, 2, 1, 2,\n"),
      bytes("Layer,M,N,K,\n1,3,5,16,\n")};
}

}  // namespace septet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace septet;
  static const fuzz::ScratchFile file("-table");
  std::ofstream(file.path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  try {
    const auto layers = io::read_layer_table(file.path).layers;
    fuzz::require(!layers.empty(), "layers");
    for (const network::Layer& layer : layers) {
      const network::Product& product = layer.product;
      fuzz::require(product.count == 0 || (product.m > 0 && product.n > 0 && product.k > 0), "sizes");
      fuzz::require(product.macs() >= 0 && layer.parameters >= 0, "within 64 bits");
      fuzz::require(layer.weights.data == nullptr || layer.weights.rows == product.m, "weights of the product");
    }
    fuzz::train(layers);
  } catch (const Error& error) {
    fuzz::require(error.status().cause() == Cause::bad_file, "another cause");
    fuzz::require(error.status().argument() == file.path, "names the file");
    fuzz::require(error.status().message().find('\n') == std::string::npos, "one line");
  }
  return 0;
}
