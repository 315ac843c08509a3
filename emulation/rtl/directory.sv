// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Reads through the packed weights once, before the array runs, and keeps what a fold needs to find its weights
// (docs/dataflows.md, sections 4 and 5): the tiles that have anything to stream, and of each its live vectors, or steps,
// in order. A vector is a column k of an m-tile, or a row m of a k-tile.
//
//   dense             nothing to read: all vectors, one behind the other
//   sparse            two-stage bitmap: first-stage bits make the list, second-stage bits are counted
//   combined          CSB: the steps' columns make the list, presence bits are counted
//
// One bit, field or vector a cycle.
module directory #(
    parameter LONGEST      = 4,   // elements of the longest vector
    parameter LENGTH_BITS  = 3,   // bits of a number up to LONGEST
    parameter LANES        = 1,
    parameter FIELD_LANE   = 0,   // bits that a lane takes in a CSB: 0 where there is one lane
    parameter COUNT_BITS   = 1,   // bits of a number up to LANES
    parameter SIZE_BITS    = 16,
    parameter ADDRESS_BITS = 24,
    parameter VECTOR_BITS  = 12,
    parameter TILE_BITS    = 8,
    parameter BITS_BYTES   = 5
) (
    input  logic                       clk,
    input  logic                       reset,
    input  logic                       start,
    input  logic                       sparse,
    input  logic                       combined,
    input  logic                       by_rows,        // vectors are rows of k-tiles
    input  logic [      SIZE_BITS-1:0] extent,         // what is cut into tiles: M, or by rows K
    input  logic [      SIZE_BITS-1:0] vectors,        // vectors of a tile, live or not: K, or by rows M
    input  logic [    LENGTH_BITS-1:0] tile_length,    // elements of a vector in all tiles but the last
    input  logic [    LENGTH_BITS-1:0] height,         // of the array, for the tiles' distances
    output logic                       done,
    output logic                       overflow,       // more tiles, vectors or bytes than there is room for
    // packed weights: a window of bytes
    output logic [   ADDRESS_BITS-1:0] bits_address,
    input  logic [   8*BITS_BYTES-1:0] bits_data,
    // tiles that have something to stream, in order
    output logic [        TILE_BITS:0] tiles,
    input  logic [      TILE_BITS-1:0] tile,
    output logic [      SIZE_BITS-1:0] tile_begin,     // its first row of A, or by rows column
    output logic [    LENGTH_BITS-1:0] tile_elements,  // elements of a vector
    output logic [      SIZE_BITS-1:0] tile_steps,     // its vectors, or steps
    output logic [    VECTOR_BITS-1:0] tile_first,     // where its vectors begin in the list
    output logic [   ADDRESS_BITS+2:0] tile_bits,      // address of its second-stage or presence bits, in bits
    output logic [   ADDRESS_BITS-1:0] tile_values,    // address of its values
    output logic [        SIZE_BITS:0] tile_distance,  // by rows: Z of section 7, from the tile before
    // a vector of the list
    input  logic [    VECTOR_BITS-1:0] vector,
    output logic [LANES*SIZE_BITS-1:0] vector_index,   // its k or m; combined: one per lane
    output logic [     COUNT_BITS-1:0] vector_count,   // combined: columns in the step
    output logic [   ADDRESS_BITS-1:0] vector_values   // weights of the tile before it
);
  localparam IDLE = 0, CLEAR = 1, TILE = 2, LIVE = 3, STEPS = 4, COLUMNS = 5, INDICES = 6, COUNT = 7, RECORD = 8;
  localparam CURSOR_BITS = ADDRESS_BITS + 3;
  localparam WEIGHT_BITS = 8 + FIELD_LANE;

  logic [3:0] state;
  logic [CURSOR_BITS-1:0] cursor;  // the next bit to read
  logic [ADDRESS_BITS-1:0] base;  // address of the tile
  logic [SIZE_BITS-1:0] begins, v;
  logic [LENGTH_BITS-1:0] elements;
  logic [31:0] live;  // vectors or steps of this tile so far; CSB's own number of them has 32 bits
  logic [31:0] step;
  logic [VECTOR_BITS:0] first;
  logic [ADDRESS_BITS-1:0] weights;
  logic [CURSOR_BITS-1:0] second_stage;
  logic [SIZE_BITS:0] distance;
  logic [LANES*SIZE_BITS-1:0] indices;
  logic [COUNT_BITS-1:0] count, lane;

  // The field under the cursor, lowest bit first.
  assign bits_address = cursor[CURSOR_BITS-1:3];
  wire [8*BITS_BYTES-1:0] field = bits_data >> cursor[2:0];

  // Bits of an index in a CSB: those of K - 1.
  logic [4:0] index_bits;
  always_comb begin
    index_bits = 0;
    for (int b = 0; b < SIZE_BITS; b++) if ((vectors - 1'b1) >> b != 0 && vectors != 0) index_bits = 5'(b + 1);
  end
  wire [SIZE_BITS-1:0] index = field[SIZE_BITS-1:0] & SIZE_BITS'((32'd1 << index_bits) - 32'd1);

  logic [LENGTH_BITS-1:0] ones;
  always_comb begin
    ones = 0;
    for (int e = 0; e < LONGEST; e++) if (LENGTH_BITS'(e) < elements) ones = ones + LENGTH_BITS'(field[e]);
  end

  wire [SIZE_BITS-1:0] remaining = extent - begins;
  wire last_tile = remaining <= SIZE_BITS'(tile_length);
  wire [ADDRESS_BITS-1:0] values = cursor[CURSOR_BITS-1:3] + ADDRESS_BITS'(cursor[2:0] != 0);  // the next whole byte
  wire [CURSOR_BITS-1:0] aligned = {values, 3'd0};
  wire [CURSOR_BITS-1:0] weight_bits = CURSOR_BITS'(weights) * CURSOR_BITS'(WEIGHT_BITS);
  wire [SIZE_BITS+LENGTH_BITS-1:0] dense_bytes =
      (SIZE_BITS + LENGTH_BITS)'(elements) * (SIZE_BITS + LENGTH_BITS)'(vectors);
  wire [ADDRESS_BITS-1:0] value_bytes =
      combined ? weight_bits[CURSOR_BITS-1:3] + ADDRESS_BITS'(weight_bits[2:0] != 0) :
      sparse ? weights : ADDRESS_BITS'(dense_bytes);
  wire [31:0] position = 32'(first) + (state == LIVE ? live : step);
  // Where the next tile begins; with a carry: behind all addresses. Dense vectors are as long as each other.
  wire [ADDRESS_BITS:0] next_base = (ADDRESS_BITS + 1)'(values) + (ADDRESS_BITS + 1)'(value_bytes);
  wire full = position >= (32'd1 << VECTOR_BITS);

  // Which step of the last tile with any row m was, for Z: {tile + 1, step}; 0: none.
  logic [TILE_BITS:0] seen_tile;
  logic [SIZE_BITS-1:0] seen_step;
  wire live_here = state == LIVE && v != vectors && field[0];
  wire [SIZE_BITS:0] gap = (SIZE_BITS + 1)'(seen_step) + (SIZE_BITS + 1)'(height) - live[SIZE_BITS:0];
  wire gap_counts = by_rows && tiles != 0 && seen_tile == tiles && 32'(seen_step) + 32'(height) > live;
  table_1r1w #(
      .INDEX_BITS(VECTOR_BITS),
      .BITS(TILE_BITS + 1 + SIZE_BITS)
  ) last_steps (
      .clk(clk),
      .write(state == CLEAR || (live_here && by_rows)),
      .write_index(VECTOR_BITS'(v)),
      .write_data(state == CLEAR ? '0 : {tiles + 1'b1, live[SIZE_BITS-1:0]}),
      .read_index(VECTOR_BITS'(v)),
      .read_data({seen_tile, seen_step})
  );

  // The list.
  wire last_index = state == INDICES && lane + 1'b1 == count;
  logic [LANES*SIZE_BITS-1:0] indices_now;
  always_comb begin
    indices_now = indices;
    for (int l = 0; l < LANES; l++) if (lane == COUNT_BITS'(l)) indices_now[l*SIZE_BITS+:SIZE_BITS] = index;
    if (state == LIVE) indices_now = (LANES * SIZE_BITS)'(v);
  end
  table_1r1w #(
      .INDEX_BITS(VECTOR_BITS),
      .BITS(COUNT_BITS + LANES * SIZE_BITS)
  ) list (
      .clk(clk),
      .write((live_here || last_index) && !full),
      .write_index(position[VECTOR_BITS-1:0]),
      .write_data({state == LIVE ? COUNT_BITS'(1) : count, indices_now}),
      .read_index(vector),
      .read_data({vector_count, vector_index})
  );
  table_1r1w #(
      .INDEX_BITS(VECTOR_BITS),
      .BITS(ADDRESS_BITS)
  ) offsets (
      .clk(clk),
      .write(state == COUNT && step != live),
      .write_index(position[VECTOR_BITS-1:0]),
      .write_data(weights),
      .read_index(vector),
      .read_data(vector_values)
  );

  localparam TILE_WORD = SIZE_BITS + LENGTH_BITS + SIZE_BITS + VECTOR_BITS + CURSOR_BITS + ADDRESS_BITS + SIZE_BITS + 1;
  wire no_room = tiles[TILE_BITS];
  wire record = state == RECORD && live != 0;
  table_1r1w #(
      .INDEX_BITS(TILE_BITS),
      .BITS(TILE_WORD)
  ) tile_list (
      .clk(clk),
      .write(record && !no_room),
      .write_index(tiles[TILE_BITS-1:0]),
      .write_data({begins, elements, live[SIZE_BITS-1:0], first[VECTOR_BITS-1:0], second_stage, values, distance}),
      .read_index(tile),
      .read_data({tile_begin, tile_elements, tile_steps, tile_first, tile_bits, tile_values, tile_distance})
  );

  always_ff @(posedge clk) begin
    if (reset) begin
      state <= IDLE;
      done <= 0;
      overflow <= 0;
      tiles <= 0;
    end else if (start) begin
      state <= sparse && by_rows ? CLEAR : TILE;
      done <= 0;
      overflow <= 0;
      tiles <= 0;
      base <= 0;
      begins <= 0;
      first <= 0;
      v <= 0;
    end else begin
      case (state)
        CLEAR: begin
          if (32'(vectors) > (32'd1 << VECTOR_BITS)) begin
            overflow <= 1;
            state <= IDLE;
          end else if (v == vectors) state <= TILE;
          v <= v + 1'b1;
        end
        TILE: begin
          elements <= last_tile ? remaining[LENGTH_BITS-1:0] : tile_length;
          cursor <= {base, 3'd0};
          live <= sparse ? 0 : 32'(vectors);
          v <= 0;
          step <= 0;
          weights <= 0;
          distance <= 0;
          second_stage <= 0;
          if (remaining == 0 || vectors == 0) begin
            done <= 1;
            state <= IDLE;
          end else state <= combined ? STEPS : sparse ? LIVE : RECORD;
        end
        LIVE: begin
          if (v == vectors) begin
            second_stage <= cursor;
            state <= COUNT;
          end else begin
            v <= v + 1'b1;
            cursor <= cursor + 1'b1;
            if (field[0]) begin
              live <= live + 1;
              if (gap_counts && gap > distance) distance <= gap;
              if (full) overflow <= 1;
            end
          end
        end
        STEPS: begin
          live <= field[31:0];
          cursor <= cursor + CURSOR_BITS'(32);
          state <= COLUMNS;
        end
        COLUMNS: begin
          lane <= 0;
          count <= field[COUNT_BITS-1:0];
          indices <= 0;
          if (step == live) begin
            cursor <= aligned;
            second_stage <= aligned;
            step <= 0;
            state <= COUNT;
          end else begin
            cursor <= cursor + CURSOR_BITS'(COUNT_BITS);
            state <= INDICES;
          end
          if (step != live && (full || live >> SIZE_BITS != 0)) overflow <= 1;
        end
        INDICES: begin
          lane <= lane + 1'b1;
          indices <= indices_now;
          cursor <= cursor + CURSOR_BITS'(index_bits);
          if (last_index) begin
            step <= step + 1;
            state <= COLUMNS;
          end
        end
        COUNT: begin
          if (step == live) state <= RECORD;
          else begin
            step <= step + 1;
            weights <= weights + ADDRESS_BITS'(ones);
            cursor <= cursor + CURSOR_BITS'(elements);
          end
        end
        RECORD: begin
          if ((record && no_room) || next_base[ADDRESS_BITS] || next_base[ADDRESS_BITS-1:0] < base) overflow <= 1;
          if (record) tiles <= tiles + 1'b1;
          if (record && sparse) first <= first + live[VECTOR_BITS:0];
          base <= next_base[ADDRESS_BITS-1:0];
          begins <= begins + SIZE_BITS'(elements);
          state <= TILE;
        end
        default: ;
      endcase
      if (overflow) state <= IDLE;
    end
  end
endmodule
