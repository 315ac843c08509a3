// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Processing element (docs/dataflows.md, sections 2, 3 and 7): at most one multiply-accumulate a cycle, on what the left
// and the upper neighbour registered in the cycle before.
//
//   output stationary     sum <= (first step ? start : sum) + left * top[lane]
//   weights, inputs stay  sum <= sum from above + left * stationary
//
// On the first step of a fold the stationary operand, or the start of the sum, is taken straight from the preload
// chain. After the last one the sum is captured in the drain chain.
module pe #(
    parameter LANES        = 1,
    parameter LANE_BITS    = 1,
    parameter OPERAND_BITS = 8
) (
    input  logic                          clk,
    input  logic                          reset,
    input  logic                          output_stationary,
    input  logic                          preload,         // output stationary: sums start from the preload chain
    // from the left neighbour, or the load unit of the row
    input  logic                          left_in_valid,
    input  logic [OPERAND_BITS-1:0]       left_in,
    input  logic [LANE_BITS-1:0]          lane_in,
    input  logic                          first_in,
    input  logic                          last_in,
    input  logic                          shift_in,        // the preload chain of this column shifts here
    input  logic                          drain_shift_in,  // the drain chain does
    // to the right neighbour
    output logic                          left_valid,
    output logic [OPERAND_BITS-1:0]       left,
    output logic [LANE_BITS-1:0]          lane,
    output logic                          first,
    output logic                          last,
    output logic                          shift,
    output logic                          drain_shift,
    // from the upper neighbour, or the load unit of the column
    input  logic                          top_in_valid,
    input  logic [LANES*OPERAND_BITS-1:0] top_in,
    input  logic [31:0]                   sum_in,
    input  logic                          chain_in_valid,
    input  logic [31:0]                   chain_in,
    input  logic [31:0]                   drain_in,
    // to the lower neighbour, or the store unit of the column
    output logic                          top_valid,
    output logic [LANES*OPERAND_BITS-1:0] top,
    output logic [31:0]                   sum,
    output logic                          chain_valid,
    output logic [31:0]                   chain,
    output logic [31:0]                   drain
);
  logic [OPERAND_BITS-1:0] stationary;
  logic stationary_valid;

  wire [OPERAND_BITS-1:0] kept = first_in ? chain[OPERAND_BITS-1:0] : stationary;
  wire kept_valid = first_in ? chain_valid : stationary_valid;
  wire [31:0] start = preload ? chain : 32'd0;

  logic [OPERAND_BITS-1:0] operand;
  always_comb begin
    operand = kept;
    if (output_stationary) begin
      operand = top_in[OPERAND_BITS-1:0];
      for (int l = 1; l < LANES; l++) if (lane_in == LANE_BITS'(l)) operand = top_in[OPERAND_BITS*l+:OPERAND_BITS];
    end
  end

  wire mac = left_in_valid && (output_stationary ? top_in_valid : kept_valid);
  wire signed [2*OPERAND_BITS-1:0] product = $signed(left_in) * $signed(operand);
  wire [31:0] sum_before = output_stationary ? (first_in ? start : sum) : sum_in;
  wire [31:0] sum_after = sum_before + (mac ? 32'(product) : 32'd0);

  always_ff @(posedge clk) begin
    left <= left_in;
    lane <= lane_in;
    top  <= top_in;
    sum  <= sum_after;
    if (first_in) stationary <= kept;
    if (shift_in) chain <= chain_in;
    if (last_in) drain <= sum_after;
    else if (drain_shift_in) drain <= drain_in;
  end

  always_ff @(posedge clk) begin
    if (reset) begin
      {left_valid, first, last, shift, drain_shift, top_valid, stationary_valid, chain_valid} <= '0;
    end else begin
      left_valid  <= left_in_valid;
      first       <= first_in;
      last        <= last_in;
      shift       <= shift_in;
      drain_shift <= drain_shift_in;
      top_valid   <= top_in_valid;
      if (first_in) stationary_valid <= kept_valid;
      if (shift_in) chain_valid <= chain_in_valid;
    end
  end
endmodule
