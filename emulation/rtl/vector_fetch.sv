// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Finds the vector of A that a step streams, or a preload hands in, and decompresses it a cycle later: its elements,
// and the rows of B, or of C, that they belong to.
module vector_fetch #(
    parameter LONGEST      = 4,
    parameter LENGTH_BITS  = 3,
    parameter LANES        = 1,
    parameter LANE_BITS    = 1,
    parameter FIELD_LANE   = 0,
    parameter COUNT_BITS   = 1,
    parameter SIZE_BITS    = 16,
    parameter ADDRESS_BITS = 24,
    parameter VECTOR_BITS  = 12,
    parameter BITS_BYTES   = 5,
    parameter VALUES_BYTES = 5,
    parameter OPERAND_BITS = 8
) (
    input  logic                         clk,
    input  logic                         reset,
    input  logic                         sparse,
    input  logic                         combined,
    input  logic                         is_unsigned,
    input  logic [                  8:0] zero_point,
    // which one: vector `position` of a tile of the directory
    input  logic                         request,
    input  logic [        SIZE_BITS-1:0] position,
    input  logic [      LENGTH_BITS-1:0] tile_elements,
    input  logic [      VECTOR_BITS-1:0] tile_first,
    input  logic [     ADDRESS_BITS+2:0] tile_bits,
    input  logic [     ADDRESS_BITS-1:0] tile_values,
    output logic [      VECTOR_BITS-1:0] vector,
    input  logic [  LANES*SIZE_BITS-1:0] vector_index,
    input  logic [       COUNT_BITS-1:0] vector_count,
    input  logic [     ADDRESS_BITS-1:0] vector_values,
    // packed weights: windows of bytes
    output logic [     ADDRESS_BITS-1:0] bits_address,
    input  logic [     8*BITS_BYTES-1:0] bits_data,
    output logic [     ADDRESS_BITS-1:0] values_address,
    input  logic [   8*VALUES_BYTES-1:0] values_data,
    // a cycle later
    output logic [  LANES*SIZE_BITS-1:0] index,           // its k or m; combined: one per lane
    output logic [       COUNT_BITS-1:0] count,           // lanes in use
    output logic [          LONGEST-1:0] valid,
    output logic [LONGEST*OPERAND_BITS-1:0] value,
    output logic [LONGEST*LANE_BITS-1:0] lane
);
  localparam CURSOR_BITS = ADDRESS_BITS + 3;
  localparam WEIGHT_BITS = 8 + FIELD_LANE;

  assign vector = tile_first + VECTOR_BITS'(position);

  // Addresses in bits: of its bits, and of its first value.
  wire [CURSOR_BITS-1:0] elements_before = CURSOR_BITS'(position) * CURSOR_BITS'(tile_elements);
  wire [CURSOR_BITS-1:0] values_before = sparse ? CURSOR_BITS'(vector_values) : elements_before;
  wire [CURSOR_BITS-1:0] value_bits = values_before * (combined ? CURSOR_BITS'(WEIGHT_BITS) : CURSOR_BITS'(8));

  logic requested;
  logic [LENGTH_BITS-1:0] elements;
  logic [CURSOR_BITS-1:0] bits_at, values_at;
  always_ff @(posedge clk) begin
    requested <= request && !reset;
    elements <= tile_elements;
    bits_at <= tile_bits + elements_before;
    values_at <= {tile_values, 3'd0} + value_bits;
    index <= sparse ? vector_index : (LANES * SIZE_BITS)'(position);
    count <= combined ? vector_count : COUNT_BITS'(1);
  end

  assign bits_address = bits_at[CURSOR_BITS-1:3];
  assign values_address = values_at[CURSOR_BITS-1:3];
  wire [8*BITS_BYTES-1:0] bits = bits_data >> bits_at[2:0];
  wire unused_bits = &{1'b0, bits};  // the window is as wide as the directory needs it
  decompression_unit #(
      .LONGEST(LONGEST),
      .LENGTH_BITS(LENGTH_BITS),
      .LANE_BITS(LANE_BITS),
      .FIELD_LANE(FIELD_LANE),
      .VALUES_BYTES(VALUES_BYTES),
      .OPERAND_BITS(OPERAND_BITS)
  ) decompression (
      .sparse(sparse),
      .combined(combined),
      .is_unsigned(is_unsigned),
      .zero_point(zero_point),
      .elements(requested ? elements : '0),
      .bits(bits[LONGEST-1:0]),
      .values(values_data >> values_at[2:0]),
      .valid(valid),
      .value(value),
      .lane(lane)
  );
endmodule
