# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""vcd_readers.py TRACE.vcd C.npy [COPY.vcd]: reads a VCD of `septet emulate` with the package vcdvcd, recomputes every sum
of int8 operands from what the PEs' registers held, and C from what the store units took; compares with C.npy, an int32
matrix. COPY.vcd: the same trace on its way through another program, which must say the same."""
import ast
import re
import struct
import sys

from vcdvcd import VCDVCD

PERIOD = 10


def read_npy(path):
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack_from("<H", content, 8)
    header = ast.literal_eval(content[10:10 + length].decode())
    assert header["descr"] == "<i4" and not header["fortran_order"], header
    rows, cols = header["shape"]
    values = struct.unpack_from(f"<{rows * cols}i", content, 10 + length)
    return [list(values[i * cols:(i + 1) * cols]) for i in range(rows)]


def wrapped(value):
    return (value + 2**31) % 2**32 - 2**31


class Trace:
    """Signals by name without their range, sampled in every cycle."""

    def __init__(self, path):
        dump = VCDVCD(path)
        self.changes = {re.sub(r"\[.*", "", name): dump[name].tv for name in dump.signals}
        self.widths = {re.sub(r"\[.*", "", name): int(dump[name].size) for name in dump.signals}
        self.cycles = sum(value == "1" for _, value in self.changes["array.clk"])
        self.values = {name: self.sampled(changes, self.widths[name]) for name, changes in self.changes.items()}

    def sampled(self, changes, width):
        """All digits: a dump may leave out leading zeros, and all but one x."""
        values, at = [], -1
        for cycle in range(self.cycles):
            while at + 1 < len(changes) and changes[at + 1][0] <= PERIOD * cycle:
                at += 1
            digits = changes[at][1]
            values.append(digits.rjust(width, "x" if digits[0] == "x" else "0"))
        return values

    def number(self, name, cycle, signed=True):
        """None: x."""
        digits = self.values[name][cycle]
        if "x" in digits:
            return None
        value, width = int(digits, 2), self.widths[name]
        return value - 2**width if signed and width > 1 and value >= 2**(width - 1) else value

    def flag(self, name, cycle):
        return self.number(name, cycle, False) == 1


def check_pe(trace, h, w, cycle, output_stationary):
    pe = f"array.pe_{h}_{w}."
    total = trace.number(pe + "sum", cycle)
    if total is None:
        assert not trace.flag(pe + "mac", cycle), pe
        return 0
    before = 0
    if output_stationary:
        if cycle > 0 and trace.number(pe + "fold", cycle - 1, False) == trace.number(pe + "fold", cycle, False):
            before = trace.number(pe + "sum", cycle - 1)
    elif h > 0:
        before = trace.number(f"array.pe_{h - 1}_{w}.sum", cycle - 1)
    elif trace.flag(f"array.top_{w}.valid", cycle):
        before = trace.number(f"array.top_{w}.data", cycle)
    if not trace.flag(pe + "mac", cycle):
        assert total == before, (pe, cycle, total, before)
        return 0
    lane = f"_{trace.number(pe + 'lane', cycle, False)}" if pe + "lane" in trace.values else ""
    product = trace.number(pe + "a", cycle) * trace.number(pe + "b" + lane, cycle)
    assert total == wrapped(before + product), (pe, cycle, total, before, product)
    return 1


def replay(trace, rows, cols):
    shape = [tuple(map(int, re.match(r"array\.pe_(\d+)_(\d+)\.sum", name).groups()))
             for name in trace.values if re.match(r"array\.pe_.*\.sum$", name)]
    output_stationary = "array.pe_0_0.drain" in trace.values
    c = [[0] * cols for _ in range(rows)]
    macs = 0
    for cycle in range(trace.cycles):
        assert trace.number("array.cycle", cycle, False) == cycle
        macs += sum(check_pe(trace, h, w, cycle, output_stationary) for h, w in shape)
        for w in range(1 + max(w for _, w in shape)):
            store = f"array.store_{w}."
            if trace.flag(store + "valid", cycle):
                m, n = trace.number(store + "m", cycle, False), trace.number(store + "n", cycle, False)
                c[m][n] = trace.number(store + "data", cycle)
    return c, macs


def main():
    trace, want = Trace(sys.argv[1]), read_npy(sys.argv[2])
    c, macs = replay(trace, len(want), len(want[0]))
    assert c == want, "the trace replays to another C"
    assert macs > 0
    if len(sys.argv) > 3:
        copy = Trace(sys.argv[3])
        assert copy.values == trace.values, "a reader says something else"
    print(f"{sys.argv[1]}: {trace.cycles} cycles, {len(trace.values)} signals, {macs} MACs replay to C")


main()
