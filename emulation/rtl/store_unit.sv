// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Takes what leaves a column at the bottom and writes it to C: the drain chain's sums (outputs stationary), or the bottom
// register's. Under fold-then-add it is added to what C holds. Tokens as in top_load_unit.sv.
module store_unit #(
    parameter LENGTH_BITS  = 3,
    parameter ADDRESS_BITS = 24
) (
    input  logic                    clk,
    input  logic                    reset,
    input  logic                    output_stationary,
    input  logic                    fold_then_add,
    input  logic [ADDRESS_BITS-1:0] stride,
    input  logic                    token_valid,
    input  logic [ADDRESS_BITS-1:0] token_address,
    input  logic [ LENGTH_BITS-1:0] token_columns,
    input  logic                    token_final,        // the run's last one
    output logic                    token_valid_out,
    output logic [ADDRESS_BITS-1:0] token_address_out,
    output logic [ LENGTH_BITS-1:0] token_columns_out,
    output logic                    token_final_out,
    input  logic [            31:0] bottom_sum,
    input  logic [            31:0] bottom_drain,
    input  logic [            31:0] c_data,             // of token_address
    output logic                    write,
    output logic [            31:0] write_data
);
  wire [31:0] result = output_stationary ? bottom_drain : bottom_sum;
  assign write = token_valid && token_columns != 0;
  assign write_data = fold_then_add ? c_data + result : result;

  always_ff @(posedge clk) begin
    token_valid_out   <= token_valid && !reset;
    token_final_out   <= token_final && !reset;
    token_address_out <= token_address + stride;
    token_columns_out <= token_columns - LENGTH_BITS'(token_columns != 0);
  end
endmodule
