// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// A byte of A or B as the PEs multiply it. 8 bits: as it is, int8. 9 bits: int8 or uint8, less its zero point, which
// always fits: a zero point is a value of the byte's own type (docs/dataflows.md, section 6).
module operand #(
    parameter OPERAND_BITS = 8
) (
    input  logic                    is_unsigned,
    input  logic [             8:0] zero_point,   // two's complement
    input  logic [             7:0] stored,
    output logic [OPERAND_BITS-1:0] value
);
  generate
    if (OPERAND_BITS == 8) begin : int8
      wire unused = &{1'b0, is_unsigned, zero_point};
      assign value = stored;
    end else begin : less_zero_point
      assign value = OPERAND_BITS'({stored[7] && !is_unsigned, stored} - zero_point);
    end
  endgenerate
endmodule
