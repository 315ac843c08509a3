// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The array and its memories, for simulation: they answer in the same cycle and have as many ports as the array asks
// for. Whoever simulates fills `a`, `b` and `c` (C's memory starts from c_start) by $readmemh or from C++ before
// `start`, and reads `c` after `done`. Each holds 2^MEMORY_BITS words; beyond them there is x, and nothing is written.
module septet_system #(
    parameter int HEIGHT = 4,
    parameter int WIDTH = 4,
    parameter int LANES = 4,
    parameter int SIZE_BITS = 16,
    parameter int ADDRESS_BITS = 24,
    parameter int VECTOR_BITS = 12,
    parameter int TILE_BITS = 8,
    parameter int OPERAND_BITS = 8,
    parameter int MEMORY_BITS = 16  // at most ADDRESS_BITS
) (
    input  logic clk,
    input  logic reset,
    input  logic start,
    input  logic [2:0] dataflow,
    input  logic overlapped,
    input  logic fold_then_add,
    input  logic preload,
    input  logic [SIZE_BITS-1:0] m,
    input  logic [SIZE_BITS-1:0] n,
    input  logic [SIZE_BITS-1:0] k,
    input  logic a_unsigned,
    input  logic b_unsigned,
    input  logic [8:0] a_zero_point,
    input  logic [8:0] b_zero_point,
    output logic busy,
    output logic done,
    output logic refused,
    output logic running,
    output logic [63:0] cycle,
    output logic [63:0] cycles,
    // what is written at the next clock edge, to be looked at
    output logic [WIDTH-1:0] c_write,
    output logic [WIDTH*ADDRESS_BITS-1:0] c_write_address,
    output logic [WIDTH*32-1:0] c_write_data
);
  localparam int LONGEST = HEIGHT > WIDTH ? HEIGHT : WIDTH;
  localparam int BITS_BYTES = (LONGEST + 14) / 8 > 5 ? (LONGEST + 14) / 8 : 5;
  localparam int VALUES_BYTES = (LONGEST * (8 + $clog2(LANES)) + 14) / 8;
  localparam int B_PORTS = HEIGHT > LANES * WIDTH ? HEIGHT : LANES * WIDTH;
  localparam int WORDS = 1 << MEMORY_BITS;

  logic [7:0] a[0:WORDS-1]  /* verilator public_flat_rw */;
  logic [7:0] b[0:WORDS-1]  /* verilator public_flat_rw */;
  logic [31:0] c[0:WORDS-1]  /* verilator public_flat_rw */;

  logic [ADDRESS_BITS-1:0] a_bits_address;
  logic [8*BITS_BYTES-1:0] a_bits_data;
  logic [ADDRESS_BITS-1:0] a_values_address;
  logic [8*VALUES_BYTES-1:0] a_values_data;
  logic [B_PORTS*ADDRESS_BITS-1:0] b_address;
  logic [B_PORTS*8-1:0] b_data;
  logic [WIDTH*ADDRESS_BITS-1:0] c_read_address;
  logic [WIDTH*32-1:0] c_read_data;

  septet_array #(
      .HEIGHT(HEIGHT),
      .WIDTH(WIDTH),
      .LANES(LANES),
      .SIZE_BITS(SIZE_BITS),
      .ADDRESS_BITS(ADDRESS_BITS),
      .VECTOR_BITS(VECTOR_BITS),
      .TILE_BITS(TILE_BITS),
      .OPERAND_BITS(OPERAND_BITS)
  ) array (
      .*
  );

  // Each port by itself: a process that reads a memory would wait for changes of all its words.
  for (genvar i = 0; i < BITS_BYTES; i++) begin : a_bits
    logic [ADDRESS_BITS-1:0] at;
    assign at = a_bits_address + ADDRESS_BITS'(i);
    assign a_bits_data[8*i+:8] = at >> MEMORY_BITS == 0 ? a[at[MEMORY_BITS-1:0]] : 'x;
  end
  for (genvar i = 0; i < VALUES_BYTES; i++) begin : a_values
    logic [ADDRESS_BITS-1:0] at;
    assign at = a_values_address + ADDRESS_BITS'(i);
    assign a_values_data[8*i+:8] = at >> MEMORY_BITS == 0 ? a[at[MEMORY_BITS-1:0]] : 'x;
  end
  for (genvar i = 0; i < B_PORTS; i++) begin : b_port
    logic [ADDRESS_BITS-1:0] at;
    assign at = b_address[i*ADDRESS_BITS+:ADDRESS_BITS];
    assign b_data[8*i+:8] = at >> MEMORY_BITS == 0 ? b[at[MEMORY_BITS-1:0]] : 'x;
  end
  for (genvar w = 0; w < WIDTH; w++) begin : c_port
    logic [ADDRESS_BITS-1:0] read_at, write_at;
    assign read_at = c_read_address[w*ADDRESS_BITS+:ADDRESS_BITS];
    assign c_read_data[32*w+:32] = read_at >> MEMORY_BITS == 0 ? c[read_at[MEMORY_BITS-1:0]] : 'x;
    assign write_at = c_write_address[w*ADDRESS_BITS+:ADDRESS_BITS];
    always @(posedge clk)
      if (c_write[w] && write_at >> MEMORY_BITS == 0) c[write_at[MEMORY_BITS-1:0]] <= c_write_data[32*w+:32];
  end
endmodule
