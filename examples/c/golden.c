// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The golden model of an accelerator's testbench: what a product gives on an array, what it costs in each dataflow, and
// the memories of a simulation of it as $readmemh files (docs/images.md).
//
//   golden                  values and cycles
//   golden csOS images      … and the files of this dataflow in the folder images, which is there already
#include <septet/septet.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kM = 24, kK = 40, kN = 20, kHeight = 4, kWidth = 8 };

static int8_t a[kM * kK], b[kK * kN];
static int32_t c[kM * kN], plain[kM * kN];
static const int32_t start[kM * kN];  // without a preload, sums start from 0

// Ends the program where there is nothing to go on with.
static void check(septet_status status) {
  if (status == SEPTET_OK) return;
  fprintf(stderr, "septet: %s: %s\n", septet_error_argument(), septet_error_message());
  exit(2);
}

static unsigned next_random(void) {  // Numerical Recipes' linear congruential generator: the same everywhere
  static uint32_t state = 1;
  state = state * 1664525u + 1013904223u;
  return state >> 16;
}

// Pruned weights, inputs, and their product by the school's rule.
static void fill(void) {
  int m, n, k;
  for (k = 0; k < kM * kK; ++k) a[k] = next_random() % 4 == 0 ? (int8_t)((int)(next_random() % 255) - 127) : 0;
  for (k = 0; k < kK * kN; ++k) b[k] = (int8_t)((int)(next_random() % 255) - 127);
  for (m = 0; m < kM; ++m) {
    for (n = 0; n < kN; ++n) {
      for (k = 0; k < kK; ++k) plain[m * kN + n] += a[m * kK + k] * b[k * kN + n];
    }
  }
}

// C <- A * B on the array; its cycles.
static long long emulate(const septet_weights* weights, septet_options* options, const char* timing) {
  const septet_matrix inputs = {b, SEPTET_S8, kK, kN, kN, 1};
  const septet_matrix outputs = {c, SEPTET_S32, kM, kN, kN, 1};
  septet_report* report;
  int64_t cycles;
  check(septet_options_set_name(options, "timing", timing));
  check(septet_emulate(weights, &inputs, &outputs, options, &report));
  check(septet_report_count(report, "cycles", &cycles));
  septet_report_free(report);
  return (long long)cycles;
}

static uint32_t word_of(const void* words, int bits, int64_t i) {
  return bits == 8 ? ((const uint8_t*)words)[i] : ((const uint32_t*)words)[i];
}

// Words of 8 or 32 bits, one a line.
static void write_hex(const char* folder, const char* name, const void* words, int bits, int64_t count) {
  char path[4096];
  FILE* file;
  int64_t i;
  int good;
  snprintf(path, sizeof path, "%s/%s.hex", folder, name);
  file = fopen(path, "w");
  good = file != NULL && fprintf(file, "// %s: %lld words of %d bits\n", name, (long long)count, bits) > 0;
  for (i = 0; good && i < count; ++i) good = fprintf(file, "%0*x\n", bits / 4, (unsigned)word_of(words, bits, i)) > 0;
  if (file != NULL && fclose(file) != 0) good = 0;
  if (good) return;
  fprintf(stderr, "golden: %s cannot be written\n", path);
  exit(2);
}

// What the memories hold before a run, and C's after it.
static void write_images(const char* folder, const septet_weights* weights, const septet_options* options) {
  uint32_t sizes[SEPTET_SIZES_WORDS];
  uint8_t* packed;
  int64_t bytes;
  check(septet_memory_image(weights, kN, SEPTET_S8, options, sizes, NULL, 0));  // how long it is, first
  bytes = sizes[SEPTET_SIZES_A_BYTES];
  packed = (uint8_t*)malloc((size_t)bytes + 1);
  if (packed == NULL) exit(2);
  check(septet_memory_image(weights, kN, SEPTET_S8, options, sizes, packed, bytes));
  write_hex(folder, "sizes", sizes, 32, SEPTET_SIZES_WORDS);
  write_hex(folder, "a", packed, 8, bytes);
  write_hex(folder, "a_dense", a, 8, kM * kK);
  write_hex(folder, "b", b, 8, kK * kN);
  write_hex(folder, "c_start", start, 32, kM * kN);
  write_hex(folder, "c_expected", c, 32, kM * kN);
  free(packed);
  printf("%s: sizes, a (%lld bytes), a_dense, b, c_start, c_expected\n", folder, (long long)bytes);
}

int main(int argc, char** argv) {
  static const char* const dataflows[] = {"dOS", "dWS", "dIS", "sOS", "sWS", "sIS", "csOS"};
  const septet_matrix dense = {a, SEPTET_S8, kM, kK, kK, 1};
  const septet_weights weights = {&dense, NULL, NULL};
  septet_options* options;
  int i, differing = 0;
  if (argc != 1 && argc != 3) {
    fprintf(stderr, "usage: golden [DATAFLOW FOLDER]\n");
    return 2;
  }
  fill();
  check(septet_options_create(&options));
  check(septet_options_set_number(options, "array.height", kHeight));
  check(septet_options_set_number(options, "array.width", kWidth));

  printf("%d x %d x %d on a %d x %d array\n        serial  overlapped\n", kM, kK, kN, kHeight, kWidth);
  for (i = 0; i < 7; ++i) {
    check(septet_options_set_name(options, "dataflow", dataflows[i]));
    printf("%-4s  %8lld", dataflows[i], emulate(&weights, options, "serial"));
    printf("  %10lld cycles", emulate(&weights, options, "overlapped"));
    printf("%s\n", memcmp(c, plain, sizeof c) == 0 ? "" : ", WRONG");
    differing += memcmp(c, plain, sizeof c) != 0;
  }
  if (argc == 3) {
    check(septet_options_set_name(options, "dataflow", argv[1]));
    emulate(&weights, options, "serial");
    write_images(argv[2], &weights, options);
  }
  septet_options_free(options);
  return differing == 0 ? 0 : 1;
}
