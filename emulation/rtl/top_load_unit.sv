// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Feeds column COLUMN of PEs at the top edge, COLUMN cycles after column 0: rows of B (outputs stationary), the sum that
// goes on (weights or inputs stationary), and the preload chain.
//
// Sums are addressed by a token {valid, address of the column's element of C, columns in use from here on} that moves
// from unit to unit with the skew.
module top_load_unit #(
    parameter COLUMN       = 0,
    parameter LENGTH_BITS  = 3,
    parameter LANES        = 1,
    parameter ADDRESS_BITS = 24,
    parameter OPERAND_BITS = 8
) (
    input  logic                          clk,
    input  logic                          reset,
    input  logic                          output_stationary,
    input  logic                          weight_stationary,
    input  logic                          b_unsigned,
    input  logic [                   8:0] b_zero_point,
    // rows of B: one per lane (outputs stationary), or the one that the preload chain takes (inputs stationary)
    input  logic                          b_used,
    input  logic [       LENGTH_BITS-1:0] b_columns,          // in use
    input  logic [LANES*ADDRESS_BITS-1:0] b_rows,             // addresses of their elements for column 0
    output logic [LANES*ADDRESS_BITS-1:0] b_address,
    input  logic [           LANES*8-1:0] b_data,
    // a weight for the preload chain (weights stationary)
    input  logic                          weight_valid,
    input  logic [      OPERAND_BITS-1:0] weight,
    // sums
    input  logic [      ADDRESS_BITS-1:0] stride,             // of C's elements from a column to the next
    input  logic                          token_valid,
    input  logic [      ADDRESS_BITS-1:0] token_address,
    input  logic [       LENGTH_BITS-1:0] token_columns,
    output logic                          token_valid_out,
    output logic [      ADDRESS_BITS-1:0] token_address_out,
    output logic [       LENGTH_BITS-1:0] token_columns_out,
    input  logic [                  31:0] c_data,
    // what the column's store unit writes in this cycle, which may be what is asked for
    input  logic                          store_write,
    input  logic [      ADDRESS_BITS-1:0] store_address,
    input  logic [                  31:0] store_data,
    // to the array
    output logic                          top_valid,
    output logic [LANES*OPERAND_BITS-1:0] top,
    output logic [                  31:0] sum,
    output logic                          chain_valid,
    output logic [                  31:0] chain
);
  wire [LANES*OPERAND_BITS-1:0] b;
  genvar l;
  generate
    for (l = 0; l < LANES; l = l + 1) begin : lanes
      operand #(
          .OPERAND_BITS(OPERAND_BITS)
      ) convert (
          .is_unsigned(b_unsigned),
          .zero_point(b_zero_point),
          .stored(b_data[l*8+:8]),
          .value(b[l*OPERAND_BITS+:OPERAND_BITS])
      );
      assign b_address[l*ADDRESS_BITS+:ADDRESS_BITS] = b_rows[l*ADDRESS_BITS+:ADDRESS_BITS] + ADDRESS_BITS'(COLUMN);
    end
  endgenerate

  wire b_valid = b_used && LENGTH_BITS'(COLUMN) < b_columns;
  wire operand_valid;
  wire [OPERAND_BITS-1:0] operand;
  delay #(
      .DEPTH(COLUMN + 1),
      .BITS (2)
  ) control_skew (
      .clk(clk),
      .reset(reset),
      .d({output_stationary && b_valid, weight_stationary ? weight_valid : b_valid}),
      .q({top_valid, operand_valid})
  );
  delay #(
      .DEPTH(COLUMN + 1),
      .BITS ((LANES + 1) * OPERAND_BITS)
  ) skew (
      .clk(clk),
      .reset(1'b0),
      .d({b, weight_stationary ? weight : b[OPERAND_BITS-1:0]}),
      .q({top, operand})
  );

  always_ff @(posedge clk) begin
    token_valid_out   <= token_valid && !reset;
    token_address_out <= token_address + stride;
    token_columns_out <= token_columns - LENGTH_BITS'(token_columns != 0);
  end

  // A sum that the PE at the bottom registered in the cycle before may enter at the top in this one (section 3).
  wire sum_valid = token_valid && token_columns != 0;
  wire [31:0] c = store_write && store_address == token_address ? store_data : c_data;
  assign sum = sum_valid && !output_stationary ? c : 32'd0;
  assign chain_valid = output_stationary ? sum_valid : operand_valid;
  assign chain = output_stationary ? c_data : 32'(operand);
endmodule
