// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// One vector of A from its packed form (docs/dataflows.md, section 5): element e has a weight where bit e is set, the
// set bits' values follow each other. Elsewhere a two-stage bitmap's vector gets a zero (injected: no zero point is
// subtracted from it), a CSB's step nothing. Dense vectors are all values.
module decompression_unit #(
    parameter LONGEST      = 4,
    parameter LENGTH_BITS  = 3,
    parameter LANE_BITS    = 1,
    parameter FIELD_LANE   = 0,   // bits of a lane in a CSB
    parameter VALUES_BYTES = 5,
    parameter OPERAND_BITS = 8
) (
    input  logic                         sparse,
    input  logic                         combined,
    input  logic                         is_unsigned,
    input  logic [                  8:0] zero_point,
    input  logic [      LENGTH_BITS-1:0] elements,
    input  logic [          LONGEST-1:0] bits,      // set: stored; dense: don't care
    input  logic [   8*VALUES_BYTES-1:0] values,    // the first one's bits are the lowest
    output logic [          LONGEST-1:0] valid,
    output logic [LONGEST*OPERAND_BITS-1:0] value,
    output logic [LONGEST*LANE_BITS-1:0] lane
);
  localparam WEIGHT_BITS = 8 + FIELD_LANE;
  logic [LENGTH_BITS-1:0] rank;  // values before this element's
  logic [LONGEST-1:0] there;
  logic [LONGEST*8-1:0] stored;
  always_comb begin
    rank = 0;
    valid = '0;
    there = '0;
    stored = '0;
    lane = '0;
    for (int e = 0; e < LONGEST; e++) begin
      if (LENGTH_BITS'(e) < elements) begin
        valid[e] = bits[e] || !combined;
        if (bits[e] || !sparse) begin
          there[e] = 1;
          // One of e + 1 places, rather than any.
          for (int r = 0; r < LONGEST; r++) begin
            if (r <= e && rank == LENGTH_BITS'(r)) begin
              if (combined) stored[8*e+:8] = values[r*WEIGHT_BITS+FIELD_LANE+:8];
              else stored[8*e+:8] = values[r*8+:8];
              if (combined && FIELD_LANE != 0) lane[LANE_BITS*e+:LANE_BITS] = values[r*WEIGHT_BITS+:LANE_BITS];
            end
          end
          rank = rank + 1'b1;
        end
      end
    end
  end

  genvar i;
  generate
    for (i = 0; i < LONGEST; i = i + 1) begin : element
      wire [OPERAND_BITS-1:0] weight;
      operand #(
          .OPERAND_BITS(OPERAND_BITS)
      ) convert (
          .is_unsigned(is_unsigned),
          .zero_point(zero_point),
          .stored(stored[8*i+:8]),
          .value(weight)
      );
      assign value[i*OPERAND_BITS+:OPERAND_BITS] = there[i] ? weight : '0;
    end
  endgenerate
endmodule
