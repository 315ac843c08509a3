// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Septet behind DPI-C (IEEE 1800-2017, clause 35 and annex H): the C side of septet_dpi.sv, which says what each
// function does. Simulators compile it as C or as C++, so it is both.
#include <septet/septet.h>
#include <svdpi.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

// What a chandle of the package stands for. The text is its own, so that nobody else's failure is in it.
typedef struct golden_model {
  septet_options* options;
  septet_report* report;  // of the last product; null before the first
  char error[512];
} golden_model;

static int fail(golden_model* golden, int status, const char* argument, const char* message) {
  snprintf(golden->error, sizeof golden->error, "%s: %s", argument, message);
  return status;
}

static int checked(golden_model* golden, septet_status status) {
  return status == SEPTET_OK ? SEPTET_OK : fail(golden, status, septet_error_argument(), septet_error_message());
}

void* septet_dpi_create(void) {
  golden_model* golden = (golden_model*)calloc(1, sizeof(golden_model));
  if (golden != NULL && septet_options_create(&golden->options) != SEPTET_OK) {
    free(golden);
    golden = NULL;
  }
  return golden;
}

void septet_dpi_free(void* model) {
  golden_model* golden = (golden_model*)model;
  if (golden == NULL) return;
  septet_report_free(golden->report);
  septet_options_free(golden->options);
  free(golden);
}

const char* septet_dpi_error(void* model) {
  return model != NULL ? ((golden_model*)model)->error : "golden: null: not created, or there was no memory for it";
}

int septet_dpi_set_number(void* model, const char* key, double value) {
  golden_model* golden = (golden_model*)model;
  if (golden == NULL) return SEPTET_BAD_POINTER;
  return checked(golden, septet_options_set_number(golden->options, key, value));
}

int septet_dpi_set_name(void* model, const char* key, const char* name) {
  golden_model* golden = (golden_model*)model;
  if (golden == NULL) return SEPTET_BAD_POINTER;
  return checked(golden, septet_options_set_name(golden->options, key, name));
}

int septet_dpi_apply_preset(void* model, const char* preset) {
  golden_model* golden = (golden_model*)model;
  if (golden == NULL) return SEPTET_BAD_POINTER;
  return checked(golden, septet_options_apply_preset(golden->options, preset));
}

// Element i from the lowest index on. Where an open array lies in memory is the simulator's affair, so each of its
// elements is asked for; null: this simulator does not keep them as C does.
static void* element(const svOpenArrayHandle array, int64_t i) {
  return svGetArrElemPtr1(array, (int)(svLow(array, 1) + i));
}

static int check_array(golden_model* golden, const char* name, const svOpenArrayHandle array, int64_t rows,
                       int64_t cols) {
  char message[128];
  if (svSize(array, 1) < rows * cols) {
    snprintf(message, sizeof message, "an array of %d elements for %lld x %lld", svSize(array, 1), (long long)rows,
             (long long)cols);
    return fail(golden, SEPTET_BAD_SHAPE, name, message);
  }
  if (rows * cols > 0 && element(array, 0) == NULL) {
    return fail(golden, SEPTET_BAD_POINTER, name, "this simulator gives C no pointer to an element");
  }
  return SEPTET_OK;
}

static void* allocate(int64_t count, size_t bytes) { return malloc(count > 0 ? (size_t)count * bytes : 1); }

static int8_t* copy_bytes(const svOpenArrayHandle array, int64_t count) {
  int8_t* bytes = (int8_t*)allocate(count, sizeof(int8_t));
  int64_t i;
  for (i = 0; bytes != NULL && i < count; ++i) bytes[i] = *(const int8_t*)element(array, i);
  return bytes;
}

static int32_t* copy_ints(const svOpenArrayHandle array, int64_t count) {
  int32_t* ints = (int32_t*)allocate(count, sizeof(int32_t));
  int64_t i;
  for (i = 0; ints != NULL && i < count; ++i) ints[i] = *(const int32_t*)element(array, i);
  return ints;
}

int septet_dpi_emulate(void* model, int m, int n, int k, const svOpenArrayHandle a, const svOpenArrayHandle b,
                       const svOpenArrayHandle c) {
  golden_model* golden = (golden_model*)model;
  int8_t *a_bytes, *b_bytes;
  int32_t* sums;
  int64_t i;
  int status;
  if (golden == NULL) return SEPTET_BAD_POINTER;
  if (m < 0 || n < 0 || k < 0) return fail(golden, SEPTET_BAD_SHAPE, "m, n, k", "a negative size");
  if ((status = check_array(golden, "a", a, m, k)) != SEPTET_OK) return status;
  if ((status = check_array(golden, "b", b, k, n)) != SEPTET_OK) return status;
  if ((status = check_array(golden, "c", c, m, n)) != SEPTET_OK) return status;

  a_bytes = copy_bytes(a, (int64_t)m * k);
  b_bytes = copy_bytes(b, (int64_t)k * n);
  sums = copy_ints(c, (int64_t)m * n);
  if (a_bytes != NULL && b_bytes != NULL && sums != NULL) {
    const septet_matrix a_view = {a_bytes, SEPTET_S8, m, k, k, 1};
    const septet_matrix b_view = {b_bytes, SEPTET_S8, k, n, n, 1};
    const septet_matrix c_view = {sums, SEPTET_S32, m, n, n, 1};
    const septet_weights weights = {&a_view, NULL, NULL};
    septet_report* report = NULL;
    status = checked(golden, septet_emulate(&weights, &b_view, &c_view, golden->options, &report));
    if (status == SEPTET_OK) {
      septet_report_free(golden->report);
      golden->report = report;
      for (i = 0; i < (int64_t)m * n; ++i) *(int32_t*)element(c, i) = sums[i];
    }
  } else {
    status = fail(golden, SEPTET_OUT_OF_MEMORY, "a, b, c", "no memory for copies of them");
  }
  free(a_bytes);
  free(b_bytes);
  free(sums);
  return status;
}

int septet_dpi_count(void* model, const char* key, long long* count) {
  golden_model* golden = (golden_model*)model;
  int64_t value = 0;
  int status;
  *count = 0;
  if (golden == NULL) return SEPTET_BAD_POINTER;
  if (golden->report == NULL) return fail(golden, SEPTET_BAD_POINTER, "report", "there is none before a product");
  status = checked(golden, septet_report_count(golden->report, key, &value));
  *count = value;
  return status;
}

#ifdef __cplusplus
}  // extern "C"
#endif
