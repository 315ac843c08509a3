// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// septet.h as a C99 compiler sees it: every function once. What they compute is for the tests in C++ to compare.
#include "septet/septet.h"

#include <stdio.h>
#include <string.h>

static int failures = 0;

static void expect(int condition, const char* what) {
  if (condition) return;
  printf("abi_test: wrong: %s (last error: %s: %s)\n", what, septet_error_argument(), septet_error_message());
  ++failures;
}

static void expect_ok(septet_status status, const char* what) { expect(status == SEPTET_OK, what); }

enum { kM = 2, kN = 4, kK = 3 };

// A is this, dense, as CSR and as CSC; B counts.
static float a_data[kM * kK] = {1, 0, 2, 0, 3, 0};
static const int32_t row_ptr[] = {0, 2, 3}, col_idx[] = {0, 2, 1};
static const int64_t col_ptr[] = {0, 1, 2, 3}, row_idx[] = {0, 1, 0};
static const float by_rows[] = {1, 2, 3}, by_columns[] = {1, 3, 2};
static float b_data[kK * kN] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
static const float product[kM * kN] = {16, 19, 22, 25, 12, 15, 18, 21};

static const septet_matrix a = {a_data, SEPTET_F32, kM, kK, kK, 1};
static const septet_matrix b = {b_data, SEPTET_F32, kK, kN, kN, 1};
static const septet_weights dense = {&a, NULL, NULL};

static float c_data[kM * kN];
static const septet_matrix c = {c_data, SEPTET_F32, kM, kN, kN, 1};

static void expect_product(septet_status status, const char* what) {
  expect_ok(status, what);
  expect(memcmp(c_data, product, sizeof product) == 0, what);
  memset(c_data, -1, sizeof c_data);
}

static void test_products(void) {
  const septet_sparse csr = {SEPTET_CSR, SEPTET_F32, 4, kM, kK, row_ptr, col_idx, by_rows};
  const septet_sparse csc = {SEPTET_CSC, SEPTET_F32, 8, kM, kK, col_ptr, row_idx, by_columns};
  const septet_weights as_csr = {NULL, &csr, NULL}, as_csc = {NULL, &csc, NULL};
  expect_product(septet_gemm(&dense, &b, &c, NULL), "dense");
  expect_product(septet_gemm(&as_csr, &b, &c, NULL), "CSR");
  expect_product(septet_gemm(&as_csc, &b, &c, NULL), "CSC");
  expect_product(septet_gemm_batch(1, &a, 0, &b, 0, &c, 0, NULL), "batch");
}

static void test_packed(void) {
  septet_options* options = NULL;
  septet_packed *left = NULL, *right = NULL;
  const septet_weights weights_b = {&b, NULL, NULL};
  septet_weights weights = {NULL, NULL, NULL};
  septet_packed_info info;
  float back[kM * kK];
  const septet_matrix back_view = {back, SEPTET_F32, kM, kK, kK, 1};
  expect_ok(septet_options_create(&options), "options");
  expect_ok(septet_options_set_name(options, "dataflow", "sOS"), "dataflow");
  expect_ok(septet_pack(&dense, options, &left), "pack");
  weights.packed = left;
  expect_product(septet_gemm(&weights, &b, &c, options), "packed A");
  expect_ok(septet_packed_get_info(left, &info), "info");
  expect(info.type == SEPTET_F32 && info.rows == kM && info.cols == kK && info.nnz == 3, "info of a packed A");
  expect(strcmp(info.format, "tsb") == 0 && strcmp(info.dataflow, "sOS") == 0, "names of a packed A");
  expect_ok(septet_unpack(left, &back_view), "unpack");
  expect(memcmp(back, a_data, sizeof back) == 0, "unpack");

  expect_ok(septet_options_set_name(options, "dataflow", "auto"), "dataflow");
  expect_ok(septet_options_set_name(options, "side", "right"), "side");
  expect_ok(septet_pack(&weights_b, options, &right), "pack B");
  expect_product(septet_gemm_packed_b(&a, right, &c, NULL), "packed B");
  septet_packed_free(left);
  septet_packed_free(right);
  septet_options_free(options);
}

static void add_one(void* user, const septet_tile* tile) {
  int64_t i, j;
  (void)user;
  for (i = 0; i < tile->m1 - tile->m0; ++i) {
    for (j = 0; j < tile->n1 - tile->n0; ++j) ((float*)tile->sums)[i * tile->ld + j] += 1;
  }
}

