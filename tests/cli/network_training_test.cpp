// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// network --training: steps of public networks against other people's counts, row by row; sections; what is refused.
#include "io/csv.hpp"
#include "network_model.hpp"

#include <map>

namespace septet::cli::test {
namespace {

using io::CsvFile;
using io::CsvLine;
using io::CsvRow;

// "" with a message where the shared data is missing.
std::string workload(const std::string& file) { return shared_data("workloads/" + file); }

Json step_of(const Folder& folder, const std::string& table, const std::string& flags) {
  return folder.json("network '" + table + "' --training " + flags);
}

// Layers and passes of a table against those of a step.
void check_rows(const Json& training, const CsvFile& table) {
  std::map<std::string, Json> products;
  for (const Json& product : training.at("products")) products[product.at("name")] = product;
  CHECK(products.size() == table.lines.size());
  for (const CsvLine& line : table.lines) {
    const CsvRow row(table, line);
    const std::string name = row.text("layer") + " " + row.text("pass");
    CAPTURE(name);
    REQUIRE(products.count(name) == 1);
    CHECK(products[name].at("pass") == row.text("pass"));
    CHECK(products[name].at("macs") == row.integer("macs", 1));
    CHECK(products[name].at("macs_zero_inserted") == row.integer("zero_inserted_macs", 1));
  }
}

// The published rows that are products have the order of the step's.
void check_published(const std::vector<Json>& products, const CsvFile& published) {
  std::size_t i = 0;
  for (const CsvLine& line : published.lines) {
    const CsvRow row(published, line);
    const std::string type = row.text("layer_type");
    if (type != "Convolution" && type != "GEMM") continue;
    CAPTURE(row.text("row"));
    REQUIRE(i < products.size());
    const Json& product = products[i++];
    CAPTURE(product.at("name"));
    CHECK(product.at("operations_padded") == row.integer("op_count", 1));
    CHECK(product.at("cycles_ideal_padded") <= row.integer("sa_compute_cycles", 1));
  }
  CHECK(i == products.size());
}

Index rounded_up(Index value, Index multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

TEST_CASE("cli: network --training: useful and zero-inserted MACs of public networks, row by row") {
  const Folder folder;
  for (const auto& [model, macs, zero_inserted] : {std::tuple<std::string, Index, Index>{"resnet18", 174151041024, 0},
                                                   {"resnet50_v1.5", 392561688576, 679153631232}}) {
    CAPTURE(model);
    const std::string rows = workload(model + "_train_b32.csv");
    if (rows.empty()) return;
    const Json step = step_of(folder, workload(model + "_fwd.csv"), "--batch 32"), &training = step.at("training");
    check_rows(training, io::read_csv(rows));
    CHECK(training.at("macs") == macs);
    for (const char* pass : {"fwd", "dgrad", "wgrad"}) CHECK(training.at("passes").at(pass).at("macs") == macs / 3);
    if (zero_inserted == 0) continue;
    CHECK(training.at("macs_zero_inserted") == zero_inserted);
    CHECK(training.at("macs_zeros_skipped") == 286591942656);
    CHECK(training.at("cycles_array") < training.at("cycles_zero_inserted"));
  }
}

TEST_CASE("cli: network --training: SimDIT's operations, row by row, and its ideal cycles") {
  const std::string resnet50 = workload("resnet50_v1.5_fwd.csv");
  if (resnet50.empty()) return;
  const Folder folder;
  const Json one = step_of(folder, resnet50, "--padded-input").at("training"),
             all = step_of(folder, resnet50, "--padded-input --batch 32").at("training");
  std::vector<Json> forward, products;
  for (const Json& product : one.at("products")) {
    if (product.at("pass") == "fwd") forward.push_back(product);
  }
  for (const Json& product : all.at("products")) products.push_back(product);
  check_published(forward, io::read_csv(workload("reference/simdit_resnet50_inference_b1_design01_layers.csv")));
  check_published(products, io::read_csv(workload("reference/simdit_resnet50_training_b32_design01_layers.csv")));
  CHECK(forward.size() == 54);
  CHECK(products.size() == 162);
  CHECK(one.at("passes").at("fwd").at("operations_padded") == 9201188864);
  CHECK(one.at("passes").at("fwd").at("cycles_ideal_padded") == 17971072);
  CHECK(all.at("operations_padded") == 1520063885312);
  CHECK(all.at("cycles_ideal_padded") == 2968874776);
}

TEST_CASE("cli: network --training: SimDIT's operations of ResNet-18") {
  const std::string resnet18 = workload("resnet18_fwd.csv");
  if (resnet18.empty()) return;
  const Folder folder;
  const Json small = step_of(folder, resnet18, "--padded-input").at("training");
  CHECK(small.at("passes").at("fwd").at("operations_padded") == 4650942464);
  CHECK(step_of(folder, resnet18, "--padded-input --batch 32").at("training").at("operations_padded") == 679582511104);
}

// As products with all zeros, and channels padded: no dataflow is quicker than all PEs at work all the time.
TEST_CASE("cli: network --training: the ideal cycles are a lower bound of ours") {
  const std::string resnet50 = workload("resnet50_v1.5_fwd.csv");
  if (resnet50.empty()) return;
  const Folder folder;
  std::string text = "layer,pass,gemm_m,gemm_n,gemm_k,gemm_count,macs\n";
  const CsvFile table = io::read_csv(resnet50);
  for (const CsvLine& line : table.lines) {
    const CsvRow row(table, line);
    const auto of = [&](const char* column) { return row.integer(column, 0); };
    const Index inputs = rounded_up(of("in_c"), 16), outputs = rounded_up(of("out_c"), 16), batch = 32;
    const Index taps = of("kh") * of("kw"), height = (of("out_h") - 1) * of("stride") + 1,
                padded = of("in_h") + 2 * of("pad");
    const auto add = [&](const char* pass, Index m, Index n, Index k) {
      text += row.text("layer") + "," + pass;
      for (const Index value : {m, n, k, Index{1}, m * n * k}) text += "," + std::to_string(value);
      text += "\n";
    };
    const Index places = padded - height + 1;
    add("fwd", batch * of("out_h") * of("out_w"), outputs, inputs * taps);
    add("dgrad", batch * of("in_h") * of("in_w"), inputs, outputs * taps);
    add("wgrad", of("in_c") * places * places, outputs, batch * height * height);
  }
  folder.write("padded.csv", text);
  Index rows = 0;
  const Json json = folder.json("network padded.csv");
  for (const Json& layer : json.at("layers")) {
    const Index ideal = layer.at("macs_dense").get<Index>() / 256;
    CHECK(layer.at("cycles_by_dataflow").size() == 7);
    for (const auto& [dataflow, cycles] : layer.at("cycles_by_dataflow").items()) CHECK(cycles >= ideal);
    ++rows;
  }
  CHECK(rows == 162);
}

namespace {

// Of ResNet-50, with as many lanes as the array has columns.
double vector_share(const Folder& folder, const std::string& edge) {
  const Json step = step_of(folder, workload("resnet50_v1.5_fwd.csv"),
                            "--batch 32 --vector-work '" + workload("resnet50_v1.5_nonconv.csv") + "' --array " + edge +
                                "x" + edge + " --vector-lanes " + edge);
  const double share = step.at("training").at("vector_share");
  CHECK(share == doctest::Approx(step.at("cycles_vector").get<double>() / step.at("cycles_total").get<double>()));
  return share;
}

}  // namespace

TEST_CASE("cli: network --training: the vector unit's share grows from 16 x 16 to 32 x 32 PEs") {
  if (workload("resnet50_v1.5_nonconv.csv").empty()) return;
  const Folder folder;
  CHECK(vector_share(folder, "16") < vector_share(folder, "32"));
}

TEST_CASE("cli: network --training: the vector unit's share grows from 32 x 32 to 64 x 64 PEs") {
  if (workload("resnet50_v1.5_nonconv.csv").empty()) return;
  const Folder folder;
  CHECK(vector_share(folder, "32") < vector_share(folder, "64"));
}

namespace {

// A convolution of 8 x 8 images with a stride and a grouped one, and vector work.
const std::string kColumns =
    "model,layer,op,in_c,in_h,in_w,out_c,out_h,out_w,kh,kw,stride,pad,groups,gemm_m,gemm_n,gemm_k,gemm_count,macs,"
    "weight_params,bias_params,norm_params\n";
const std::string kForward = kColumns +
                             "mine,conv1,conv,3,8,8,4,4,4,3,3,2,1,1,16,4,27,1,1728,108,4,0\n"
                             "mine,conv2,conv,4,4,4,6,4,4,1,1,1,0,2,16,3,2,2,192,12,0,12\n";
const std::string kVector =
    "model,layer,op,channels,in_h,in_w,out_h,out_w,window,elements_in_per_image,elements_out_per_image\n"
    "mine,bn2,batchnorm,6,4,4,4,4,1,96,96\n";

Index sum_of_cycles(const Json& passes) {
  Index sum = 0;
  for (const auto& [pass, counts] : passes.items()) {
    sum += counts.at("cycles_array").get<Index>() + counts.at("cycles_vector").get<Index>();
  }
  return sum;
}

}  // namespace

TEST_CASE("cli: network --training: what the sections say") {
  const Folder folder;
  folder.write("t.csv", kForward), folder.write("v.csv", kVector);
  const Json plain = folder.json("network t.csv --vector-work v.csv --batch 6");
  CHECK(plain.at("layers").size() == 3);
  CHECK(plain.at("layers")[2].at("op") == "batch_norm");
  CHECK_FALSE(plain.contains("training"));
  const std::string command = "network t.csv --vector-work v.csv --training --batch 6 --micro-batches 3";
  const Json json = folder.json(command + " --report r.html"), &training = json.at("training");
  CHECK(training.at("micro_batches") == 3);
  CHECK(json.at("parameters") == plain.at("parameters"));
  CHECK(training.at("macs") == 3 * plain.at("macs_dense").get<Index>());
  CHECK(sum_of_cycles(training.at("passes")) == json.at("cycles_total"));
  CHECK(training.at("products").size() == 6);
  for (const char* op : {"batch_norm_gradient", "bias_gradient", "dgrad", "wgrad", "gradient_sum", "update"}) {
    CHECK_MESSAGE(json.at("cycles_by_op").contains(op), op);
  }
  for (const Json& layer : json.at("layers")) {
    const std::string name = layer.at("name");
    CHECK(layer.at("repeats") == (name.find("all parameters") == 0 ? 1 : 3));
  }
  const std::string text = folder.works(command).out;
  for (const char* part : {"training step, a batch of 6 in 3 micro-batches", "conv1 dgrad", "inserted zeros skipped"}) {
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
  }
  for (const char* part : {"<h2>Training step, a batch of 6 in 3 micro-batches", "Inserted zeros skipped"}) {
    CHECK_MESSAGE(folder.read("r.html").find(part) != std::string::npos, part);
  }
}

// Sparse dataflows skip them: conv1's data gradient has 4 phases of 1, 2, 2 and 4 taps, of 4 places each.
TEST_CASE("cli: network --training: inserted zeros of a data gradient are zeros of A") {
  const Folder folder;
  folder.write("t.csv", kForward);
  const Json step = step_of(folder, "t.csv", "--dataflow sOS --array 4x4");
  for (const Json& layer : step.at("layers")) {
    if (layer.at("name") != "conv1 dgrad") continue;
    CHECK(layer.at("m") == 4 * 3);
    CHECK(layer.at("k") == 4 * 4);
    CHECK(layer.at("n") == 16);
    CHECK(layer.at("nnz") == 9 * 3 * 4);
    CHECK(layer.at("macs_useful") == 1728);
  }
  CHECK(step.at("training").at("passes").at("dgrad").at("macs_zero_inserted") == 4 * 1728 + 192);
}

// conv1: 3 x 3, stride 1, padding 2: 6 x 6 outputs of 4 x 4 inputs. conv2: 3 x 3, stride 2, padding 2: 3 x 3 of them.
TEST_CASE("cli: network --training: no zeros are skipped where a stride inserts none") {
  const Folder folder;
  folder.write("t.csv", kColumns +
                            "mine,conv1,conv,1,4,4,1,6,6,3,3,1,2,1,36,1,9,1,324,9,0,0\n"
                            "mine,conv2,conv,1,4,4,1,3,3,3,3,2,2,1,9,1,9,1,81,9,0,0\n");
  const Json step = step_of(folder, "t.csv", ""), &training = step.at("training");
  const std::map<std::string, std::pair<Index, Index>> expected = {
      {"conv1 fwd", {324, 0}},          {"conv1 dgrad", {144, 0}},  // fewer than the useful ones
      {"conv1 wgrad", {324, 0}},        {"conv2 fwd", {81, 0}},
      {"conv2 dgrad", {144, 144 - 81}}, {"conv2 wgrad", {25 * 16, 25 * 16 - 81}}};
  CHECK(training.at("products").size() == expected.size());
  for (const Json& product : training.at("products")) {
    const auto& [zero_inserted, skipped] = expected.at(product.at("name"));
    CAPTURE(product.at("name"));
    CHECK(product.at("macs_zero_inserted") == zero_inserted);
    CHECK(product.at("macs_zeros_skipped") == skipped);
  }
  CHECK(training.at("macs_zeros_skipped") == 63 + 319);
  CHECK(training.at("passes").at("dgrad").at("macs_zeros_skipped") == 63);
  CHECK(folder.works("network t.csv --training").out.find("\n382 inserted zeros skipped") != std::string::npos);
}

TEST_CASE("cli: network: sums beyond 64 bits are refused") {
  const Folder folder;
  // Of 10^18 multiplications, and as many cycles again to drain.
  const std::string line = "conv,fwd,1000000000,1000000000,1,1,1000000000000000000\n", four = line + line + line + line,
                    header = "layer,pass,gemm_m,gemm_n,gemm_k,gemm_count,macs\n";
  const std::string options = " --array 1x1 --dataflow dOS --json r.json --report r.html";
  folder.write("four.csv", header + four), folder.write("five.csv", header + four + line);
  CHECK(folder.json("network four.csv --array 1x1 --dataflow dOS").at("cycles_total") == 8000000000000000000);
  const std::vector<std::string> before = folder.list();
  folder.refused("network five.csv" + options, "five.csv", "sums over its layers are beyond 64 bits");
  CHECK(folder.list() == before);
}

TEST_CASE("cli: network --training: models of other kinds") {
  const Folder folder;
  folder.write("s.csv",
               "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
               "first, 8, 8, 3, 3, 4, 6, 2,\n");
  // Outputs are rounded up: a window that reaches beyond the input is one of 4 x 4.
  const Json scalesim = step_of(folder, "s.csv", "").at("training");
  CHECK(scalesim.at("macs") == 3 * 4 * 4 * 9 * 4 * 6);
  folder.write("g.csv",
               "model,batch,seq,component,gemm_m,gemm_n,gemm_k,count_per_layer,layers,macs,b_operand,"
               "weight_params_per_instance\n"
               "mine,1,16,qkv,16,6,2,1,3,576,weight,12\nmine,1,16,scores,16,16,2,2,3,3072,activation,0\n");
  const Json transformer = step_of(folder, "g.csv", "--batch 4 --micro-batches 2");
  CHECK(transformer.at("training").at("macs") == 3 * 4 * (576 + 3072));
  CHECK(transformer.at("training").at("macs_zeros_skipped") == 0);
  const Model model(43);
  const Json network = model.folder.json("network net --training"), forward = model.folder.json("network net");
  CHECK(network.at("training").at("macs") == 3 * forward.at("macs_dense").get<Index>());
}

TEST_CASE("cli: network --training: transformers by configuration, with all that is no product") {
  const Folder folder;
  for (const std::string model : {"gpt2", "genslm_neox_25M", "bert-base"}) {
    CAPTURE(model);
    const std::string command = "network model:" + model + " --tokens 8 --batch 4";
    const Json forward = folder.json(command), step = folder.json(command + " --training --micro-batches 2");
    CHECK(step.at("training").at("macs") == 3 * forward.at("macs_dense").get<Index>());
    CHECK(step.at("parameters") == forward.at("parameters"));
    CHECK_FALSE(step.contains("language"));
    for (const char* op : {"layer_norm_gradient", "gelu_gradient", "softmax_gradient", "add_gradient", "bias_gradient",
                           "embedding_bag_gradient", "gradient_sum", "update"}) {
      CHECK_MESSAGE(step.at("cycles_by_op").contains(op), op);
    }
    CHECK(step.at("cycles_by_op").contains("rotary_gradient") == forward.at("cycles_by_op").contains("rotary"));
  }
  folder.refused("network model:gpt2 --tokens 8 --training --weight-bits 4", "--weight-bits", "excludes --training");
  folder.refused("network model:gpt2 --phase decode --context 8 --training", "--phase", "excludes --training");
  folder.refused("network model:gpt2 --tokens 8 --context 8 --training", "--context", "excludes --training");
}

TEST_CASE("cli: network --training: what is refused") {
  const Model model(44);
  const Folder& folder = model.folder;
  folder.write("t.csv", kForward), folder.write("v.csv", kVector);
  folder.write("p.csv", "layer,pass,gemm_m,gemm_n,gemm_k,gemm_count,macs\nconv1,fwd,2,3,4,1,24\n");
  // 2^54 places: with channels padded to 16 x 16 there are 2^63 operations.
  folder.write("wide.csv", kColumns +
                               "mine,conv1,conv,1,134217728,134217728,1,134217728,134217728,1,1,1,0,1,"
                               "18014398509481984,1,1,1,18014398509481984,1,0,0\n");
  const std::vector<std::string> before = folder.list();
  folder.refused("network p.csv --training --json r.json", "p.csv",
                 "--training: conv1 fwd: a product of which no more");
  folder.refused("network wide.csv --training --json r.json", "wide.csv",
                 "--training: conv1 fwd: counts beyond 64 bits");
  folder.refused("network t.csv --micro-batches 2", "--micro-batches", "needs --training");
  folder.refused("network t.csv --padded-input", "--padded-input", "needs --training");
  folder.refused("network t.csv --training --micro-batches 0", "--micro-batches", "0");
  folder.refused("network t.csv --training --batch 6 --micro-batches 4", "--micro-batches",
                 "no equal parts of a batch");
  folder.refused("network t.csv --training --arrays 2", "--arrays", "excludes --training");
  folder.refused("network net --training --input x.npy", "--input", "excludes --training");
  folder.refused("network net --training --executor array", "--executor", "excludes --training");
  folder.refused("network net --vector-work v.csv", "--vector-work", "is of tables of layers (.csv) alone");
  folder.refused("network t.csv --vector-work t.csv", "t.csv", "is no table of the vector unit's work");
  folder.refused("network t.csv --vector-work none.csv", "none.csv", "");
  folder.refused("network v.csv --training --padded-input", "--padded-input", "the first product has no padding");
  CHECK(folder.list() == before);
}

}  // namespace septet::cli::test
