// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// The array of docs/dataflows.md with its controller and units: C <- A * B on top of what C holds, int8 * int8 -> int32
// modulo 2^32, in any of the seven dataflows. docs/rtl.md has the block diagram and the signals.
//
// First the directory reads through the packed weights (busy, not counted), then the array runs (running, counted). What
// a cycle does is decided two cycles before: the controller issues, the fetch stage reads A and B, then the array's edge
// has its operands. Sums are read and written at the edge.
//
// All memories answer in the same cycle.
module septet_array #(
    parameter HEIGHT       = 4,
    parameter WIDTH        = 4,
    parameter LANES        = 4,   // columns that a csOS step can combine: the CSB's number of lanes
    parameter SIZE_BITS    = 16,  // M, N and K are below 2^SIZE_BITS
    parameter ADDRESS_BITS = 24,  // bytes of A, elements of B and of C
    parameter VECTOR_BITS  = 12,  // live vectors of all tiles together: up to 2^VECTOR_BITS
    parameter TILE_BITS    = 8,   // tiles with a live vector: up to 2^TILE_BITS
    parameter OPERAND_BITS = 8,   // 8: int8 without zero points; 9: int8 and uint8, less their zero points
    // follow from the above
    localparam LONGEST      = HEIGHT > WIDTH ? HEIGHT : WIDTH,
    localparam FIELD_LANE   = $clog2(LANES),
    localparam BITS_BYTES   = LONGEST + 14 > 40 ? (LONGEST + 14) / 8 : 5,
    localparam VALUES_BYTES = (LONGEST * (8 + FIELD_LANE) + 14) / 8,
    localparam B_PORTS      = HEIGHT > LANES * WIDTH ? HEIGHT : LANES * WIDTH
) (
    input  logic                            clk,
    input  logic                            reset,             // synchronous
    input  logic                            start,             // for one cycle; while busy: ignored
    // held from start until done
    input  logic [                     2:0] dataflow,          // 1 dOS, 2 dWS, 3 dIS, 4 sOS, 5 sWS, 6 sIS, 7 csOS
    input  logic                            overlapped,        // else serial
    input  logic                            fold_then_add,     // else chained
    input  logic                            preload,           // sums start from C (else C holds zeros)
    input  logic [           SIZE_BITS-1:0] m,
    input  logic [           SIZE_BITS-1:0] n,
    input  logic [           SIZE_BITS-1:0] k,
    input  logic                            a_unsigned,        // A is uint8
    input  logic                            b_unsigned,
    input  logic [                     8:0] a_zero_point,      // two's complement, a value of A's type
    input  logic [                     8:0] b_zero_point,
    // packed weights: windows of bytes from an address on, the first one's bits are the lowest
    output logic [        ADDRESS_BITS-1:0] a_bits_address,
    input  logic [        8*BITS_BYTES-1:0] a_bits_data,
    output logic [        ADDRESS_BITS-1:0] a_values_address,
    input  logic [      8*VALUES_BYTES-1:0] a_values_data,
    // B, row by row: a port per load unit and lane
    output logic [B_PORTS*ADDRESS_BITS-1:0] b_address,
    input  logic [           B_PORTS*8-1:0] b_data,
    // C, row by row: a port to read and one to write per column; writes happen at the clock edge
    output logic [  WIDTH*ADDRESS_BITS-1:0] c_read_address,
    input  logic [            WIDTH*32-1:0] c_read_data,
    output logic [               WIDTH-1:0] c_write,
    output logic [  WIDTH*ADDRESS_BITS-1:0] c_write_address,
    output logic [            WIDTH*32-1:0] c_write_data,
    output logic                            busy,
    output logic                            done,              // until the next start
    output logic                            refused,           // with done: cannot be run
    output logic                            running,
    output logic [                    63:0] cycle,             // while running: the number of this one
    output logic [                    63:0] cycles             // with done: of the whole run
);
  localparam LENGTH_BITS = $clog2(LONGEST + 1);
  localparam LANE_BITS = LANES > 1 ? $clog2(LANES) : 1;
  localparam COUNT_BITS = $clog2(LANES + 1);
  localparam ROW_BITS = HEIGHT > 1 ? $clog2(HEIGHT) : 1;

  generate
    if (HEIGHT < 1 || WIDTH < 1 || LANES < 1 || LONGEST >> SIZE_BITS != 0 || SIZE_BITS > 31 ||
        SIZE_BITS > ADDRESS_BITS || VECTOR_BITS < 1 || VECTOR_BITS > 31 || TILE_BITS < 1 || TILE_BITS > 31 ||
        OPERAND_BITS < 8 || OPERAND_BITS > 9) begin : refused_parameters
      initial $fatal(1, "septet_array: these parameters cannot be built");
    end
  endgenerate

  // ---- what is asked for ----
  wire output_stationary = dataflow == 1 || dataflow == 4 || dataflow == 7;
  wire weight_stationary = dataflow == 2 || dataflow == 5;
  wire input_stationary = dataflow == 3 || dataflow == 6;
  wire combined = dataflow == 7;
  wire sparse = dataflow >= 4;
  wire has_preload = !output_stationary || preload;
  wire int8_alone = !a_unsigned && !b_unsigned && a_zero_point == 0 && b_zero_point == 0;
  // All of B and of C can be addressed.
  wire [2*SIZE_BITS-1:0] b_words = (2 * SIZE_BITS)'(k) * (2 * SIZE_BITS)'(n);
  wire [2*SIZE_BITS-1:0] c_words = (2 * SIZE_BITS)'(m) * (2 * SIZE_BITS)'(n);
  wire too_large = 64'(b_words) > (64'd1 << ADDRESS_BITS) || 64'(c_words) > (64'd1 << ADDRESS_BITS);
  wire impossible = dataflow == 0 || (output_stationary && fold_then_add) || too_large ||
      (OPERAND_BITS == 8 && !int8_alone);
  wire accepted = start && !busy;

  // ---- scan, then run ----
  localparam IDLE = 0, SCAN = 1, RUN = 2;
  logic [1:0] state;
  wire scanned, overflow, next_valid, finished;
  wire go = state == SCAN && scanned && next_valid;
  assign busy = state != IDLE;
  always_ff @(posedge clk) begin
    if (reset) begin
      state <= IDLE;
      done <= 0;
      refused <= 0;
    end else if (accepted) begin
      state <= impossible ? IDLE : SCAN;
      done <= impossible;
      refused <= impossible;
    end else if (state == SCAN && (overflow || scanned)) begin
      state <= go ? RUN : IDLE;
      done <= !go;
      refused <= overflow;
    end else if (state == RUN && finished) begin
      state <= IDLE;
      done  <= 1;
    end
  end

  // ---- the directory, and the fold that comes next ----
  wire [TILE_BITS:0] tiles;
  wire [TILE_BITS-1:0] tile;
  wire [SIZE_BITS-1:0] tile_begin, tile_steps;
  wire [SIZE_BITS:0] tile_distance, next_distance;
  wire [LENGTH_BITS-1:0] tile_elements;
  wire [VECTOR_BITS-1:0] tile_first, vector;
  wire [ADDRESS_BITS+2:0] tile_bits;
  wire [ADDRESS_BITS-1:0] tile_values, vector_values, scan_address, fetch_address;
  wire [LANES*SIZE_BITS-1:0] vector_index;
  wire [COUNT_BITS-1:0] vector_count;
  directory #(
      .LONGEST(LONGEST),
      .LENGTH_BITS(LENGTH_BITS),
      .LANES(LANES),
      .FIELD_LANE(FIELD_LANE),
      .COUNT_BITS(COUNT_BITS),
      .SIZE_BITS(SIZE_BITS),
      .ADDRESS_BITS(ADDRESS_BITS),
      .VECTOR_BITS(VECTOR_BITS),
      .TILE_BITS(TILE_BITS),
      .BITS_BYTES(BITS_BYTES)
  ) live_lists (
      .clk(clk),
      .reset(reset),
      .start(accepted && !impossible),
      .sparse(sparse),
      .combined(combined),
      .by_rows(input_stationary),
      .extent(input_stationary ? k : m),
      .vectors(input_stationary ? m : k),
      .tile_length(weight_stationary ? LENGTH_BITS'(WIDTH) : LENGTH_BITS'(HEIGHT)),
      .height(LENGTH_BITS'(HEIGHT)),
      .done(scanned),
      .overflow(overflow),
      .bits_address(scan_address),
      .bits_data(a_bits_data),
      .tiles(tiles),
      .tile(tile),
      .tile_begin(tile_begin),
      .tile_elements(tile_elements),
      .tile_steps(tile_steps),
      .tile_first(tile_first),
      .tile_bits(tile_bits),
      .tile_values(tile_values),
      .tile_distance(tile_distance),
      .vector(vector),
      .vector_index(vector_index),
      .vector_count(vector_count),
      .vector_values(vector_values)
  );

  wire [SIZE_BITS-1:0] next_n0, next_first_vector, next_steps;
  wire [LENGTH_BITS-1:0] next_rows, next_columns;
  wire launch;
  fold_sequencer #(
      .HEIGHT(HEIGHT),
      .WIDTH(WIDTH),
      .LENGTH_BITS(LENGTH_BITS),
      .SIZE_BITS(SIZE_BITS),
      .TILE_BITS(TILE_BITS)
  ) folds (
      .clk(clk),
      .rewind(accepted),
      .next(launch),
      .weight_stationary(weight_stationary),
      .input_stationary(input_stationary),
      .chained(!fold_then_add),
      .n(n),
      .tiles(tiles),
      .tile(tile),
      .tile_elements(tile_elements),
      .tile_steps(tile_steps),
      .tile_distance(tile_distance),
      .valid(next_valid),
      .n0(next_n0),
      .first_vector(next_first_vector),
      .steps(next_steps),
      .rows(next_rows),
      .columns(next_columns),
      .distance(next_distance)
  );

  // ---- issue: what the array does in two cycles ----
  wire begins, streams, first, last, preloads;
  wire [SIZE_BITS-1:0] step;
  wire [ROW_BITS-1:0] preload_row;
  controller #(
      .HEIGHT(HEIGHT),
      .WIDTH(WIDTH),
      .SIZE_BITS(SIZE_BITS),
      .ROW_BITS(ROW_BITS)
  ) control (
      .clk(clk),
      .reset(reset),
      .start(go),
      .output_stationary(output_stationary),
      .overlapped(overlapped),
      .has_preload(has_preload),
      .next_valid(next_valid),
      .next_steps(next_steps),
      .next_distance(next_distance),
      .launch(launch),
      .begins(begins),
      .streams(streams),
      .step(step),
      .first(first),
      .last(last),
      .preloads(preloads),
      .preload_row(preload_row)
  );

  // The fold that streams.
  logic [SIZE_BITS-1:0] begin_m, n0;
  logic [LENGTH_BITS-1:0] elements, rows, columns;
  logic [VECTOR_BITS-1:0] first_in_list;
  logic [ADDRESS_BITS+2:0] bits;
  logic [ADDRESS_BITS-1:0] values;
  always_ff @(posedge clk) begin
    if (launch) begin
      begin_m <= tile_begin;
      n0 <= next_n0;
      elements <= tile_elements;
      rows <= next_rows;
      columns <= next_columns;
      first_in_list <= tile_first;
      bits <= tile_bits;
      values <= tile_values;
    end
  end

  // ---- fetch ----
  // Weights stationary: vectors are for the preload of the next fold; else for the step of this one.
  wire [LANES*SIZE_BITS-1:0] index;
  wire [COUNT_BITS-1:0] count;
  wire [LONGEST-1:0] weight_valid;
  wire [LONGEST*OPERAND_BITS-1:0] weight;
  wire [LONGEST*LANE_BITS-1:0] weight_lane;
  vector_fetch #(
      .LONGEST(LONGEST),
      .LENGTH_BITS(LENGTH_BITS),
      .LANES(LANES),
      .LANE_BITS(LANE_BITS),
      .FIELD_LANE(FIELD_LANE),
      .COUNT_BITS(COUNT_BITS),
      .SIZE_BITS(SIZE_BITS),
      .ADDRESS_BITS(ADDRESS_BITS),
      .VECTOR_BITS(VECTOR_BITS),
      .BITS_BYTES(BITS_BYTES),
      .VALUES_BYTES(VALUES_BYTES),
      .OPERAND_BITS(OPERAND_BITS)
  ) fetch (
      .clk(clk),
      .reset(reset),
      .sparse(sparse),
      .combined(combined),
      .is_unsigned(a_unsigned),
      .zero_point(a_zero_point),
      .request(weight_stationary ? preloads && LENGTH_BITS'(preload_row) < next_rows : streams),
      .position(weight_stationary ? next_first_vector + SIZE_BITS'(preload_row) : step),
      .tile_elements(weight_stationary ? tile_elements : elements),
      .tile_first(weight_stationary ? tile_first : first_in_list),
      .tile_bits(weight_stationary ? tile_bits : bits),
      .tile_values(weight_stationary ? tile_values : values),
      .vector(vector),
      .vector_index(vector_index),
      .vector_count(vector_count),
      .vector_values(vector_values),
      .bits_address(fetch_address),
      .bits_data(a_bits_data),
      .values_address(a_values_address),
      .values_data(a_values_data),
      .index(index),
      .count(count),
      .valid(weight_valid),
      .value(weight),
      .lane(weight_lane)
  );
  assign a_bits_address = state == SCAN ? scan_address : fetch_address;

  // The step and the preload, a cycle later.
  logic f_streams, f_first, f_last, f_final, f_preloads;
  logic [SIZE_BITS-1:0] f_step, f_begin_m, f_n0, f_preload_begin, f_preload_n0;
  logic [LENGTH_BITS-1:0] f_rows, f_columns, f_preload_rows, f_preload_columns;
  logic [ROW_BITS-1:0] f_preload_row;
  always_ff @(posedge clk) begin
    f_streams <= streams && !reset;
    f_preloads <= preloads && !reset;
    f_first <= first && !reset;
    f_last <= last && output_stationary && !reset;  // nothing drains otherwise
    f_final <= last && !next_valid;
    f_step <= step;
    f_begin_m <= begin_m;
    f_n0 <= n0;
    f_rows <= rows;
    f_columns <= columns;
    f_preload_row <= preload_row;
    f_preload_begin <= tile_begin;
    f_preload_n0 <= next_n0;
    f_preload_rows <= next_rows;
    f_preload_columns <= next_columns;
  end
  wire preload_used = f_preloads && LENGTH_BITS'(f_preload_row) < f_preload_rows;
  wire [SIZE_BITS-1:0] preload_at = f_preload_begin + SIZE_BITS'(f_preload_row);

  // Rows of B: of each lane's k at column n0; weights stationary: of the k of the row that is preloaded.
  wire [LANES*ADDRESS_BITS-1:0] b_rows;
  wire [SIZE_BITS-1:0] b_column = weight_stationary ? '0 : input_stationary ? f_preload_n0 : f_n0;
  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : b_row
      wire [SIZE_BITS-1:0] at = input_stationary ? preload_at : index[i*SIZE_BITS+:SIZE_BITS];
      assign b_rows[i*ADDRESS_BITS+:ADDRESS_BITS] =
          ADDRESS_BITS'(at) * ADDRESS_BITS'(n) + ADDRESS_BITS'(b_column);
    end
  endgenerate

  // The element of C in column 0 that the step's sums, or the preload's, belong to; columns are `stride` apart.
  wire [SIZE_BITS-1:0] c_row = output_stationary ? preload_at : weight_stationary ? f_begin_m : index[SIZE_BITS-1:0];
  wire [SIZE_BITS-1:0] c_column = output_stationary ? f_preload_n0 : weight_stationary ? f_step : f_n0;
  wire [ADDRESS_BITS-1:0] c_address = ADDRESS_BITS'(c_row) * ADDRESS_BITS'(n) + ADDRESS_BITS'(c_column);
  wire [ADDRESS_BITS-1:0] last_row = ADDRESS_BITS'(f_begin_m) + ADDRESS_BITS'(HEIGHT - 1);  // may be beyond M
  wire [ADDRESS_BITS-1:0] drain_address = last_row * ADDRESS_BITS'(n) + ADDRESS_BITS'(f_n0);
  wire [ADDRESS_BITS-1:0] stride = weight_stationary ? ADDRESS_BITS'(n) : ADDRESS_BITS'(1);

  // ---- edge ----
  // Sums that enter, and results that will leave.
  logic enter_valid, result_valid, result_final;
  logic [ADDRESS_BITS-1:0] enter_address, result_address;
  logic [LENGTH_BITS-1:0] enter_columns, result_columns, result_rows;
  logic [HEIGHT-1:0] shift;
  always_ff @(posedge clk) begin
    enter_valid <= !reset && (output_stationary ? preload_used : f_streams && !fold_then_add);
    enter_address <= c_address;
    enter_columns <= output_stationary ? f_preload_columns : f_columns;
    result_valid <= !reset && (output_stationary ? f_last : f_streams);
    result_address <= output_stationary ? drain_address : c_address;
    result_columns <= f_columns;
    result_rows <= f_rows;
    result_final <= f_final;
    for (int h = 0; h < HEIGHT; h++) shift[h] <= !reset && f_preloads && 32'(f_preload_row) <= HEIGHT - 1 - h;
  end

  wire [HEIGHT-1:0] left_valid, left_first, left_last, drain_shift;
  wire [HEIGHT*OPERAND_BITS-1:0] left;
  wire [HEIGHT*LANE_BITS-1:0] left_lane;
  wire [HEIGHT*ADDRESS_BITS-1:0] left_b_address;
  genvar h, w;
  generate
    for (h = 0; h < HEIGHT; h = h + 1) begin : left_load
      left_load_unit #(
          .ROW(h),
          .LENGTH_BITS(LENGTH_BITS),
          .LANE_BITS(LANE_BITS),
          .SIZE_BITS(SIZE_BITS),
          .ADDRESS_BITS(ADDRESS_BITS),
          .OPERAND_BITS(OPERAND_BITS)
      ) unit (
          .clk(clk),
          .reset(reset),
          .weight_stationary(weight_stationary),
          .b_unsigned(b_unsigned),
          .b_zero_point(b_zero_point),
          .streams(f_streams),
          .step(f_step),
          .first(f_first),
          .last(f_last),
          .rows(f_rows),
          .weight_valid(weight_valid[h]),
          .weight(weight[h*OPERAND_BITS+:OPERAND_BITS]),
          .weight_lane(weight_lane[h*LANE_BITS+:LANE_BITS]),
          .row_known(f_preloads && f_preload_row == ROW_BITS'(h)),
          .row_address(b_rows[ADDRESS_BITS-1:0]),
          .b_address(left_b_address[h*ADDRESS_BITS+:ADDRESS_BITS]),
          .b_data(b_data[h*8+:8]),
          .left_valid(left_valid[h]),
          .left(left[h*OPERAND_BITS+:OPERAND_BITS]),
          .lane(left_lane[h*LANE_BITS+:LANE_BITS]),
          .first_out(left_first[h]),
          .last_out(left_last[h])
      );
    end
  endgenerate

  wire [WIDTH-1:0] top_valid, chain_valid;
  wire [WIDTH*LANES*OPERAND_BITS-1:0] top;
  wire [WIDTH*32-1:0] sum, chain, bottom_sum, bottom_drain;
  wire [WIDTH*LANES*ADDRESS_BITS-1:0] top_b_address;
  // Tokens of the load and store units, from column to column.
  wire [WIDTH:0] enter_token, store_token, store_final;
  wire [(WIDTH+1)*ADDRESS_BITS-1:0] enter_at, store_at;
  wire [(WIDTH+1)*LENGTH_BITS-1:0] enter_left, store_left;
  assign enter_token[0] = enter_valid;
  assign enter_at[ADDRESS_BITS-1:0] = enter_address;
  assign enter_left[LENGTH_BITS-1:0] = enter_columns;
  wire unused_tokens = &{
    1'b0,
    count,
    weight_valid,
    weight,
    weight_lane,
    enter_token[WIDTH],
    store_token[WIDTH],
    store_final[WIDTH],
    enter_at[WIDTH*ADDRESS_BITS+:ADDRESS_BITS],
    store_at[WIDTH*ADDRESS_BITS+:ADDRESS_BITS],
    enter_left[WIDTH*LENGTH_BITS+:LENGTH_BITS],
    store_left[WIDTH*LENGTH_BITS+:LENGTH_BITS]
  };
  result_path #(
      .HEIGHT(HEIGHT),
      .LENGTH_BITS(LENGTH_BITS),
      .ADDRESS_BITS(ADDRESS_BITS)
  ) results (
      .clk(clk),
      .reset(reset),
      .output_stationary(output_stationary),
      .n(ADDRESS_BITS'(n)),
      .step_valid(result_valid),
      .step_address(result_address),
      .step_columns(result_columns),
      .step_rows(result_rows),
      .step_final(result_final),
      .token_valid(store_token[0]),
      .token_address(store_at[ADDRESS_BITS-1:0]),
      .token_columns(store_left[LENGTH_BITS-1:0]),
      .token_final(store_final[0]),
      .drain_shift(drain_shift)
  );

  generate
    for (w = 0; w < WIDTH; w = w + 1) begin : column
      wire [LANES*8-1:0] unit_b_data;
      for (i = 0; i < LANES; i = i + 1) begin : lanes
        assign unit_b_data[i*8+:8] = b_data[(i*WIDTH+w)*8+:8];
      end
      top_load_unit #(
          .COLUMN(w),
          .LENGTH_BITS(LENGTH_BITS),
          .LANES(LANES),
          .ADDRESS_BITS(ADDRESS_BITS),
          .OPERAND_BITS(OPERAND_BITS)
      ) load (
          .clk(clk),
          .reset(reset),
          .output_stationary(output_stationary),
          .weight_stationary(weight_stationary),
          .b_unsigned(b_unsigned),
          .b_zero_point(b_zero_point),
          .b_used(output_stationary ? f_streams : preload_used),
          .b_columns(output_stationary ? f_columns : f_preload_columns),
          .b_rows(b_rows),
          .b_address(top_b_address[w*LANES*ADDRESS_BITS+:LANES*ADDRESS_BITS]),
          .b_data(unit_b_data),
          .weight_valid(weight_valid[w]),
          .weight(weight[w*OPERAND_BITS+:OPERAND_BITS]),
          .stride(stride),
          .token_valid(enter_token[w]),
          .token_address(enter_at[w*ADDRESS_BITS+:ADDRESS_BITS]),
          .token_columns(enter_left[w*LENGTH_BITS+:LENGTH_BITS]),
          .token_valid_out(enter_token[w+1]),
          .token_address_out(enter_at[(w+1)*ADDRESS_BITS+:ADDRESS_BITS]),
          .token_columns_out(enter_left[(w+1)*LENGTH_BITS+:LENGTH_BITS]),
          .c_data(c_read_data[w*32+:32]),
          .store_write(c_write[w]),
          .store_address(store_at[w*ADDRESS_BITS+:ADDRESS_BITS]),
          .store_data(c_write_data[w*32+:32]),
          .top_valid(top_valid[w]),
          .top(top[w*LANES*OPERAND_BITS+:LANES*OPERAND_BITS]),
          .sum(sum[w*32+:32]),
          .chain_valid(chain_valid[w]),
          .chain(chain[w*32+:32])
      );
      store_unit #(
          .LENGTH_BITS(LENGTH_BITS),
          .ADDRESS_BITS(ADDRESS_BITS)
      ) store (
          .clk(clk),
          .reset(reset),
          .output_stationary(output_stationary),
          .fold_then_add(fold_then_add),
          .stride(stride),
          .token_valid(store_token[w]),
          .token_address(store_at[w*ADDRESS_BITS+:ADDRESS_BITS]),
          .token_columns(store_left[w*LENGTH_BITS+:LENGTH_BITS]),
          .token_final(store_final[w]),
          .token_valid_out(store_token[w+1]),
          .token_address_out(store_at[(w+1)*ADDRESS_BITS+:ADDRESS_BITS]),
          .token_columns_out(store_left[(w+1)*LENGTH_BITS+:LENGTH_BITS]),
          .token_final_out(store_final[w+1]),
          .bottom_sum(bottom_sum[w*32+:32]),
          .bottom_drain(bottom_drain[w*32+:32]),
          .c_data(c_read_data[w*32+:32]),
          .write(c_write[w]),
          .write_data(c_write_data[w*32+:32])
      );
      // Nothing enters under fold-then-add, so the port is free for the addition.
      assign c_read_address[w*ADDRESS_BITS+:ADDRESS_BITS] =
          fold_then_add ? store_at[w*ADDRESS_BITS+:ADDRESS_BITS] : enter_at[w*ADDRESS_BITS+:ADDRESS_BITS];
      assign c_write_address[w*ADDRESS_BITS+:ADDRESS_BITS] = store_at[w*ADDRESS_BITS+:ADDRESS_BITS];
    end
    for (i = 0; i < B_PORTS; i = i + 1) begin : b_port
      wire [ADDRESS_BITS-1:0] from_left, from_top;
      if (i < HEIGHT) begin : row
        assign from_left = left_b_address[i*ADDRESS_BITS+:ADDRESS_BITS];
      end else begin : none_left
        assign from_left = '0;
      end
      if (i < LANES * WIDTH) begin : lane
        assign from_top = top_b_address[((i%WIDTH)*LANES+i/WIDTH)*ADDRESS_BITS+:ADDRESS_BITS];
      end else begin : none_top
        assign from_top = '0;
      end
      assign b_address[i*ADDRESS_BITS+:ADDRESS_BITS] = weight_stationary ? from_left : from_top;
    end
  endgenerate

  pe_array #(
      .HEIGHT(HEIGHT),
      .WIDTH(WIDTH),
      .LANES(LANES),
      .LANE_BITS(LANE_BITS),
      .OPERAND_BITS(OPERAND_BITS)
  ) pes (
      .clk(clk),
      .reset(reset),
      .output_stationary(output_stationary),
      .preload(preload),
      .left_valid(left_valid),
      .left(left),
      .lane(left_lane),
      .first(left_first),
      .last(left_last),
      .shift(shift),
      .drain_shift(drain_shift),
      .top_valid(top_valid),
      .top(top),
      .sum(sum),
      .chain_valid(chain_valid),
      .chain(chain),
      .bottom_sum(bottom_sum),
      .bottom_drain(bottom_drain)
  );

  // ---- cycles, counted where they happen ----
  // The last sum's register was written in the cycle before the store unit sees it; a drained value is taken in it.
  assign finished = running && store_final[WIDTH-1];
  wire at_cycle_0;  // in the next cycle
  delay #(
      .DEPTH(2),
      .BITS (1)
  ) to_the_edge (
      .clk(clk),
      .reset(reset),
      .d(begins),
      .q(at_cycle_0)
  );
  always_ff @(posedge clk) begin
    if (reset || finished) running <= 0;
    else if (at_cycle_0) running <= 1;
    cycle <= at_cycle_0 ? 64'd0 : cycle + 64'd1;
    if (accepted) cycles <= 0;
    else if (finished) cycles <= output_stationary ? cycle + 64'd1 : cycle;
  end
endmodule
