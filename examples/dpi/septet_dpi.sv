// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Septet in a testbench: the product C <- A * B (int8 by int8 into int32) on an emulated systolic array, its values and
// what it costs.
//
//   chandle golden = septet_dpi_create();
//   status = septet_dpi_set_name(golden, "dataflow", "dOS");
//   status = septet_dpi_set_number(golden, "array.height", 4.0);
//   status = septet_dpi_emulate(golden, m, n, k, a, b, c);
//   status = septet_dpi_count(golden, "cycles", cycles);
//   septet_dpi_free(golden);
//
// A status is SEPTET_OK, or says as septet_status does in septet/septet.h why septet refused; septet_dpi_error() has
// the same in words. A call that is refused changes nothing.
package septet_dpi;
  localparam int SEPTET_OK = 0;

  // A golden model: options, all defaults, and the report of its last product. Null: no memory.
  import "DPI-C" function chandle septet_dpi_create();
  import "DPI-C" function void septet_dpi_free(input chandle golden);

  // "argument: what is wrong with it", of the last call for this model that was refused.
  import "DPI-C" function string septet_dpi_error(input chandle golden);

  // Options as septet.h lists them: "array.height", "array.width", "beta", "a_zero_point", "accumulator.bits", … are
  // numbers, "dataflow", "timing", "accumulate", "accumulator.overflow", "engine", … have names.
  import "DPI-C" function int septet_dpi_set_number(input chandle golden, input string key, input real value);
  import "DPI-C" function int septet_dpi_set_name(input chandle golden, input string key, input string name);
  import "DPI-C" function int septet_dpi_apply_preset(input chandle golden, input string preset);

  // C <- A * B on the array, with the option beta = 1 on top of what C holds. A is m x k, B k x n, C m x n: row-major
  // from the lowest index of the array on, which may be longer.
  import "DPI-C" function int septet_dpi_emulate(input chandle golden, input int m, input int n, input int k,
                                                 input byte a[], input byte b[], inout int c[]);

  // A count of the last product's report: "cycles", "folds", "macs_issued", "reads_a_words", "zeros_injected", …
  // (septet/emulation/report.hpp has them all). 0 if refused.
  import "DPI-C" function int septet_dpi_count(input chandle golden, input string key, output longint count);
endpackage
