// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// mac_array against septet: values and cycles of random products (+seed=…), cut into the array's tiles. +fault=1 breaks
// a PE, +fault=2 the drain, to show how a difference is reported.
module testbench;
  import septet_dpi::*;

  localparam int HEIGHT = 4, WIDTH = 4;
  localparam int LONGEST = 32;  // of m, n and k

  logic                   clk = 0, reset = 1, start = 0;
  logic [HEIGHT-1:0][7:0] a_step;
  logic [WIDTH-1:0][7:0]  b_step;
  logic [WIDTH-1:0][31:0] c_row;
  logic [15:0]            steps, step;
  logic [31:0]            cycles;
  logic                   c_valid, busy;
  logic [1:0]             fault;
  mac_array #(.HEIGHT(HEIGHT), .WIDTH(WIDTH)) dut (.a(a_step), .b(b_step), .c(c_row), .*);

  always #5 clk = !clk;

  chandle golden;
  byte    a[LONGEST*LONGEST], b[LONGEST*LONGEST];
  int     expected[LONGEST*LONGEST], found[LONGEST*LONGEST];
  int     failures = 0;
  longint values = 0, all_cycles = 0;  // compared

  // What septet refuses in the set-up is the testbench's mistake.
  task automatic check(int status);
    if (status != SEPTET_OK) $fatal(1, "septet: %s", septet_dpi_error(golden));
  endtask

  // Outside of the matrix the load units bring zeros.
  task automatic load(int m0, int n0, int m, int n, int k);
    for (int h = 0; h < HEIGHT; ++h) a_step[h] = m0 + h < m && int'(step) < k ? a[(m0+h)*k + int'(step)] : '0;
    for (int w = 0; w < WIDTH; ++w) b_step[w] = n0 + w < n && int'(step) < k ? b[int'(step)*n + n0 + w] : '0;
  endtask

  task automatic run_tile(int m0, int n0, int m, int n, int k);
    int h = HEIGHT;
    steps = 16'(k);
    @(negedge clk) start = 1;
    @(negedge clk) start = 0;
    while (busy) begin
      load(m0, n0, m, n, k);
      if (c_valid) begin
        --h;
        for (int w = 0; w < WIDTH; ++w) if (m0 + h < m && n0 + w < n) found[(m0+h)*n + n0 + w] = c_row[w];
      end
      @(negedge clk);
    end
  endtask

  // The tiles in the order of dOS' folds: down A's rows, and in each along B's columns.
  task automatic compare(int m, int n, int k);
    int differing = 0;
    int tiles = (n + WIDTH - 1) / WIDTH;
    for (int m0 = 0; m0 < m; m0 += HEIGHT) begin
      for (int n0 = 0; n0 < n; n0 += WIDTH) begin
        for (int h = 0; h < HEIGHT && m0 + h < m; ++h) begin
          for (int w = 0; w < WIDTH && n0 + w < n; ++w) begin
            int i = (m0 + h) * n + n0 + w;
            if (found[i] == expected[i]) continue;
            if (differing == 0) begin
              $display("%0d x %0d x %0d: C[%0d][%0d] is %0d, expected %0d (PE(%0d, %0d), fold %0d)", m, n, k, m0 + h,
                       n0 + w, found[i], expected[i], h, w, m0 / HEIGHT * tiles + n0 / WIDTH);
            end
            ++differing;
          end
        end
      end
    end
    if (differing > 0) begin
      $display("%0d x %0d x %0d: %0d of %0d values differ", m, n, k, differing, m * n);
      ++failures;
    end
  endtask

  task automatic run_product(int m, int n, int k);
    longint folds, cycles_expected;
    longint cycles_found = -longint'(cycles);
    for (int i = 0; i < m * k; ++i) a[i] = byte'($urandom);
    for (int i = 0; i < k * n; ++i) b[i] = byte'($urandom);

    check(septet_dpi_emulate(golden, m, n, k, a, b, expected));
    check(septet_dpi_count(golden, "folds", folds));
    check(septet_dpi_count(golden, "cycles", cycles_expected));

    for (int m0 = 0; m0 < m; m0 += HEIGHT) for (int n0 = 0; n0 < n; n0 += WIDTH) run_tile(m0, n0, m, n, k);
    compare(m, n, k);
    cycles_found += longint'(cycles);
    if (cycles_found != cycles_expected) begin
      $display("%0d x %0d x %0d: %0d cycles, expected %0d (%0d folds)", m, n, k, cycles_found, cycles_expected, folds);
      ++failures;
    end
    values += longint'(m * n);
    all_cycles += cycles_expected;
  endtask

  initial begin
    int seed;
    if ($value$plusargs("fault=%d", fault) == 0) fault = 0;
    if ($value$plusargs("seed=%d", seed) == 0) seed = 1;
    void'($urandom(seed));
    golden = septet_dpi_create();
    check(septet_dpi_set_name(golden, "dataflow", "dOS"));
    check(septet_dpi_set_name(golden, "timing", "serial"));
    check(septet_dpi_set_number(golden, "array.height", real'(HEIGHT)));
    check(septet_dpi_set_number(golden, "array.width", real'(WIDTH)));

    // What septet does not know it refuses, in words.
    if (septet_dpi_set_name(golden, "dataflow", "OS") != SEPTET_OK) $display("refused: %s", septet_dpi_error(golden));

    @(negedge clk) reset = 0;
    run_product(4, 4, 4);
    run_product(1, 1, 1);
    run_product(8, 12, 7);
    run_product(13, 9, 21);
    run_product(32, 32, 32);
    septet_dpi_free(golden);
    $display("seed %0d: compared 5 products, %0d values, %0d cycles", seed, values, all_cycles);
    if (failures > 0) $fatal(1, "%0d comparisons failed", failures);
    $display("mac_array agrees with septet");
    $finish;
  end
endmodule
