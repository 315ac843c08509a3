// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "overlap.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace septet::detail {
namespace {

// A view in bytes: `lines` progressions of `length` elements, `step` apart, their starts `line_step` apart. Both
// steps are made positive by moving the base, and the longer dimension lies along the line.
struct Lattice {
  Index base, lines, line_step, length, step, size;
};

Lattice lattice_of(const ConstMatrix& x) {
  const Index size = size_of(x.type);
  Lattice v{static_cast<Index>(reinterpret_cast<std::intptr_t>(x.data)),
            x.rows,
            x.rows > 1 ? x.row_stride * size : 0,
            x.cols,
            x.cols > 1 ? x.col_stride * size : 0,
            size};
  if (v.length < v.lines) {
    std::swap(v.lines, v.length);
    std::swap(v.line_step, v.step);
  }
  const auto make_positive = [&v](Index count, Index& step) {
    if (step < 0) {
      v.base += (count - 1) * step;
      step = -step;
    }
  };
  make_positive(v.lines, v.line_step);
  make_positive(v.length, v.step);
  return v;
}

Index span_of_line(const Lattice& v) { return (v.length - 1) * v.step + v.size; }

Index floor_div(Index a, Index b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
Index ceil_div_signed(Index a, Index b) { return -floor_div(-a, b); }

// Greatest common divisor of a and b (not both 0) and x with a * x = gcd (mod b).
Index extended_gcd(Index a, Index b, Index& x) {
  Index old_x = 1, next_x = 0;
  while (b != 0) {
    const Index quotient = a / b;
    a = std::exchange(b, a - quotient * b);
    old_x = std::exchange(next_x, old_x - quotient * next_x);
  }
  x = old_x;
  return a;
}

// Is there i in [0, p), j in [0, q) with i * a - j * b = d?  a, b >= 0, p, q >= 1.
bool progressions_meet(Index a, Index p, Index b, Index q, Index d) {
  if (a == 0 && b == 0) return d == 0;
  if (b == 0) return d % a == 0 && d / a >= 0 && d / a < p;
  if (a == 0) return d % b == 0 && -d / b >= 0 && -d / b < q;
  Index inverse = 0;
  const Index gcd = extended_gcd(a, b, inverse);
  if (d % gcd != 0) return false;
  // The smallest i >= 0 that solves it, then every b / gcd-th: j = (i * a - d) / b must fall into [0, q).
  const Index period = b / gcd;
  const auto wide = static_cast<__int128>(inverse % period) * ((d / gcd) % period);
  Index i = static_cast<Index>(wide % period);
  if (i < 0) i += period;
  const Index lowest = std::max<Index>(0, ceil_div_signed(d, a));  // j >= 0
  const Index highest = std::min<Index>(p - 1, floor_div((q - 1) * b + d, a));
  if (i < lowest) i += ceil_div_signed(lowest - i, period) * period;
  return i <= highest;
}

// Lines that start `distance` bytes apart (y's start minus x's): a common byte?
bool lines_meet(const Lattice& x, const Lattice& y, Index distance) {
  // Elements meet when x's start - y's start lies in (-x.size, y.size).
  for (Index d = distance - x.size + 1; d < distance + y.size; ++d) {
    if (progressions_meet(x.step, x.length, y.step, y.length, d)) return true;
  }
  return false;
}

// A common byte?
bool meet(Lattice u, Lattice v) {
  const Index u_span = span_of_line(u), v_span = span_of_line(v);
  const Index u_end = u.base + (u.lines - 1) * u.line_step + u_span;
  const Index v_end = v.base + (v.lines - 1) * v.line_step + v_span;
  if (u_end <= v.base || v_end <= u.base) return false;
  if (u.line_step == 0) u.lines = 1;
  if (v.line_step == 0) v.lines = 1;
  for (Index i = 0; i < u.lines; ++i) {
    const Index begin = u.base + i * u.line_step;
    // Only the lines of v whose span meets [begin, begin + u_span).
    const Index step = std::max<Index>(v.line_step, 1);
    const Index first = std::max<Index>(0, floor_div(begin - v.base - v_span, step) + 1);
    const Index last = std::min<Index>(v.lines - 1, ceil_div_signed(begin + u_span - v.base, step) - 1);
    for (Index j = first; j <= last; ++j) {
      if (lines_meet(u, v, v.base + j * v.line_step - begin)) return true;
    }
  }
  return false;
}

// Equal steps between elements of `size` bytes, in bytes and positive.
struct Dimension {
  Index length, step;
};

// The elements of all views of a batch: three dimensions, the widest step first. Dimensions that continue each other
// are one (matrices one after the other are a long matrix), and what is left over has length 1.
struct Grid {
  Index base, size;
  std::array<Dimension, 3> dimensions;

  Index span(int first) const {  // of a part that has the dimensions from `first` on
    Index bytes = size;
    for (int d = first; d < 3; ++d) bytes += (dimensions[d].length - 1) * dimensions[d].step;
    return bytes;
  }
  Lattice slice(Index i) const {
    Dimension line = dimensions[2], lines = dimensions[1];
    if (line.length < lines.length) std::swap(line, lines);
    return {base + i * dimensions[0].step, lines.length, lines.step, line.length, line.step, size};
  }
};

Grid grid_of(const RepeatedView& x) {
  const Index size = size_of(x.first.type);
  Grid grid{static_cast<Index>(reinterpret_cast<std::intptr_t>(x.first.data)),
            size,
            {Dimension{x.count, x.stride * size}, Dimension{x.first.rows, x.first.row_stride * size},
             Dimension{x.first.cols, x.first.col_stride * size}}};
  for (Dimension& d : grid.dimensions) {
    if (d.length == 1) d.step = 0;
    if (d.step == 0) d.length = 1;
    if (d.step < 0) {
      grid.base += (d.length - 1) * d.step;
      d.step = -d.step;
    }
  }
  const auto sort = [&] {
    std::sort(grid.dimensions.begin(), grid.dimensions.end(), [](const Dimension& y, const Dimension& z) {
      return y.length == 1 || z.length == 1 ? y.length < z.length : y.step > z.step;
    });
  };
  sort();
  for (int d = 1; d >= 0; --d) {
    Dimension &outer = grid.dimensions[d], &inner = grid.dimensions[d + 1];
    if (outer.length > 1 && outer.step == inner.length * inner.step) {
      inner.length *= outer.length;
      outer = {1, 0};
    }
  }
  sort();
  return grid;
}

bool is_empty(const RepeatedView& x) { return x.count == 0 || x.first.rows == 0 || x.first.cols == 0; }

}  // namespace

bool overlaps(const ConstMatrix& x, const ConstMatrix& y) {
  if (x.rows == 0 || x.cols == 0 || y.rows == 0 || y.cols == 0) return false;
  return meet(lattice_of(x), lattice_of(y));
}

bool overlaps_itself(const ConstMatrix& x) {
  if (x.rows == 0 || x.cols == 0) return false;
  const Lattice v = lattice_of(x);
  if (v.length > 1 && v.step < v.size) return true;
  if (v.lines > 1 && v.line_step < v.size) return true;
  // The usual matrix: lines that do not reach the next one, or columns that lie between the rows' elements.
  if (v.line_step >= span_of_line(v) || v.step >= (v.lines - 1) * v.line_step + v.size) return false;
  for (Index i = 1; i < v.lines; ++i) {
    if (lines_meet(v, v, i * v.line_step)) return true;
  }
  return false;
}

bool overlaps(const RepeatedView& x, const RepeatedView& y) {
  if (is_empty(x) || is_empty(y)) return false;
  const Grid u = grid_of(x), v = grid_of(y);
  if (u.base + u.span(0) <= v.base || v.base + v.span(0) <= u.base) return false;
  const Index u_span = u.span(1), v_span = v.span(1), step = std::max<Index>(v.dimensions[0].step, 1);
  for (Index i = 0; i < u.dimensions[0].length; ++i) {
    // Only the slices of v whose span meets this one's.
    const Index distance = u.base + i * u.dimensions[0].step - v.base;
    const Index first = std::max<Index>(0, floor_div(distance - v_span, step) + 1);
    const Index last = std::min<Index>(v.dimensions[0].length - 1, ceil_div_signed(distance + u_span, step) - 1);
    for (Index j = first; j <= last; ++j) {
      if (meet(u.slice(i), v.slice(j))) return true;
    }
  }
  return false;
}

bool overlaps_itself(const RepeatedView& x) {
  if (is_empty(x)) return false;
  if (overlaps_itself(x.first)) return true;
  if (x.count == 1) return false;
  if (x.stride == 0) return true;
  // The usual batch: a step along one dimension clears everything that lies along the others.
  const Grid grid = grid_of(x);
  const auto clears = [&](int d) {
    return grid.dimensions[d].length == 1 || grid.dimensions[d].step >= grid.span(d + 1);
  };
  if (clears(0) && clears(1)) return false;
  const Grid one = grid_of({x.first, 1, 0});
  const Index step = std::abs(x.stride) * one.size;
  const Index reach = std::min(x.count - 1, (one.span(0) - 1) / step);
  Lattice other = one.slice(0);
  for (Index i = 1; i <= reach; ++i) {
    other.base += step;
    if (meet(one.slice(0), other)) return true;
  }
  return false;
}

}  // namespace septet::detail
