// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The design under test: somebody's own output-stationary array. It computes one tile of C in the sums of its PEs, then
// shifts it out at the bottom, one row a cycle, the last row first. In cycle t after `start` it takes step t of the
// operands: column t of A's rows and row t of B's columns.
module mac_array #(
  parameter int HEIGHT = 4,
  parameter int WIDTH = 4
) (
  input  logic                    clk,
  input  logic                    reset,
  input  logic                    start,
  input  logic [15:0]             steps,
  input  logic [HEIGHT-1:0][7:0]  a,
  input  logic [WIDTH-1:0][7:0]   b,
  input  logic [1:0]              fault,    // for show: [0] PE(2, 1) starts from 1, [1] the drain comes a cycle late
  output logic [15:0]             step,
  output logic [WIDTH-1:0][31:0]  c,
  output logic                    c_valid,
  output logic                    busy,
  output logic [31:0]             cycles    // that it has been busy, over all tiles
);
  localparam int FILL = HEIGHT + WIDTH - 2;  // cycles from a step's first PE to its last

  logic [15:0] drain_from;
  logic        streaming;
  assign drain_from = steps + 16'(FILL) + 16'(fault[1]);
  assign streaming = busy && step < steps;
  assign c_valid = busy && step >= drain_from;

  always_ff @(posedge clk) begin
    if (reset) begin
      busy <= 0;
      step <= '0;
      cycles <= '0;
    end else if (start) begin
      busy <= 1;
      step <= '0;
    end else if (busy) begin
      busy <= step + 1 < drain_from + 16'(HEIGHT);
      step <= step + 1;
      cycles <= cycles + 1;
    end
  end

  // right[h][w], bottom[h][w] and sum[h][w] come to PE(h, w) from its left and upper neighbours, or from the edge. Step
  // t is PE(h, w)'s in cycle t + h + w: row h of A waits h cycles at the edge, column w of B w cycles.
  logic [HEIGHT-1:0][WIDTH:0][7:0]  right;
  logic [HEIGHT:0][WIDTH-1:0][7:0]  bottom;
  logic [HEIGHT:0][WIDTH-1:0][31:0] sum;
  assign sum[0] = '0;
  assign c = sum[HEIGHT];

  for (genvar h = 0; h < HEIGHT; ++h) begin : g_left_edge
    delay #(.CYCLES(h)) skew (.clk, .clear(start), .in(streaming ? a[h] : '0), .out(right[h][0]));
  end
  for (genvar w = 0; w < WIDTH; ++w) begin : g_top_edge
    delay #(.CYCLES(w)) skew (.clk, .clear(start), .in(streaming ? b[w] : '0), .out(bottom[0][w]));
  end
  for (genvar h = 0; h < HEIGHT; ++h) begin : g_row
    for (genvar w = 0; w < WIDTH; ++w) begin : g_column
      mac_pe pe (.clk, .clear(start), .first(fault[0] && h == 2 && w == 1 ? 32'd1 : '0), .shift(c_valid),
                 .left(right[h][w]), .top(bottom[h][w]), .above(sum[h][w]), .right(right[h][w+1]),
                 .bottom(bottom[h+1][w]), .sum(sum[h+1][w]));
    end
  end
endmodule

module mac_pe (
  input  logic        clk, clear, shift,
  input  logic [31:0] first,
  input  logic [7:0]  left, top,
  input  logic [31:0] above,
  output logic [7:0]  right, bottom,
  output logic [31:0] sum
);
  always_ff @(posedge clk) begin
    right <= clear ? '0 : left;
    bottom <= clear ? '0 : top;
    if (clear) sum <= first;
    else if (shift) sum <= above;
    else sum <= sum + 32'($signed(left)) * 32'($signed(top));
  end
endmodule

module delay #(
  parameter int CYCLES = 0
) (
  input  logic       clk, clear,
  input  logic [7:0] in,
  output logic [7:0] out
);
  if (CYCLES == 0) begin : g_through
    assign out = in;
  end else begin : g_stages
    logic [8*CYCLES-1:0] stages;
    always_ff @(posedge clk) stages <= clear ? '0 : (8 * CYCLES)'({stages, in});
    assign out = stages[8*CYCLES-1-:8];
  end
endmodule