static void test_options(void) {
  septet_options* options = NULL;
  septet_packed* packed = NULL;
  float minus_one = -1;
  const septet_matrix bias = {&minus_one, SEPTET_F32, kM, kN, 0, 0};
  char workspace[1];
  int64_t bytes = -1;
  expect_ok(septet_options_create(&options), "options");
  expect_ok(septet_options_set_number(options, "threads", 1), "threads");
  expect_ok(septet_options_set_matrix(options, "epilogue.bias", &bias), "bias");
  expect_ok(septet_options_set_tile_function(options, add_one, NULL), "tile function");
  expect_product(septet_gemm(&dense, &b, &c, options), "bias and tile function");
  expect_ok(septet_gemm_workspace_bytes(&dense, &b, &c, options, &bytes), "workspace");
  expect(bytes >= 0, "workspace");
  expect_ok(septet_gemm_batch_workspace_bytes(1, &a, &b, &c, options, &bytes), "workspace of a batch");
  expect_ok(septet_options_set_name(options, "side", "right"), "side");
  {
    const septet_weights weights_b = {&b, NULL, NULL};
    expect_ok(septet_pack(&weights_b, options, &packed), "pack B");
  }
  expect_ok(septet_gemm_packed_b_workspace_bytes(&a, packed, &c, options, &bytes), "workspace beside a packed B");
  expect_ok(septet_options_set_workspace(options, workspace, 0), "workspace");
  septet_packed_free(packed);
  septet_options_free(options);
}

static void count_calls(void* user, int64_t done, int64_t total) { *(int*)user += done <= total; }

static void test_array(void) {
  septet_options* options = NULL;
  septet_report *counted = NULL, *computed = NULL, *from_shape = NULL;
  int64_t index, here, there;
  const char *key, *dataflow = NULL;
  double utilization = -1;
  uint32_t sizes[SEPTET_SIZES_WORDS];
  float image[kM * kK];
  int calls = 0;
  expect_ok(septet_options_create(&options), "options");
  expect_ok(septet_options_set_progress_function(options, count_calls, &calls), "progress");
  expect_product(septet_emulate(&dense, &b, &c, options, &counted), "emulate");
  expect(calls > 0, "progress");
  expect_ok(septet_cycles(&dense, kN, SEPTET_F32, options, &computed), "cycles");
  expect_ok(septet_cycles_of_shape(kM, kN, kK, SEPTET_F32, SEPTET_F32, options, &from_shape), "cycles of a shape");
  for (index = 0; (key = septet_report_key(index)) != NULL; ++index) {
    expect_ok(septet_report_count(counted, key, &here), key);
    expect_ok(septet_report_count(computed, key, &there), key);
    expect(here == there, key);
  }
  expect(index == 18, "keys of a report");
  expect_ok(septet_report_count(from_shape, "macs_dense", &here), "macs_dense");
  expect(here == kM * kN * kK, "macs_dense");
  expect_ok(septet_report_utilization(counted, &utilization), "utilization");
  expect(utilization > 0 && utilization <= 1, "utilization");
  expect_ok(septet_report_dataflow(counted, &dataflow), "dataflow");
  expect(strcmp(dataflow, "dOS") == 0, "dataflow");
  expect_ok(septet_memory_image(&dense, kN, SEPTET_F32, options, sizes, image, sizeof image), "memory image");
  expect(sizes[SEPTET_SIZES_M] == kM && sizes[SEPTET_SIZES_N] == kN && sizes[SEPTET_SIZES_K] == kK &&
             sizes[SEPTET_SIZES_A_BYTES] == sizeof image,
         "sizes");
  expect(image[0] == 1 && image[1] == 0 && image[3] == 3 && image[4] == 2, "a tile, column by column");
  septet_report_free(counted);
  septet_report_free(computed);
  septet_report_free(from_shape);
  septet_options_free(options);
}

static void test_library(void) {
  const char* const* target = septet_supported_targets();
  int64_t count = 0;
  for (; target[count] != NULL; ++count) expect_ok(septet_set_target(target[count]), target[count]);
  expect(strcmp(septet_target(), "portable") == 0, "target");
  expect_ok(septet_set_target(NULL), "best target");
  expect(strcmp(septet_target(), target[0]) == 0, "best target");
  expect(strchr(septet_version(), '.') != NULL, "version");
}

int main(void) {
  expect(*septet_error_argument() == '\0' && *septet_error_message() == '\0', "no error yet");
  test_products();
  test_packed();
  test_options();
  test_array();
  test_library();
  expect(septet_gemm(NULL, &b, &c, NULL) == SEPTET_BAD_POINTER, "an error");
  expect(strcmp(septet_error_argument(), "a") == 0 && *septet_error_message() != '\0', "an error's argument");
  return failures == 0 ? 0 : 1;
}
