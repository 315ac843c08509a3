// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A memory of 2^INDEX_BITS words: one write port, at the clock edge, and one read port, in the same cycle: a register
// file, or distributed RAM. (A clocked SRAM would take a stage more, in the controller and in vector_fetch.)
module table_1r1w #(
    parameter INDEX_BITS = 4,
    parameter BITS       = 8
) (
    input  logic                  clk,
    input  logic                  write,
    input  logic [INDEX_BITS-1:0] write_index,
    input  logic [BITS-1:0]       write_data,
    input  logic [INDEX_BITS-1:0] read_index,
    output logic [BITS-1:0]       read_data
);
  logic [BITS-1:0] words[0:(1<<INDEX_BITS)-1];
  always_ff @(posedge clk) if (write) words[write_index] <= write_data;
  assign read_data = words[read_index];
endmodule
