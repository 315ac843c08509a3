// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// HEIGHT rows x WIDTH columns of PEs: streamed operands and control move to the right; inputs, sums and chains move down.
// Vectors over rows and columns are flat: element i in bits i*BITS and up.
module pe_array #(
    parameter HEIGHT       = 4,
    parameter WIDTH        = 4,
    parameter LANES        = 1,
    parameter LANE_BITS    = 1,
    parameter OPERAND_BITS = 8
) (
    input  logic                                clk,
    input  logic                                reset,
    input  logic                                output_stationary,
    input  logic                                preload,
    // left edge, by rows
    input  logic [HEIGHT-1:0]                   left_valid,
    input  logic [HEIGHT*OPERAND_BITS-1:0]      left,
    input  logic [HEIGHT*LANE_BITS-1:0]         lane,
    input  logic [HEIGHT-1:0]                   first,
    input  logic [HEIGHT-1:0]                   last,
    input  logic [HEIGHT-1:0]                   shift,
    input  logic [HEIGHT-1:0]                   drain_shift,
    // top edge, by columns
    input  logic [WIDTH-1:0]                    top_valid,
    input  logic [WIDTH*LANES*OPERAND_BITS-1:0] top,
    input  logic [WIDTH*32-1:0]                 sum,
    input  logic [WIDTH-1:0]                    chain_valid,
    input  logic [WIDTH*32-1:0]                 chain,
    // bottom edge, by columns
    output logic [WIDTH*32-1:0]                 bottom_sum,
    output logic [WIDTH*32-1:0]                 bottom_drain
);
  localparam LANES_BITS = LANES * OPERAND_BITS;
  localparam RIGHT_BITS = OPERAND_BITS + LANE_BITS + 5;
  localparam DOWN_BITS = LANES_BITS + 3 * 32 + 2;

  genvar h, w;
  generate
    for (h = 0; h < HEIGHT; h = h + 1) begin : row
      for (w = 0; w < WIDTH; w = w + 1) begin : column
        // What comes in, and what this PE hands on, each as one vector in the order of the connections below.
        wire [RIGHT_BITS-1:0] from_left, to_right;
        wire [DOWN_BITS-1:0] from_above, to_below;
        if (w == 0) begin : left_edge
          assign from_left = {
            left_valid[h],
            left[h*OPERAND_BITS+:OPERAND_BITS],
            lane[h*LANE_BITS+:LANE_BITS],
            first[h],
            last[h],
            shift[h],
            drain_shift[h]
          };
        end else begin : right_of
          assign from_left = row[h].column[w-1].to_right;
        end
        if (h == 0) begin : top_edge
          assign from_above = {
            top_valid[w], top[w*LANES_BITS+:LANES_BITS], sum[w*32+:32], chain_valid[w], chain[w*32+:32], 32'd0
          };
        end else begin : below
          assign from_above = row[h-1].column[w].to_below;
        end

        wire left_in_valid, first_in, last_in, shift_in, drain_shift_in, top_in_valid, chain_in_valid;
        wire [OPERAND_BITS-1:0] left_in;
        wire [LANE_BITS-1:0] lane_in;
        wire [LANES_BITS-1:0] top_in;
        wire [31:0] sum_in, chain_in, drain_in;
        assign {left_in_valid, left_in, lane_in, first_in, last_in, shift_in, drain_shift_in} = from_left;
        assign {top_in_valid, top_in, sum_in, chain_in_valid, chain_in, drain_in} = from_above;

        wire left_out_valid, first_out, last_out, shift_out, drain_shift_out, top_out_valid, chain_out_valid;
        wire [OPERAND_BITS-1:0] left_out;
        wire [LANE_BITS-1:0] lane_out;
        wire [LANES_BITS-1:0] top_out;
        wire [31:0] sum_out, chain_out, drain_out;
        assign to_right = {left_out_valid, left_out, lane_out, first_out, last_out, shift_out, drain_shift_out};
        assign to_below = {top_out_valid, top_out, sum_out, chain_out_valid, chain_out, drain_out};

        pe #(
            .LANES(LANES),
            .LANE_BITS(LANE_BITS),
            .OPERAND_BITS(OPERAND_BITS)
        ) pe (
            .clk(clk),
            .reset(reset),
            .output_stationary(output_stationary),
            .preload(preload),
            .left_in_valid(left_in_valid),
            .left_in(left_in),
            .lane_in(lane_in),
            .first_in(first_in),
            .last_in(last_in),
            .shift_in(shift_in),
            .drain_shift_in(drain_shift_in),
            .left_valid(left_out_valid),
            .left(left_out),
            .lane(lane_out),
            .first(first_out),
            .last(last_out),
            .shift(shift_out),
            .drain_shift(drain_shift_out),
            .top_in_valid(top_in_valid),
            .top_in(top_in),
            .sum_in(sum_in),
            .chain_in_valid(chain_in_valid),
            .chain_in(chain_in),
            .drain_in(drain_in),
            .top_valid(top_out_valid),
            .top(top_out),
            .sum(sum_out),
            .chain_valid(chain_out_valid),
            .chain(chain_out),
            .drain(drain_out)
        );
      end
      // The last column hands nothing on, the last row neither inputs nor its chain.
      wire unused_right = &{1'b0, row[h].column[WIDTH-1].to_right};
    end
    for (w = 0; w < WIDTH; w = w + 1) begin : bottom
      wire unused_below = &{1'b0, row[HEIGHT-1].column[w].to_below};
      assign bottom_sum[w*32+:32] = row[HEIGHT-1].column[w].sum_out;
      assign bottom_drain[w*32+:32] = row[HEIGHT-1].column[w].drain_out;
    end
  endgenerate
endmodule
