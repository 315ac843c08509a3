#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Writes product_gradients.txt: PyTorch's gradients of the layers of ResNet-18, each shape once, batch 1.

    pip install torch numpy
    ./product_gradients.py > product_gradients.txt

A line is a layer, a seed, and hashes of dx, dweight and dbias as 32-bit integers, each in the order that septet keeps
it in. x, weight and dy are whole numbers in [-8, 8) from a generator (tflite/answers.hpp has it a second time), so that
all sums are exact in f32 already, in any order; they are made in f64.
"""

import numpy as np
import torch

LAYERS = [  # inputs, outputs, height and width, window, stride, padding
    (3, 64, 224, 7, 2, 3),
    (64, 64, 56, 3, 1, 1),
    (64, 128, 56, 3, 2, 1),
    (64, 128, 56, 1, 2, 0),
    (128, 128, 28, 3, 1, 1),
    (128, 256, 28, 3, 2, 1),
    (128, 256, 28, 1, 2, 0),
    (256, 256, 14, 3, 1, 1),
    (256, 512, 14, 3, 2, 1),
    (256, 512, 14, 1, 2, 0),
    (512, 512, 7, 3, 1, 1),
    (512, 1000, 1, 1, 1, 0),  # the fully connected layer
]


def numbers(seed, shape):
    """The upper 4 of 32 bits of a linear congruential generator for every element, less 8."""
    values = np.empty(int(np.prod(shape)), np.float64)
    state = seed
    for i in range(values.size):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values[i] = (state >> 28) - 8
    return torch.from_numpy(values.reshape(shape))


def fnv(tensor):
    """FNV-1a, 64 bits, of a tensor of whole numbers as s32."""
    values = tensor.contiguous().numpy()
    assert np.abs(values).max() < 2**24
    value = 0xCBF29CE484222325
    for byte in values.astype(np.int32).tobytes():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def answer(seed, inputs, outputs, size, window, stride, pad):
    out = (size + 2 * pad - window) // stride + 1
    x = numbers(seed, (1, size, size, inputs)).permute(0, 3, 1, 2).requires_grad_()
    weight = numbers(seed + 1, (outputs, window, window, inputs)).permute(0, 3, 1, 2).requires_grad_()
    bias = torch.zeros(outputs, dtype=torch.float64, requires_grad=True)
    dy = numbers(seed + 2, (1, out, out, outputs)).permute(0, 3, 1, 2)
    torch.nn.functional.conv2d(x, weight, bias, stride, pad).backward(dy)
    return fnv(x.grad.permute(0, 2, 3, 1)), fnv(weight.grad.permute(0, 2, 3, 1)), fnv(bias.grad)


def main():
    print(f"# torch {torch.__version__}: inputs outputs size window stride pad seed dx dweight dbias")
    for i, layer in enumerate(LAYERS):
        print(*layer, 100 * i, *answer(100 * i, *layer))


main()
