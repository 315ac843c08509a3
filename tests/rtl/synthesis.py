#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""synthesis.py HxW ...: reads what Yosys counted in this folder (synthesis.sh), checks the structure of the arrays and
writes synthesis.json and synthesis.md."""

import json
import re
import sys

TOP = "septet_array"


def load(name):
    with open(name, encoding="utf-8") as file:
        text = file.read()
    modules = json.loads(re.sub(r",(\s*\})", r"\1", text))["modules"]  # Yosys 0.23 leaves a comma too many
    return {module.lstrip("\\"): counts for module, counts in modules.items()}


def base(module):
    """The module's name in the source: `$paramod\\name\\parameters` or `$paramod$hash\\name` without its parameters."""
    parts = module.split("\\")
    return parts[1] if parts[0] == "$paramod" else parts[-1]


def instances(modules):
    """Module -> how many of it there are below the top."""
    count = {module: 0 for module in modules}

    def add(module):
        count[module] += 1
        for cell, number in modules[module]["num_cells_by_type"].items():
            if cell in modules:
                for _ in range(number):
                    add(cell)

    add(TOP)
    return count


def is_flip_flop(cell):
    return cell.startswith("$_") and "DFF" in cell


def summary(height, width):
    """Base name -> instances, flip-flops, other gates, multipliers, memory bits; all instances together."""
    words, gates = load(f"words_{height}x{width}.json"), load(f"gates_{height}x{width}.json")
    result = {}

    def row(module):
        keys = ["instances", "flip_flops", "gates", "multipliers", "memory_bits"]
        return result.setdefault(base(module), dict.fromkeys(keys, 0))

    for module, number in instances(words).items():
        row(module)["instances"] += number
        row(module)["multipliers"] += number * words[module]["num_cells_by_type"].get("$mul", 0)
        row(module)["memory_bits"] += number * words[module]["num_memory_bits"]
    for module, number in instances(gates).items():
        for cell, cells in gates[module]["num_cells_by_type"].items():
            if is_flip_flop(cell):
                row(module)["flip_flops"] += number * cells
            elif cell.startswith("$"):
                # Anything else that is not a gate would be a cell that was not mapped, or a submodule.
                row(module)["gates"] += number * cells if cell.startswith("$_") else 0
    return result


def check(what, got, want):
    if got != want:
        sys.exit(f"{what}: {got}, not {want}")


def check_structure(name, height, width, parts):
    pes = parts["pe"]
    check(f"{name}: PEs", pes["instances"], height * width)
    check(f"{name}: multipliers in the PEs, one each", pes["multipliers"], height * width)
    for module, number in {
        "left_load_unit": height,
        "top_load_unit": width,
        "store_unit": width,
        "pe_array": 1,
        "controller": 1,
        "fold_sequencer": 1,
        "directory": 1,
        "vector_fetch": 1,
        "decompression_unit": 1,
        "result_path": 1,
        TOP: 1,
    }.items():
        check(f"{name}: {module}", parts[module]["instances"], number)
    for module, counts in parts.items():
        check(f"{name}: memories only in tables: {module}", counts["memory_bits"] > 0, module == "table_1r1w")
    # left 8, top 4 x 8, stationary 8, sum, chain and drain 32 each, a lane of 2 bits; and some bits of control
    per_pe = pes["flip_flops"] // pes["instances"]
    check(f"{name}: {per_pe} flip-flops per PE are its registers and little more", 146 <= per_pe <= 146 + 16, True)


def markdown(arrays):
    lines = ["| module | " + " | ".join(f"{a}: instances | flip-flops | gates" for a in arrays) + " |"]
    lines.append("|---|" + "---|" * (3 * len(arrays)))
    modules = sorted({module for parts in arrays.values() for module in parts})
    for module in modules:
        cells = []
        for parts in arrays.values():
            counts = parts[module]
            memory = counts["memory_bits"]
            gates = f"{memory} bits of memory" if memory else counts["gates"]
            cells += [counts["instances"], counts["flip_flops"], gates]
        lines.append(f"| {module} | " + " | ".join(str(cell) for cell in cells) + " |")
    totals = []
    for parts in arrays.values():
        totals += ["", sum(c["flip_flops"] for c in parts.values()), sum(c["gates"] for c in parts.values())]
    lines.append("| in all | " + " | ".join(str(total) for total in totals) + " |")
    return "\n".join(lines) + "\n"


def main():
    arrays = {}
    for name in sys.argv[1:]:
        height, width = (int(side) for side in name.split("x"))
        arrays[name] = summary(height, width)
        check_structure(name, height, width, arrays[name])
    per_pe = {parts["pe"]["flip_flops"] / parts["pe"]["instances"] for parts in arrays.values()}
    check(f"flip-flops per PE, {per_pe}, are the same in all arrays", len(per_pe), 1)
    with open("synthesis.json", "w", encoding="utf-8") as file:
        json.dump(arrays, file, indent=2)
        file.write("\n")
    with open("synthesis.md", "w", encoding="utf-8") as file:
        file.write(markdown(arrays))


main()
