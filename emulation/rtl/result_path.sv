// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// When results leave, and where to: tokens for the store unit of column 0. Weights and inputs stationary: the sum of a
// step leaves HEIGHT cycles after it came in. Outputs stationary: HEIGHT cycles after a fold's last step its drain begins,
// one PE row a cycle from the last one up, and row h of the chain loads from above in the first h of them (section 7).
module result_path #(
    parameter HEIGHT       = 4,
    parameter LENGTH_BITS  = 3,
    parameter ADDRESS_BITS = 24
) (
    input  logic                    clk,
    input  logic                    reset,
    input  logic                    output_stationary,
    input  logic [ADDRESS_BITS-1:0] n,
    // a step (outputs stationary: a fold's last one) comes to the array's corner
    input  logic                    step_valid,
    input  logic [ADDRESS_BITS-1:0] step_address,       // of C's element in column 0; outputs stationary: of the last row
    input  logic [ LENGTH_BITS-1:0] step_columns,       // in use
    input  logic [ LENGTH_BITS-1:0] step_rows,          // in use
    input  logic                    step_final,
    // to the store units
    output logic                    token_valid,
    output logic [ADDRESS_BITS-1:0] token_address,
    output logic [ LENGTH_BITS-1:0] token_columns,
    output logic                    token_final,
    // to the left edge
    output logic [      HEIGHT-1:0] drain_shift
);
  wire early_valid, early_final;
  wire [ADDRESS_BITS-1:0] early_address;
  wire [LENGTH_BITS-1:0] early_columns, early_rows;
  delay #(
      .DEPTH(HEIGHT - 1),
      .BITS (1)
  ) valid_through_the_array (
      .clk(clk),
      .reset(reset),
      .d(step_valid),
      .q(early_valid)
  );
  delay #(
      .DEPTH(HEIGHT - 1),
      .BITS (ADDRESS_BITS + 2 * LENGTH_BITS + 1)
  ) through_the_array (
      .clk(clk),
      .reset(1'b0),
      .d({step_address, step_columns, step_rows, step_final}),
      .q({early_address, early_columns, early_rows, early_final})
  );

  logic valid, last_fold;
  logic [ADDRESS_BITS-1:0] address;
  logic [LENGTH_BITS-1:0] columns, rows, row;  // `row` of PEs: its value is what leaves
  wire draining = output_stationary && valid && row != 0;
  always_ff @(posedge clk) begin
    if (reset) valid <= 0;
    else valid <= early_valid || draining;
    if (early_valid) begin
      address <= early_address;
      columns <= early_columns;
      rows <= early_rows;
      last_fold <= early_final;
      row <= LENGTH_BITS'(HEIGHT - 1);
    end else if (draining) begin
      address <= address - n;
      row <= row - 1'b1;
    end
  end

  assign token_valid = valid && (!output_stationary || row < rows);
  assign token_address = address;
  assign token_columns = columns;
  assign token_final = valid && last_fold && !draining;
  always_comb begin
    for (int h = 0; h < HEIGHT; h++) drain_shift[h] = output_stationary && valid && HEIGHT - 1 - h < 32'(row);
  end
endmodule
