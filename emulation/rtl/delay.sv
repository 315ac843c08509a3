// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// DEPTH registers in a row: q is d of DEPTH cycles before. DEPTH = 0 is a wire.
module delay #(
    parameter DEPTH = 1,
    parameter BITS  = 1
) (
    input  logic            clk,
    input  logic            reset,
    input  logic [BITS-1:0] d,
    output logic [BITS-1:0] q
);
  generate
    if (DEPTH == 0) begin : wires
      wire unused = &{1'b0, clk, reset};
      assign q = d;
    end else begin : registers
      logic [DEPTH*BITS-1:0] stages;
      always_ff @(posedge clk) begin
        if (reset) stages <= '0;
        else stages <= (DEPTH * BITS)'({stages, d});
      end
      assign q = stages[(DEPTH-1)*BITS+:BITS];
    end
  endgenerate
endmodule
