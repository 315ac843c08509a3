// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Runs the memory images of one product, which `septet export` wrote, on the array and dumps C for `septet compare`.
//   +images=DIR     where sizes.hex, a.hex, b.hex and c_start.hex are
//   +dump=FILE      C after the run, row-major, one word per line, as $readmemh reads it
//   +writes=FILE    the words written to C's memory, in the order of writing: by cycle, then by column
//   +vcd=FILE       every signal as a waveform
//   +max_cycles=N   clock cycles to wait for `done`, the scan of the packed weights included (default 100 million)
// Prints `cycles N`, the run's cycles as the contract counts them. What cannot be run ends in $fatal.
module septet_testbench #(
    parameter int HEIGHT = 4,
    parameter int WIDTH = 4,
    parameter int LANES = 4,
    parameter int SIZE_BITS = 16,
    parameter int ADDRESS_BITS = 24,
    parameter int VECTOR_BITS = 12,
    parameter int TILE_BITS = 8,
    parameter int OPERAND_BITS = 8,
    parameter int MEMORY_BITS = 20
);
  // Words of sizes.hex.
  localparam int VERSION = 0, DATAFLOW = 1, M = 2, N = 3, K = 4, ARRAY_HEIGHT = 5, ARRAY_WIDTH = 6, ARRAY_LANES = 7,
      TIMING = 8, ACCUMULATE = 9, PRELOAD = 10, A_BYTES = 11, A_TYPE = 12, B_TYPE = 13, SUM_TYPE = 14,
      A_ZERO_POINT = 15, B_ZERO_POINT = 16, SIZES = 17;
  localparam int CSOS = 7, TYPE_S8 = 2, TYPE_U8 = 3, TYPE_S32 = 4;
  localparam longint DATAFLOWS = 8, TIMINGS = 2, ACCUMULATIONS = 2;  // serial, overlapped: scalesim is not a machine's
  localparam longint SIZE_LIMIT = longint'(1) << SIZE_BITS;
  localparam longint WORDS = longint'(1) << MEMORY_BITS;

  logic [31:0] sizes[0:SIZES-1];
  string images, dump_name, writes_name, vcd_name;
  int writes = 0;  // its file, if there is one
  longint max_cycles = 100_000_000;

  logic clk = 0, reset = 1, start = 0;
  logic done, refused;
  logic [63:0] cycle, cycles;
  logic [WIDTH-1:0] c_write;
  logic [WIDTH*ADDRESS_BITS-1:0] c_write_address;
  logic [WIDTH*32-1:0] c_write_data;

  septet_system #(
      .HEIGHT(HEIGHT),
      .WIDTH(WIDTH),
      .LANES(LANES),
      .SIZE_BITS(SIZE_BITS),
      .ADDRESS_BITS(ADDRESS_BITS),
      .VECTOR_BITS(VECTOR_BITS),
      .TILE_BITS(TILE_BITS),
      .OPERAND_BITS(OPERAND_BITS),
      .MEMORY_BITS(MEMORY_BITS)
  ) system (
      .dataflow(sizes[DATAFLOW][2:0]),
      .overlapped(sizes[TIMING][0]),
      .fold_then_add(sizes[ACCUMULATE][0]),
      .preload(sizes[PRELOAD][0]),
      .m(sizes[M][SIZE_BITS-1:0]),
      .n(sizes[N][SIZE_BITS-1:0]),
      .k(sizes[K][SIZE_BITS-1:0]),
      .a_unsigned(sizes[A_TYPE] == TYPE_U8),
      .b_unsigned(sizes[B_TYPE] == TYPE_U8),
      .a_zero_point(sizes[A_ZERO_POINT][8:0]),
      .b_zero_point(sizes[B_ZERO_POINT][8:0]),
      /* verilator lint_off PINCONNECTEMPTY */
      .busy(),  // these two are for waveforms
      .running(),
      /* verilator lint_on PINCONNECTEMPTY */
      .*
  );

  initial forever #5 clk = !clk;

  // ---- images ----

  function automatic string image(input string name);
    string path;
    int file;
    path = {images, "/", name, ".hex"};
    file = $fopen(path, "r");
    if (file == 0) $fatal(1, "%s cannot be read; septet export writes it", path);
    $fclose(file);
    return path;
  endfunction

  task automatic check_word(input int word, input string what, input logic [31:0] wanted);
    if (sizes[word] != wanted)
      $fatal(1, "%s/sizes.hex, word %0d: %s is %0d; this testbench was built for %0d", images, word, what,
             $signed(sizes[word]), $signed(wanted));
  endtask

  task automatic check_below(input int word, input string what, input longint limit);
    if (longint'(sizes[word]) >= limit)
      $fatal(1, "%s/sizes.hex, word %0d: %s is %0d; this testbench takes less than %0d", images, word, what,
             sizes[word], limit);
  endtask

  task automatic check_memory(input string what, input longint words);
    if (words > WORDS)
      $fatal(1, "%s has %0d words; its memory has %0d: build the testbench with a larger MEMORY_BITS than %0d", what,
             words, WORDS, MEMORY_BITS);
  endtask

  function automatic longint product(input logic [31:0] x, input logic [31:0] y);
    return longint'(x) * longint'(y);
  endfunction

  task automatic check_sizes;
    check_word(VERSION, "the version", 1);
    check_word(ARRAY_HEIGHT, "the array's height", HEIGHT);
    check_word(ARRAY_WIDTH, "the array's width", WIDTH);
    if (sizes[DATAFLOW] == CSOS) check_word(ARRAY_LANES, "the number of lanes", LANES);
    if (OPERAND_BITS == 8 || sizes[A_TYPE] != TYPE_U8) check_word(A_TYPE, "A's type", TYPE_S8);
    if (OPERAND_BITS == 8 || sizes[B_TYPE] != TYPE_U8) check_word(B_TYPE, "B's type", TYPE_S8);
    check_word(SUM_TYPE, "the sums' type", TYPE_S32);
    if (OPERAND_BITS == 8) begin
      check_word(A_ZERO_POINT, "A's zero point", 0);
      check_word(B_ZERO_POINT, "B's zero point", 0);
    end
    check_below(DATAFLOW, "the dataflow", DATAFLOWS);
    check_below(TIMING, "the timing", TIMINGS);
    check_below(ACCUMULATE, "the accumulation", ACCUMULATIONS);
    check_below(M, "M", SIZE_LIMIT);
    check_below(N, "N", SIZE_LIMIT);
    check_below(K, "K", SIZE_LIMIT);
    check_memory("a.hex", longint'(sizes[A_BYTES]));
    check_memory("b.hex", product(sizes[K], sizes[N]));
    check_memory("c_start.hex", product(sizes[M], sizes[N]));
  endtask

  task automatic load_images;
    $readmemh(image("sizes"), sizes);
    check_sizes;
    if (sizes[A_BYTES] > 0) $readmemh(image("a"), system.a, 0, int'(sizes[A_BYTES]) - 1);
    if (product(sizes[K], sizes[N]) > 0) $readmemh(image("b"), system.b, 0, int'(product(sizes[K], sizes[N])) - 1);
    if (product(sizes[M], sizes[N]) > 0) $readmemh(image("c_start"), system.c, 0, int'(product(sizes[M], sizes[N])) - 1);
  endtask

  // ---- results ----

  function automatic int opened(input string path, input string what);
    opened = $fopen(path, "w");
    if (opened == 0) $fatal(1, "%s cannot be written", path);
    $fdisplay(opened, "// %s", what);
  endfunction

  task automatic dump_c;
    int dump;
    dump = opened(dump_name, "C after the run");
    for (int i = 0; i < int'(product(sizes[M], sizes[N])); i++) $fdisplay(dump, "%08x", system.c[i]);
    $fclose(dump);
  endtask

  // Columns in ascending order, and no place outside of C.
  always @(posedge clk)
    for (int w = 0; w < WIDTH; w++)
      if (c_write[w]) begin
        if (longint'(c_write_address[w*ADDRESS_BITS+:ADDRESS_BITS]) >= product(sizes[M], sizes[N]))
          $fatal(1, "column %0d writes word %0d of C in cycle %0d; C has %0d", w,
                 c_write_address[w*ADDRESS_BITS+:ADDRESS_BITS], cycle, product(sizes[M], sizes[N]));
        if (writes != 0) $fdisplay(writes, "%08x", c_write_data[w*32+:32]);
      end

  // ---- the run ----

  initial begin
    if (!$value$plusargs("images=%s", images)) $fatal(1, "+images=DIR is missing: the folder that septet export wrote");
    if ($value$plusargs("max_cycles=%d", max_cycles) && max_cycles <= 0) $fatal(1, "+max_cycles has to be positive");
    load_images;
    if ($value$plusargs("writes=%s", writes_name)) writes = opened(writes_name, "words written to C's memory, in order");
    if ($value$plusargs("vcd=%s", vcd_name)) begin
      $dumpfile(vcd_name);
      $dumpvars(0, septet_testbench);
    end
    // Inputs change at falling edges, so that no rising edge races with them.
    repeat (3) @(negedge clk);
    reset = 0;
    start = 1;
    @(negedge clk) start = 0;
    for (longint waited = 0; !done; waited++) begin
      if (waited == max_cycles) $fatal(1, "not done after %0d clock cycles (+max_cycles)", max_cycles);
      @(negedge clk);
    end
    @(negedge clk);
    if (refused) $fatal(1, "the array refuses these sizes: see `refused` in septet_array.sv");
    if ($value$plusargs("dump=%s", dump_name)) dump_c;
    if (writes != 0) $fclose(writes);
    $display("cycles %0d", cycles);
    $finish;
  end
endmodule
