// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Tables of layers: known totals of public networks, and what is wrong in a line.
#include "io/layer_table.hpp"
#include "io/json_file.hpp"
#include "io/recommendation_config.hpp"
#include "io_test_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

namespace septet::io::test {
namespace {

namespace fs = std::filesystem;
using network::Layer;

std::vector<Layer> layers_in(const std::string& path) { return read_layer_table(path).layers; }

Index macs_of(const std::vector<Layer>& layers) {
  Index sum = 0;
  for (const Layer& layer : layers) sum += layer.product.macs();
  return sum;
}

Index parameters_of(const std::vector<Layer>& layers) {
  Index sum = 0;
  for (const Layer& layer : layers) sum += layer.parameters;
  return sum;
}

std::vector<fs::path> files_in(const std::string& folder, const std::string& ending) {
  std::vector<fs::path> files;
  if (folder.empty()) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool ends = name.size() >= ending.size() && name.substr(name.size() - ending.size()) == ending;
    if (ends) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TableOptions with(Index batch, Index tokens = 0, std::optional<Architecture> architecture = {}) {
  TableOptions options;
  options.batch = batch, options.tokens = tokens, options.architecture = architecture;
  return options;
}

TEST_CASE("layer tables: published totals of convolutional networks") {
  const std::string folder = shared_data("workloads");
  if (folder.empty()) return;
  const Json totals = read_json(folder + "/reference_totals.json", 1 << 20, "a test");
  CHECK(totals["cnn"].size() == 6);
  for (const Json& known : totals["cnn"]) {
    const std::string file = known["file"];
    CAPTURE(file);
    const std::vector<Layer> layers = layers_in(folder + "/" + file);
    CHECK(macs_of(layers) == known["macs"].get<Index>());
    CHECK(parameters_of(layers) == known["params"].get<Index>());
  }
}

TEST_CASE("layer tables: published totals of transformers") {
  const std::string folder = shared_data("workloads");
  if (folder.empty()) return;
  const Json known = read_json(folder + "/reference_totals.json", 1 << 20, "a test")["transformer_params"];
  for (const auto& [file, name] : {std::pair<const char*, const char*>{"gpt2_xl_seq1024.csv", "gpt2-xl"},
                                   {"gpt2_small_seq1024.csv", "gpt2"},
                                   {"gpt3_xl_seq2048.csv", "gpt3-xl"},
                                   {"bert_base_seq128.csv", "bert-base-uncased"},
                                   {"bert_base_seq384.csv", "bert-base-uncased"},
                                   {"bert_base_seq512.csv", "bert-base-uncased"}}) {
    CAPTURE(file);
    const LayerTable table = read_layer_table(folder + "/" + file);
    CHECK(parameters_of(table.layers) == known[name].get<Index>());
    CHECK(table.inputs == 1);
    CHECK("_seq" + std::to_string(table.tokens) + ".csv" == std::string(file).substr(std::string(file).rfind("_seq")));
  }
  // Weights alone: 48 layers of 12 * 1600^2 and the head's.
  TableOptions bare;
  bare.architecture = Architecture::none;
  const auto weights = read_layer_table(folder + "/gpt2_xl_seq1024.csv", bare);
  CHECK(parameters_of(weights.layers) == Index{48} * 12 * 1600 * 1600 + Index{50257} * 1600);
  // A block without a head has biases (9 widths) and two normalisations, but no embeddings.
  const auto block = read_layer_table(folder + "/gpt2_xl_block_seq1024.csv");
  CHECK(parameters_of(block.layers) == Index{12} * 1600 * 1600 + 9 * 1600 + 4 * 1600);
}

// Sequences of several lengths have one model's weights between them.
TEST_CASE("layer tables: totals of genome language models") {
  const std::string folder = shared_data("workloads");
  if (folder.empty()) return;
  int known = 0;
  for (const Json& model : read_json(folder + "/genslm_configs.json", 1 << 20, "a test")) {
    const std::string file = folder + "/" + model["name"].get<std::string>() + "_seqsweep.csv";
    if (!fs::exists(file)) continue;
    CAPTURE(file);
    const LayerTable all = read_layer_table(file);
    CHECK(parameters_of(all.layers) == model["recomputed_params"].get<Index>());
    Index macs = 0, tokens = 0, lengths = 0;
    for (const Index length : {1024, 2048, 4096, 8192, 10240}) {
      TableOptions one;
      one.tokens = length;
      const LayerTable table = read_layer_table(file, one);
      CHECK(parameters_of(table.layers) == model["recomputed_params"].get<Index>());
      CHECK(table.tokens == length);
      macs += macs_of(table.layers), tokens += length, ++lengths;
    }
    CHECK(macs == macs_of(all.layers));
    CHECK(tokens == all.tokens);
    CHECK(lengths == all.inputs);
    ++known;
  }
  CHECK(known == 4);
}

TEST_CASE("layer tables: recommendation, training, vector work") {
  const std::string folder = shared_data("workloads");
  if (folder.empty()) return;
  for (const Json& model : read_json(folder + "/dlrm_configs.json", 1 << 20, "a test")) {
    const std::string file = folder + "/dlrm_" + model["name"].get<std::string>() + ".csv";
    CAPTURE(file);
    CHECK(parameters_of(layers_in(file)) == model["mlp_weight_params"].get<Index>());
  }
  CHECK(macs_of(layers_in(folder + "/resnet50_v1.5_train_b32.csv")) == Index{3} * 32 * 4089184256);
  CHECK(macs_of(layers_in(folder + "/resnet18_train_b32.csv")) == Index{3} * 32 * 1814073344);
  Index adds = 0;
  for (const Layer& layer : layers_in(folder + "/resnet50_v1.5_nonconv.csv")) {
    CHECK(layer.product.count == 0);
    CHECK(layer.vector.simple_operations > 0);
    CHECK(layer.vector.cycles == 0);
    adds += layer.op == "add" ? 1 : 0;
  }
  CHECK(adds == 16);  // one per block
}

TEST_CASE("layer tables: all that are there can be read") {
  for (const fs::path& file : files_in(shared_data("workloads"), ".csv")) {
    CAPTURE(file.string());
    CHECK(!layers_in(file.string()).empty());
  }
  for (const fs::path& file : files_in(shared_data("data/topologies"), ".csv")) {
    CAPTURE(file.string());
    CHECK(macs_of(layers_in(file.string())) > 0);
  }
}

const std::string kForward =
    "model,layer,op,in_c,in_h,in_w,out_c,out_h,out_w,kh,kw,stride,pad,groups,gemm_m,gemm_n,gemm_k,gemm_count,macs,"
    "weight_params,bias_params,norm_params\n";

const std::string kTransformer =
    "model,batch,seq,component,gemm_m,gemm_n,gemm_k,count_per_layer,layers,macs,b_operand,weight_params_per_instance\n";
const std::string kTwoLines =
    "mine,1,16,qkv,16,6,2,1,3,576,weight,12\nmine,1,16,scores,16,16,2,2,3,3072,activation,0\n";

TEST_CASE("layer tables: the weights become the left operand") {
  const ScratchFolder folder;
  const auto layers =
      layers_in(folder.write("t.csv", kForward + "m,c1,conv,3,9,7,8,5,4,3,3,2,1,1,20,8,27,1,4320,216,8,16\n"
                                                 "m,dw,dwconv,8,5,4,8,5,4,3,3,1,1,8,20,1,9,8,1440,72,0,0\n"
                                                 "m,fc,fc,160,1,1,10,1,1,1,1,1,0,1,1,10,160,1,1600,1600,10,0\n"));
  REQUIRE(layers.size() == 3);
  CHECK(layers[0].name == "c1");
  CHECK(layers[0].op == "convolution");
  CHECK(layers[0].product.m == 8);
  CHECK(layers[0].product.n == 20);
  CHECK(layers[0].product.k == 27);
  CHECK(layers[0].parameters == 240);
  CHECK(layers[1].op == "depthwise");
  CHECK(layers[1].product.count == 8);
  CHECK(layers[2].op == "fully_connected");
}

TEST_CASE("layer tables: SCALE-Sim's topologies") {
  const ScratchFolder folder;
  const auto layers =
      layers_in(folder.write("t.csv",
                             "\xef\xbb\xbfLayer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, "
                             "Channels, Num Filter, Strides, Sparsity,\r\n\r\n,,,\r\n"
                             "Conv 1 ,10, 8 ,3,3,4,6,2,2:4,\r\n"
                             "DPconv,6,6,3,3,5,1,1\r\n"));
  REQUIRE(layers.size() == 2);
  CHECK(layers[0].name == "Conv 1");
  CHECK(layers[0].product.n == 5 * 4);  // (10 - 3) / 2 and (8 - 3) / 2, rounded up, and one
  CHECK(layers[0].product.m == 6);
  CHECK(layers[0].product.k == 36);
  REQUIRE(layers[0].weights.data != nullptr);
  const auto* weights = static_cast<const std::int8_t*>(layers[0].weights.data);
  for (Index group = 0; group < 6 * 9; ++group) {
    CHECK(std::count(weights + 4 * group, weights + 4 * group + 4, 0) == 2);
  }
  CHECK(layers[1].op == "depthwise");
  CHECK(layers[1].product.count == 5);
  CHECK(layers[1].product.k == 9);
  CHECK(layers[1].weights.data == nullptr);

  const auto gemm = layers_in(folder.write("g.csv", "Layer,M,N,K\n1,3,5,16\n"));
  CHECK(gemm[0].product.m == 5);
  CHECK(gemm[0].product.n == 3);
  CHECK(gemm[0].product.k == 16);

  const auto strides = layers_in(
      folder.write("s.csv",
                   "Layer name,IFMAP height,IFMAP width,Filter height,Filter width,Channels,Num filter,Stride height,"
                   "Stride width,batch size\nc,9,9,3,3,1,2,2,3,4\n"));
  CHECK(strides[0].product.n == 4 * 4 * 3);
}

// SCALE-Sim's own totals: its golden run of AlexNet's first layer has M 3025, N 96, K 363.
TEST_CASE("layer tables: SCALE-Sim's AlexNet") {
  const std::string folder = shared_data("data/topologies");
  if (folder.empty()) return;
  const auto layers = layers_in(folder + "/conv_nets__alexnet.csv");
  CHECK(layers[0].product.m == 96);
  CHECK(layers[0].product.k == 363);
  CHECK(layers[0].product.n == 55 * 55);  // of 224: (224 - 11) / 4, rounded up, and one
}

TEST_CASE("layer tables: many inputs instead of one") {
  const ScratchFolder folder;
  const TableOptions eight = with(8, 16), eight_images = with(8);
  const std::string forward =
      folder.write("t.csv", kForward + "m,c1,conv,3,9,7,8,5,4,3,3,2,1,1,20,8,27,1,4320,216,8,16\n");
  const LayerTable one = read_layer_table(forward), many = read_layer_table(forward, eight_images);
  CHECK(one.inputs == 1);
  CHECK(many.inputs == 8);
  CHECK(many.layers[0].product.n == 8 * one.layers[0].product.n);
  CHECK(many.layers[0].product.count == 1);
  CHECK(many.layers[0].parameters == one.layers[0].parameters);
  const LayerTable attention = read_layer_table(folder.write("a.csv", kTransformer + kTwoLines), eight);
  CHECK(attention.layers[0].product.n == 8 * 16);
  CHECK(attention.layers[0].product.count == 3);
  CHECK(attention.layers[1].product.n == 16);  // activations alone: more products
  CHECK(attention.layers[1].product.count == 8 * 6);
  CHECK(attention.inputs == 8);
  CHECK(attention.tokens == 8 * 16);
  const std::string work =
      folder.write("v.csv",
                   "layer,op,channels,in_h,in_w,out_h,out_w,window,elements_in_per_image,elements_out_per_image\n"
                   "a,elem_add,2,3,3,3,3,1,36,18\n");
  CHECK(read_layer_table(work, eight_images).layers[0].vector.reads_bytes == 8 * 36);
  CHECK(read_layer_table(work, eight_images).layers[0].vector.simple_operations ==
        8 * read_layer_table(work).layers[0].vector.simple_operations);
}

void refused(const ScratchFolder& folder, const std::string& text, const std::string& part,
             const TableOptions& options = {}) {
  const std::string path = folder.write("t.csv", text);
  INFO(text);
  try {
    read_layer_table(path, options);
    FAIL_CHECK("was read");
  } catch (const Error& error) {
    check_refused(error.status(), path, part);
  }
}

TEST_CASE("layer tables: padding beyond the window") {
  const ScratchFolder folder;
  const std::string in = "m,c1,conv,1,5,5,1,", window = ",1,1,1,2,1,";
  const auto layers = layers_in(folder.write("t.csv", kForward + in + "9,9" + window + "81,1,1,1,81,1,0,0\n"));
  REQUIRE(layers[0].convolution.has_value());
  CHECK(layers[0].convolution->out_height() == 9);
  CHECK(layers[0].convolution->window.pad_right == 2);
  refused(folder, kForward + in + "7,7" + window + "49,1,1,1,49,1,0,0\n", "(out_h): 7, but");
  for (const std::string pad : {"4611686018427387903", "9223372036854775807"}) {
    CAPTURE(pad);
    refused(folder, kForward + in + "9,9,1,1,1," + pad + ",1,81,1,1,1,81,1,0,0\n", "beyond 64 bits");
  }
}

TEST_CASE("layer tables: wrong lines") {
  const ScratchFolder folder;
  const std::string good = "m,c1,conv,3,9,7,8,5,4,3,3,2,1,1,20,8,27,1,4320,216,8,16";
  const auto with = [&](std::size_t column, const std::string& value) {
    std::string line;
    std::size_t begin = 0;
    for (std::size_t i = 0; begin <= good.size(); ++i) {
      const std::size_t end = std::min(good.find(',', begin), good.size());
      line += (i > 0 ? "," : "") + (i == column ? value : good.substr(begin, end - begin));
      begin = end + 1;
    }
    return kForward + good + "\n\n" + line + "\n";
  };
  REQUIRE(layers_in(folder.write("t.csv", with(99, ""))).size() == 2);
  refused(folder, with(2, "lstm"), "line 4: column 3 (op): 'lstm' is none of");
  refused(folder, with(3, ""), "line 4: column 4 (in_c): is empty");
  refused(folder, with(3, "x"), "line 4: column 4 (in_c): 'x' is not a whole number");
  refused(folder, with(3, "3.5"), "(in_c): '3.5' is not a whole number");
  refused(folder, with(3, "0"), "(in_c): 0: at least 1 is expected");
  refused(folder, with(3, "-3"), "(in_c): -3: at least 1");
  refused(folder, with(3, "99999999999999999999"), "(in_c): '99999999999999999999' does not fit 64 bits");
  refused(folder, with(3, "4"), "column 17 (gemm_k): 27, but in_c / groups * kh * kw is 36");
  refused(folder, with(7, "6"), "column 8 (out_h): 6, but the sliding window's number of places is 5");
  refused(folder, with(14, "21"), "column 19 (macs): 4320, but gemm_m * gemm_n * gemm_k * count is 4536");
  refused(folder, with(14, "9223372036854775807"), "sizes whose product is beyond 64 bits");
  refused(folder, with(13, "2"), "(gemm_count): 1, but groups is 2");
  refused(folder, with(2, "dwconv"), "(groups): 1, but in_c, as dwconv has it, is 3");
  refused(folder, with(19, "215"), "(weight_params): 215, but");
  refused(folder, with(20, "9223372036854775807"), "parameters beyond 64 bits");
  refused(folder, kForward + good + ",7\n", "line 2: 23 values below 22 columns");
  refused(folder, kForward + "m,\"c\",conv\n", "line 2: quotes are not supported");
  refused(folder, kForward + "m,c,conv\n", "line 2: column 18 (gemm_count): is empty");
  refused(folder, kForward + std::string("m,\0,conv\n", 9), "line 2: byte 0x00 is not text");
}

TEST_CASE("layer tables: headers") {
  const ScratchFolder folder;
  refused(folder, "", "the file is empty");
  refused(folder, ",,,\n\n", "the file is empty");
  refused(folder, kForward, "there are no layers");
  refused(folder, "a,b,c\n1,2,3\n", "line 1: no header of a table of layers is known");
  std::string without = kForward;
  without.erase(without.find("macs,"), 5);
  refused(folder, without + "m\n", "line 1: layers of a forward pass: column macs is missing");
  refused(folder, "layer," + kForward + "m\n", "line 1: column layer is there twice");
  const std::string conv =
      "Layer,IFMAP Height,IFMAP Width,Filter Height,Filter Width,Channels,Num Filter,Strides,Sparsity\n";
  refused(folder, conv + "c,9,9,11,3,1,1,1\n", "line 2: column 2 (ifmap height): 9, less than the filter's 11");
  refused(folder, conv + "c,9,9,3,3,1,1\n", "line 2: column 8 (strides): is empty");
  for (const std::string word : {"2", "0:4", "5:4", "2:", ":4", "2:4:8"}) {
    refused(folder, conv + "c,9,9,3,3,1,1,1," + word + "\n", "line 2: column 9 (sparsity): '" + word + "' is not");
  }
  refused(folder, conv + "c,9,9,3,3,9999999,9999999,1,2:4\n", "is too large");
  refused(folder, "Layer,M,N,K\n1,9999999999,9999999999,1\n", "beyond 64 bits");
}

TEST_CASE("layer tables: options that do not fit them") {
  const ScratchFolder folder;
  const std::string good = kForward + "m,c1,conv,3,9,7,8,5,4,3,3,2,1,1,20,8,27,1,4320,216,8,16\n";
  const TableOptions two = with(2);
  refused(folder, good, "it has no architecture", with(1, 0, Architecture::gpt2));
  refused(folder, good, "totals beyond 64 bits", with(Index{1} << 62));
  refused(folder, kTransformer + kTwoLines, "there are no layers of 17 tokens", with(1, 17));
  refused(folder, kTransformer + kTwoLines + "mine,2,16,ff1,16,6,2,1,3,576,weight,12\n",
          "line 4: column 2 (batch): 2, but that of the lines before is 1");
  refused(folder, kTransformer + "mine,4,16,qkv,16,6,2,1,3,576,weight,12\n", "is of 4 inputs already", two);
  refused(folder, kTransformer + kTwoLines + "mine,1,32,qkv,32,6,2,1,3,1152,weight,12\n", "is of 2 inputs already",
          two);
  refused(folder, "layer,pass,gemm_m,gemm_n,gemm_k,gemm_count,macs\nc,fwd,2,3,4,1,24\n", "passes of training", two);
}

}  // namespace
}  // namespace septet::io::test
