// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What examples/dpi/septet_dpi.sv promises: values against a plain loop, options, arrays of every kind, and refusals.
module dpi_test;
  import septet_dpi::*;

  localparam int BAD_SHAPE = 1, BAD_POINTER = 2, BAD_OPTION = 5;  // of septet_status
  localparam int M = 5, N = 7, K = 6;

  byte a[M*K], b[K*N], a_reversed[M*K-1:0], b_offset[100:299];
  int  c[M*N], expected[M*N], c_longer[2*M*N];
  int  checks = 0, failures = 0;

  task automatic expect_that(bit good, string what);
    ++checks;
    if (good) return;
    ++failures;
    $display("WRONG %s", what);
  endtask

  task automatic expect_refused(chandle golden, int status, int wanted, string text);
    expect_that(status == wanted, $sformatf("status %0d, not %0d of: %s", status, wanted, text));
    expect_that(septet_dpi_error(golden) == text, $sformatf("said: %s; not: %s", septet_dpi_error(golden), text));
  endtask

  function automatic longint count_of(chandle golden, string key);
    longint count;
    if (septet_dpi_count(golden, key, count) != SEPTET_OK) return -1;
    return count;
  endfunction

  task automatic fill();
    for (int i = 0; i < M * K; ++i) a[i] = i % 4 == 0 ? byte'($urandom) : 0;
    for (int i = 0; i < K * N; ++i) b[i] = byte'($urandom);
    a[0] = -128;
    b[0] = -128;
    a[1] = 127;
    b[N] = -128;
    for (int m = 0; m < M; ++m) begin
      for (int n = 0; n < N; ++n) begin
        int sum;
        sum = 0;
        for (int k = 0; k < K; ++k) sum += int'(a[m*K+k]) * int'(b[k*N+n]);
        expected[m*N+n] = sum;
      end
    end
  endtask

  // C is `times` the product.
  task automatic expect_product(int status, int times, string what);
    expect_that(status == SEPTET_OK, {what, ": status"});
    for (int i = 0; i < M * N; ++i) expect_that(c[i] == times * expected[i], $sformatf("%s: c[%0d] = %0d", what, i, c[i]));
  endtask

  task automatic test_dataflow(chandle golden, string dataflow, int cycles);
    for (int i = 0; i < M * N; ++i) c[i] = 99;
    expect_that(septet_dpi_set_name(golden, "dataflow", dataflow) == SEPTET_OK, dataflow);
    expect_product(septet_dpi_emulate(golden, M, N, K, a, b, c), 1, dataflow);
    if (cycles >= 0) expect_that(count_of(golden, "cycles") == longint'(cycles), {dataflow, ": cycles"});
    expect_that(count_of(golden, "macs_dense") == longint'(M * N * K), {dataflow, ": macs_dense"});
    expect_that(count_of(golden, "macs_issued") > 0, {dataflow, ": macs_issued"});
  endtask

  task automatic test_dataflows(chandle golden);
    test_dataflow(golden, "dOS", 3 * 3 * (K + 2 + 3 - 2 + 2));      // array 2 x 3, serial: docs/dataflows.md, section 7
    test_dataflow(golden, "dWS", 2 * 3 * (2 + N + 2 + 3 - 2));
    test_dataflow(golden, "dIS", 3 * 3 * (2 + M + 2 + 3 - 2));
    test_dataflow(golden, "sOS", -1);
    test_dataflow(golden, "sWS", -1);
    test_dataflow(golden, "sIS", -1);
    test_dataflow(golden, "csOS", -1);
  endtask

  task automatic test_arrays(chandle golden);
    for (int i = 0; i < M * K; ++i) a_reversed[i] = a[i];
    for (int i = 0; i < K * N; ++i) b_offset[100+i] = b[i];
    for (int i = 0; i < 2 * M * N; ++i) c_longer[i] = i;
    expect_that(septet_dpi_emulate(golden, M, N, K, a_reversed, b_offset, c_longer) == SEPTET_OK, "other ranges");
    for (int i = 0; i < 2 * M * N; ++i) expect_that(c_longer[i] == (i < M * N ? expected[i] : i), "other ranges: C");
    expect_that(septet_dpi_emulate(golden, 0, N, K, a, b, c_longer) == SEPTET_OK && c_longer[0] == expected[0], "no rows");
    expect_that(count_of(golden, "cycles") == 0, "no rows: cycles");
  endtask

  // On top of what C holds; and in accumulators of 17 bits that saturate.
  task automatic test_options(chandle golden);
    c = expected;
    expect_that(septet_dpi_set_number(golden, "beta", 1.0) == SEPTET_OK, "beta");
    expect_product(septet_dpi_emulate(golden, M, N, K, a, b, c), 2, "beta = 1");
    expect_that(septet_dpi_set_number(golden, "beta", 0.0) == SEPTET_OK, "beta");

    expect_that(septet_dpi_set_number(golden, "accumulator.bits", 17.0) == SEPTET_OK, "accumulator.bits");
    expect_that(septet_dpi_set_name(golden, "accumulator.overflow", "clamp") == SEPTET_OK, "accumulator.overflow");
    for (int i = 0; i < 5; ++i) {a_reversed[i], b_offset[100+i]} = {8'd127, 8'd127};
    expect_that(septet_dpi_emulate(golden, 1, 1, 5, a_reversed, b_offset, c_longer) == SEPTET_OK, "17 bits");
    expect_that(c_longer[0] == 65535, "17 bits: C");  // 5 * 127 * 127 is 80645
    expect_that(septet_dpi_apply_preset(golden, "flexisaga") == SEPTET_OK, "preset");
    expect_that(septet_dpi_emulate(golden, 1, 1, 5, a_reversed, b_offset, c_longer) == SEPTET_OK, "flexisaga");
    expect_that(c_longer[0] == 80645, "flexisaga: C");
  endtask

  task automatic test_refused(chandle golden);
    longint count;
    longint cycles = count_of(golden, "cycles");
    for (int i = 0; i < M * N; ++i) c[i] = i;
    expect_refused(golden, septet_dpi_set_number(golden, "array.hight", 1.0), BAD_OPTION,
                   "array.hight: is no option that is a number");
    expect_refused(golden, septet_dpi_set_name(golden, "timing", "slow"), BAD_OPTION,
                   "timing: slow is none of serial, overlapped, scalesim");
    expect_refused(golden, septet_dpi_emulate(golden, M, -1, K, a, b, c), BAD_SHAPE, "m, n, k: a negative size");
    expect_refused(golden, septet_dpi_emulate(golden, M, N, K + 1, a, b, c), BAD_SHAPE,
                   "a: an array of 30 elements for 5 x 7");
    expect_refused(golden, septet_dpi_emulate(golden, M - 1, N, K + 1, a, b, c), BAD_SHAPE,
                   "b: an array of 42 elements for 7 x 7");
    expect_refused(golden, septet_dpi_emulate(golden, M + 1, N - 1, K - 1, a, b, c), BAD_SHAPE,
                   "c: an array of 35 elements for 6 x 6");
    expect_refused(golden, septet_dpi_count(golden, "cyles", count), BAD_OPTION, "key: cyles is no key of a report");
    expect_that(count == 0, "an unknown count");
    void'(septet_dpi_set_number(golden, "array.width", 0.0));
    expect_refused(golden, septet_dpi_emulate(golden, M, N, K, a, b, c), BAD_OPTION,
                   "options.array: 2 x 0: each side must be 1 to 65536");
    for (int i = 0; i < M * N; ++i) expect_that(c[i] == i, "refused, but C is changed");
    expect_that(count_of(golden, "cycles") == cycles, "refused, but the report is another");
  endtask

  task automatic test_no_model();
    longint count;
    string text = "golden: null: not created, or there was no memory for it";
    expect_refused(null, septet_dpi_set_number(null, "beta", 1.0), BAD_POINTER, text);
    expect_refused(null, septet_dpi_set_name(null, "dataflow", "dOS"), BAD_POINTER, text);
    expect_refused(null, septet_dpi_apply_preset(null, "gemmini"), BAD_POINTER, text);
    expect_refused(null, septet_dpi_emulate(null, M, N, K, a, b, c), BAD_POINTER, text);
    expect_refused(null, septet_dpi_count(null, "cycles", count), BAD_POINTER, text);
    septet_dpi_free(null);
  endtask

  initial begin
    chandle golden, other;
    longint count;
    golden = septet_dpi_create();
    other = septet_dpi_create();
    expect_refused(other, septet_dpi_count(other, "cycles", count), BAD_POINTER,
                   "report: there is none before a product");
    expect_that(septet_dpi_error(golden) == "", "another model's error");
    fill();
    expect_that(septet_dpi_set_number(golden, "array.height", 2.0) == SEPTET_OK, "array.height");
    expect_that(septet_dpi_set_number(golden, "array.width", 3.0) == SEPTET_OK, "array.width");
    test_dataflows(golden);
    test_arrays(golden);
    test_options(golden);
    test_refused(golden);
    test_no_model();
    septet_dpi_free(golden);
    septet_dpi_free(other);
    if (failures > 0) $fatal(1, "%0d of %0d checks failed", failures, checks);
    $display("dpi_test: %0d checks passed", checks);
    $finish;
  end
endmodule
