// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// When folds start, and what each cycle does (docs/dataflows.md, sections 2 and 7). Three phases, of up to three folds
// at once: the preload of the next fold, the stream of the current one, and the drain (in result_path.sv) behind it.
//
//   serial       a fold's preload begins when the one before has ended
//   overlapped   s' = s + max(T, P, T + D - T', Z): a fold's first step comes that long after the one before's
module controller #(
    parameter HEIGHT    = 4,
    parameter WIDTH     = 4,
    parameter SIZE_BITS = 16,
    parameter ROW_BITS  = 2    // bits of a PE row's number
) (
    input  logic                 clk,
    input  logic                 reset,
    input  logic                 start,
    input  logic                 output_stationary,
    input  logic                 overlapped,
    input  logic                 has_preload,        // there is a preload phase
    // the next fold (fold_sequencer)
    input  logic                 next_valid,
    input  logic [SIZE_BITS-1:0] next_steps,
    input  logic [  SIZE_BITS:0] next_distance,
    output logic                 launch,             // it starts to stream in the next cycle
    // this cycle
    output logic                 begins,             // the run's cycle 0 is the next one
    output logic                 streams,            // the current fold's step
    output logic [SIZE_BITS-1:0] step,
    output logic                 first,
    output logic                 last,
    output logic                 preloads,           // the next fold's row of PEs is handed to the top
    output logic [ ROW_BITS-1:0] preload_row         // which of them: from the last one to the first
);
  // Differences may be negative, and a serial fold is longer than any size.
  localparam BITS = SIZE_BITS + 4;
  localparam signed [BITS-1:0] TAIL = BITS'(HEIGHT + WIDTH - 2);
  wire signed [BITS-1:0] p = has_preload ? BITS'(HEIGHT) : '0;
  wire signed [BITS-1:0] d = output_stationary ? BITS'(HEIGHT) : '0;

  localparam IDLE = 0, FIRST = 1, RUN = 2;
  logic [1:0] state;
  logic [SIZE_BITS-1:0] steps;  // of the current fold
  logic signed [BITS-1:0] elapsed;  // cycles since its first step; in FIRST: since the cycle before cycle 0

  function automatic signed [BITS-1:0] larger(input signed [BITS-1:0] x, input signed [BITS-1:0] y);
    larger = x > y ? x : y;
  endfunction

  // How many cycles after the current fold's first step the next one's comes.
  wire signed [BITS-1:0] t = BITS'(steps), next_t = BITS'(next_steps), z = BITS'(next_distance);
  logic signed [BITS-1:0] apart;
  always_comb begin
    if (state == FIRST) apart = p + 1'b1;
    else if (overlapped) apart = larger(larger(t, p), larger(t + d - next_t, z));
    else apart = t + TAIL + d + p;
  end

  wire signed [BITS-1:0] preload_step = elapsed - (apart - p);
  assign begins = state == FIRST && elapsed == 0;
  wire nothing_left = state == RUN && !next_valid && elapsed >= t;
  assign launch = state != IDLE && next_valid && elapsed == apart - 1'b1;
  assign streams = state == RUN && elapsed < t;
  assign step = elapsed[SIZE_BITS-1:0];
  assign first = streams && elapsed == 0;
  assign last = streams && elapsed == t - 1'b1;
  assign preloads = state != IDLE && has_preload && next_valid && preload_step >= 0;
  assign preload_row = ROW_BITS'(HEIGHT - 1) - preload_step[ROW_BITS-1:0];

  always_ff @(posedge clk) begin
    if (reset) state <= IDLE;
    else if (start) begin
      state <= FIRST;
      elapsed <= 0;
    end else if (launch) begin
      state <= RUN;
      steps <= next_steps;
      elapsed <= 0;
    end else if (nothing_left) state <= IDLE;
    else elapsed <= elapsed + 1'b1;
  end
endmodule
