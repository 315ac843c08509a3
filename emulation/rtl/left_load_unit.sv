// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Feeds row ROW of PEs at the left edge, ROW cycles after row 0: a weight (outputs or inputs stationary), or the element
// of B's row that meets the row's stationary weights.
module left_load_unit #(
    parameter ROW          = 0,
    parameter LENGTH_BITS  = 3,
    parameter LANE_BITS    = 1,
    parameter SIZE_BITS    = 16,
    parameter ADDRESS_BITS = 24,
    parameter OPERAND_BITS = 8
) (
    input  logic                    clk,
    input  logic                    reset,
    input  logic                    weight_stationary,
    input  logic                    b_unsigned,
    input  logic [             8:0] b_zero_point,
    // this cycle's step, if there is one
    input  logic                    streams,
    input  logic [   SIZE_BITS-1:0] step,
    input  logic                    first,
    input  logic                    last,
    input  logic [ LENGTH_BITS-1:0] rows,               // in use
    // the weight
    input  logic                    weight_valid,
    input  logic [OPERAND_BITS-1:0] weight,
    input  logic [   LANE_BITS-1:0] weight_lane,
    // weights stationary: where the row of B begins that the next fold will stream here
    input  logic                    row_known,
    input  logic [ADDRESS_BITS-1:0] row_address,
    output logic [ADDRESS_BITS-1:0] b_address,
    input  logic [             7:0] b_data,
    // to the array
    output logic                    left_valid,
    output logic [OPERAND_BITS-1:0] left,
    output logic [   LANE_BITS-1:0] lane,
    output logic                    first_out,
    output logic                    last_out
);
  // The next fold's row comes in while the current one streams.
  logic [ADDRESS_BITS-1:0] next_row, current_row;
  wire [ADDRESS_BITS-1:0] row = first ? next_row : current_row;
  always_ff @(posedge clk) begin
    if (row_known) next_row <= row_address;
    if (first) current_row <= next_row;
  end
  assign b_address = row + ADDRESS_BITS'(step);

  wire [OPERAND_BITS-1:0] b;
  operand #(
      .OPERAND_BITS(OPERAND_BITS)
  ) convert (
      .is_unsigned(b_unsigned),
      .zero_point(b_zero_point),
      .stored(b_data),
      .value(b)
  );

  wire valid = streams && (weight_stationary ? LENGTH_BITS'(ROW) < rows : weight_valid);
  delay #(
      .DEPTH(ROW + 1),
      .BITS (3)
  ) control_skew (
      .clk(clk),
      .reset(reset),
      .d({valid, first, last}),
      .q({left_valid, first_out, last_out})
  );
  delay #(
      .DEPTH(ROW + 1),
      .BITS (OPERAND_BITS + LANE_BITS)
  ) skew (
      .clk(clk),
      .reset(1'b0),
      .d({weight_stationary ? b : weight, weight_lane}),
      .q({left, lane})
  );
endmodule
