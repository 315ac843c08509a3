#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Writes answers.txt: what PyTorch makes of embedding bags.

    pip install torch numpy
    ./answers.py 60 > answers.txt

A line is a problem, whose table and lists are a generator's numbers from a seed, and a hash of the output's bytes.
answers_test.cpp has the generator (tflite/answers.hpp) and the lists a second time.
"""

import sys

import numpy as np
import torch


def numbers(seed, kind, count):
    """32 bits of a linear congruential generator for every element: its upper 8, or 24 as a float in [-8, 8)."""
    values = np.empty(count, np.uint32)
    state = seed
    for i in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values[i] = state
    if kind == "f32":
        return ((values >> 8).astype(np.float32) - np.float32(2**23)) * np.float32(2**-20)
    return (values >> 24).astype(np.uint8)


def fnv(data):
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in data.tobytes():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def answer(table, mode, seed, rows, width, bags):
    counts = numbers(seed + 1, "u8", bags).astype(np.int64) % 12
    counts[0] = 0
    offsets = np.concatenate([[0], np.cumsum(counts)])
    indices = torch.from_numpy(numbers(seed + 2, "u8", int(offsets[-1])).astype(np.int64) % rows)
    starts = torch.from_numpy(offsets[:-1])
    if table == "u8":  # PyTorch's mode is a sum, whatever it is asked for
        stored = numbers(seed, "u8", rows * width).reshape(rows, width)
        ends = numbers(seed + 3, "f32", 2 * rows).reshape(rows, 2)
        packed = torch.from_numpy(np.hstack([stored, ends.view(np.uint8)]))
        return torch.ops.quantized.embedding_bag_byte_rowwise_offsets(
            packed, indices.int(), starts.int(), False, 0, False, None, None, False)
    weight = numbers(seed, "f32", rows * width).reshape(rows, width)
    weight = torch.from_numpy(weight.astype(np.float16) if table == "f16" else weight)
    return torch.nn.functional.embedding_bag(indices, weight, starts, mode=mode)


def main():
    random = np.random.default_rng(8)
    print(f"# torch {torch.__version__}: table mode seed rows width bags hash")
    for _ in range(int(sys.argv[1])):
        table, mode = random.choice(["f32", "f16", "u8"]), random.choice(["sum", "mean"])
        mode = "sum" if table == "u8" else mode
        seed = int(random.integers(2**31))
        rows, width, bags = (int(random.integers(low, high)) for low, high in ((1, 200), (1, 70), (2, 20)))
        print(table, mode, seed, rows, width, bags, f"{fnv(answer(table, mode, seed, rows, width, bags).numpy()):016x}")


if __name__ == "__main__":
    main()
