#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""waveforms.py RTL.vcd EMULATOR.vcd DATAFLOW: every register of every PE, in every cycle.

The emulator shows a cycle's registers as the clock edge at its end left them, the simulator one edge later. A register
is compared where the emulator's is valid: elsewhere nobody will use it. Exit code 1: the first difference; 2: there was
nothing to compare.
"""

import re
import sys


class Vcd:
    """A value change dump (IEEE 1364-2005, section 18): signals by their full names, and the changes in order."""

    def __init__(self, path):
        self.ids = {}  # full name -> identifier
        self.width = {}
        scope = []
        with open(path, encoding="ascii") as file:
            tokens = iter(file.read().split())
        for token in tokens:
            if token == "$scope":
                next(tokens)
                scope.append(next(tokens))
            elif token == "$upscope":
                scope.pop()
            elif token == "$var":
                next(tokens)
                width, identifier, name = int(next(tokens)), next(tokens), next(tokens)
                self.ids[".".join(scope + [name])] = identifier
                self.width[identifier] = width
            elif token == "$enddefinitions":
                break
        self.tokens = tokens

    def states(self, wanted):
        """Yields (time, values by identifier) after all changes of that time; `values` is one dictionary, updated. Of the
        `wanted` identifiers alone: a testbench dumps much else."""
        values = dict.fromkeys(wanted)
        time = None
        for token in self.tokens:
            if token[0] == "#":
                if time is not None:
                    yield time, values
                time = int(token[1:])
            elif token[0] in "bB":
                digits = token[1:].lower()
                identifier = next(self.tokens)
                if identifier in values:
                    values[identifier] = None if set(digits) & set("xz") else int(digits, 2)
            elif token[0] in "01xXzZ" and token[1:] in values:
                values[token[1:]] = int(token[0]) if token[0] in "01" else None
        if time is not None:
            yield time, values


def find(vcd, suffix):
    """The one signal whose name ends like this."""
    found = {identifier for name, identifier in vcd.ids.items() if ("." + name).endswith("." + suffix)}
    if len(found) != 1:
        sys.exit(f"{len(found)} signals are called {suffix}")
    return found.pop()


# The RTL's register of the emulator's, and its valid bit where it has one. A moves to the right in OS and IS.
def register_map(dataflow):
    a = {"OS": "left", "WS": "stationary", "IS": "left"}[dataflow[-2:]]
    b = {"OS": "top", "WS": "left", "IS": "stationary"}[dataflow[-2:]]
    return {"a": a, "b": b, "sum": "sum", "chain": "chain", "drain": "drain", "lane": "lane"}


class Comparison:
    """One register of one PE: (emulator's value, its valid bit) and (RTL's value, its valid bit, first bit, width)."""

    def __init__(self, name, want, want_valid, got, got_valid, lsb, width):
        self.name, self.want, self.want_valid = name, want, want_valid
        self.got, self.got_valid, self.lsb, self.mask = got, got_valid, lsb, (1 << width) - 1


def comparisons(rtl, emulator, dataflow):
    """All of them, of all PEs, each with its PE; and (PE, emulator's mac, RTL's mac)."""
    registers = register_map(dataflow)
    result, macs = [], []
    for name, want in emulator.ids.items():
        match = re.fullmatch(r"array\.pe_(\d+)_(\d+)\.(a|b|b_\d+|lane|sum|chain|drain|mac)", name)
        if not match:
            continue
        h, w, register = match.groups()
        pe = f"row[{h}].column[{w}].pe."
        if register == "mac":
            macs.append((f"PE({h}, {w})", want, find(rtl, pe + "mac")))
            continue
        kind, _, lane = register.partition("_")
        valid_of = {"lane": "a"}.get(kind, kind)
        got = registers[kind]
        got_valid = registers[valid_of] + "_valid"
        has_valid = any(("." + n).endswith("." + pe + got_valid) for n in rtl.ids)
        # Operands have 9 bits where a zero point was subtracted; an RTL that could do it has them always.
        lsb = rtl.width[find(rtl, pe + "left")] * int(lane or 0)
        result.append(
            Comparison(
                f"PE({h}, {w}).{got}" + (f" lane {lane}" if lane else ""),
                want,
                emulator.ids[f"array.pe_{h}_{w}.{valid_of}_valid"],
                find(rtl, pe + got),
                find(rtl, pe + got_valid) if has_valid else None,
                lsb,
                emulator.width[want],
            )
        )
    return result, macs


def emulated_cycles(emulator):
    """Cycle -> values of its registers and flags."""
    cycle = emulator.ids["array.cycle"]
    return {values[cycle]: dict(values) for _, values in emulator.states(emulator.width) if values[cycle] is not None}


def compare(rtl, emulator, dataflow):
    pairs, macs = comparisons(rtl, emulator, dataflow)
    expected = emulated_cycles(emulator)
    clk, running = find(rtl, "array.clk"), find(rtl, "array.running")
    cycle = find(rtl, "array.cycle")
    counts, seen = {}, set()
    wanted = {clk, running, cycle} | {got for _, _, got in macs}
    wanted |= {identifier for pair in pairs for identifier in (pair.got, pair.got_valid) if identifier is not None}
    before = None
    for _, values in rtl.states(wanted):
        edge = before is not None and before[clk] == 0 and values[clk] == 1
        if edge and before[running] == 1 and before[cycle] in expected:
            number = before[cycle]
            seen.add(number)
            want = expected[number]
            for pe, wanted, got in macs:
                if want[wanted] != before[got]:
                    return f"cycle {number}: {pe}.mac is {before[got]}, emulated {want[wanted]}", counts
            counts["mac"] = counts.get("mac", 0) + sum(want[wanted] for _, wanted, _ in macs)
            for pair in pairs:
                if want[pair.want_valid] != 1 or want[pair.want] is None:
                    continue
                if pair.got_valid is not None and values[pair.got_valid] != 1:
                    return f"cycle {number}: {pair.name} is not valid, emulated {want[pair.want]:#x}", counts
                got = values[pair.got] >> pair.lsb & pair.mask
                if got != want[pair.want]:
                    return f"cycle {number}: {pair.name} is {got:#x}, emulated {want[pair.want]:#x}", counts
                kind = pair.name.split(".")[1].split()[0]
                counts[kind] = counts.get(kind, 0) + 1
        before = dict(values)
    missing = sorted(set(expected) - seen)
    if missing:
        return f"cycle {missing[0]} (of {len(expected)}) is not in the RTL's waveform", counts
    return None, counts


def main():
    rtl_path, emulator_path, dataflow = sys.argv[1:]
    rtl, emulator = Vcd(rtl_path), Vcd(emulator_path)
    difference, counts = compare(rtl, emulator, dataflow)
    if difference:
        print(difference)
        sys.exit(1)
    needed = {"OS": ["left", "top", "sum", "drain", "mac"], "WS": ["left", "stationary", "chain", "sum", "mac"]}
    nothing = [kind for kind in needed["OS" if dataflow.endswith("OS") else "WS"] if not counts.get(kind)]
    if nothing:
        print("nothing compared of " + ", ".join(nothing))
        sys.exit(2)
    total = sum(count for kind, count in counts.items() if kind != "mac")
    print(f"{total} register values equal: " + ", ".join(f"{kind} {counts[kind]}" for kind in sorted(counts)))


main()
