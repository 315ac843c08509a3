// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The folds of docs/dataflows.md, section 3, one after the other. Outer to inner: output stationary m-tiles, n-tiles;
// weights stationary m-tiles, cuts of HEIGHT vectors; inputs stationary n-tiles, k-tiles. Tiles without a vector are not
// in the directory, and have no fold.
module fold_sequencer #(
    parameter HEIGHT      = 4,
    parameter WIDTH       = 4,
    parameter LENGTH_BITS = 3,
    parameter SIZE_BITS   = 16,
    parameter TILE_BITS   = 8
) (
    input  logic                   clk,
    input  logic                   rewind,             // to the first fold
    input  logic                   next,               // to the next one
    input  logic                   weight_stationary,
    input  logic                   input_stationary,
    input  logic                   chained,
    input  logic [  SIZE_BITS-1:0] n,
    // the directory's
    input  logic [    TILE_BITS:0] tiles,
    output logic [  TILE_BITS-1:0] tile,
    input  logic [LENGTH_BITS-1:0] tile_elements,
    input  logic [  SIZE_BITS-1:0] tile_steps,
    input  logic [    SIZE_BITS:0] tile_distance,
    // the fold
    output logic                   valid,              // there is one
    output logic [  SIZE_BITS-1:0] n0,                 // its first column of C; weights stationary: 0
    output logic [  SIZE_BITS-1:0] first_vector,       // weights stationary: where its cut begins
    output logic [  SIZE_BITS-1:0] steps,              // T
    output logic [LENGTH_BITS-1:0] rows,               // PE rows in use
    output logic [LENGTH_BITS-1:0] columns,            // PE columns in use
    output logic [    SIZE_BITS:0] distance            // Z: cycles after the start of the fold before
);
  localparam [SIZE_BITS-1:0] H = SIZE_BITS'(HEIGHT), W = SIZE_BITS'(WIDTH);

  logic exhausted;
  wire [SIZE_BITS-1:0] vectors_left = tile_steps - first_vector;
  wire [SIZE_BITS-1:0] columns_left = n - n0;
  wire last_tile = (TILE_BITS + 1)'(tile) + 1'b1 == tiles;
  wire last_cut = vectors_left <= H;
  wire last_columns = columns_left <= W;
  wire [LENGTH_BITS-1:0] cut = last_cut ? vectors_left[LENGTH_BITS-1:0] : LENGTH_BITS'(HEIGHT);
  wire [LENGTH_BITS-1:0] slice = last_columns ? columns_left[LENGTH_BITS-1:0] : LENGTH_BITS'(WIDTH);

  assign valid = tiles != 0 && n != 0 && !exhausted;
  assign steps = weight_stationary ? n : tile_steps;
  assign rows = weight_stationary ? cut : tile_elements;
  assign columns = weight_stationary ? tile_elements : slice;
  assign distance = chained && input_stationary ? tile_distance : '0;

  wire inner_done = weight_stationary ? last_cut : input_stationary ? last_tile : last_columns;
  wire outer_done = input_stationary ? last_columns : last_tile;

  always_ff @(posedge clk) begin
    if (rewind) begin
      tile <= 0;
      n0 <= 0;
      first_vector <= 0;
      exhausted <= 0;
    end else if (next) begin
      if (inner_done && outer_done) exhausted <= 1;
      if (input_stationary) begin
        tile <= last_tile ? '0 : tile + 1'b1;
        if (last_tile) n0 <= n0 + W;
      end else begin
        if (inner_done) tile <= tile + 1'b1;
        if (weight_stationary) first_vector <= last_cut ? '0 : first_vector + H;
        else n0 <= last_columns ? '0 : n0 + W;
      end
    end
  end
endmodule
