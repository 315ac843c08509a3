// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One layer of a network, three times: dense; with its pruned weights packed once; and asked for wrongly.
#include <septet/septet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kOutputs = 256, kInputs = 512, kBatch = 64, kCalls = 3 };

static float weights[kOutputs * kInputs], inputs[kInputs * kBatch], bias[kOutputs];
static float dense[kOutputs * kBatch], pruned[kOutputs * kBatch];

// Ends the program where there is nothing to go on with.
static void check(septet_status status) {
  if (status == SEPTET_OK) return;
  fprintf(stderr, "septet: %s: %s\n", septet_error_argument(), septet_error_message());
  exit(1);
}

static void fill(void) {
  int i;
  for (i = 0; i < kOutputs * kInputs; ++i) weights[i] = i % 10 == 0 ? (float)(i % 13 - 6) / 8 : 0;  // 90 % zeros
  for (i = 0; i < kInputs * kBatch; ++i) inputs[i] = (float)(i % 7 - 3);
  for (i = 0; i < kOutputs; ++i) bias[i] = (float)i / kOutputs;
}

int main(void) {
  // Strides: elements from one row to the next, and from one column to the next. 0 repeats: one bias per row.
  const septet_matrix a = {weights, SEPTET_F32, kOutputs, kInputs, kInputs, 1};
  const septet_matrix b = {inputs, SEPTET_F32, kInputs, kBatch, kBatch, 1};
  const septet_matrix c = {dense, SEPTET_F32, kOutputs, kBatch, kBatch, 1};
  const septet_matrix c_pruned = {pruned, SEPTET_F32, kOutputs, kBatch, kBatch, 1};
  const septet_matrix bias_per_row = {bias, SEPTET_F32, kOutputs, kBatch, 1, 0};
  septet_weights layer = {&a, NULL, NULL};
  septet_options* options;
  septet_packed* packed;
  septet_packed_info info;
  int call;
  fill();
  printf("septet %s on %s\n", septet_version(), septet_target());

  check(septet_options_create(&options));
  check(septet_options_set_matrix(options, "epilogue.bias", &bias_per_row));
  check(septet_options_set_name(options, "epilogue.activation", "relu"));
  check(septet_gemm(&layer, &b, &c, options));

  check(septet_options_set_name(options, "dataflow", "csOS"));
  check(septet_pack(&layer, options, &packed));
  check(septet_packed_get_info(packed, &info));
  printf("packed: %lld of %d weights, %s, %lld bytes\n", (long long)info.nnz, kOutputs * kInputs, info.format,
         (long long)(info.values_bytes + info.metadata_bytes));
  layer.dense = NULL;
  layer.packed = packed;
  for (call = 0; call < kCalls; ++call) check(septet_gemm(&layer, &b, &c_pruned, options));
  // Small multiples of 1/8, so that every order of additions is exact.
  printf("dense and pruned: %s\n", memcmp(dense, pruned, sizeof dense) == 0 ? "the same" : "different");

  if (septet_gemm(&layer, &a, &c, options) != SEPTET_OK) {  // a for b
    printf("refused: %s: %s\n", septet_error_argument(), septet_error_message());
  }
  septet_packed_free(packed);
  septet_options_free(options);
  return memcmp(dense, pruned, sizeof dense) == 0 ? 0 : 1;
}
