#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Writes operator_gradients.txt: what PyTorch makes of the gradients of operators that are no products, of a loss, and
of SGD.

    pip install torch numpy
    ./operator_gradients.py > operator_gradients.txt

A line is a problem: its name, a seed, whole numbers, and behind a colon the answer. Operands are the numbers of
answers.py's generator from the seed (x), seed + 1 (dy), seed + 2, …; images are NHWC there and here. What f32 makes
without rounding is a hash of its bytes; the rest is computed in f64, and written as such.
operator_gradients_answers_test.cpp reads it.
"""

import numpy as np
import torch
import torch.nn.functional as F

from answers import fnv, numbers

ACTIVATIONS = {0: lambda x: x, 1: F.relu, 2: F.relu6, 3: F.gelu, 4: torch.sigmoid, 5: torch.tanh}


def reals(seed, *shape):
    return torch.from_numpy(numbers(seed, "f32", int(np.prod(shape))).astype(np.float64).reshape(shape))


def few(seed, *shape):
    """Whole numbers in [-4, 8), of which many are equal: sums of them do not round."""
    return torch.from_numpy((numbers(seed, "u8", int(np.prod(shape))) % 12).astype(np.float32).reshape(shape) - 4)


def nchw(x):
    return x.permute(0, 3, 1, 2)


def say(name, seed, settings, answer):
    print(name, seed, *settings, ":", *answer)


def hashed(*tensors):
    return [f"#{fnv(t.detach().contiguous().numpy()):016x}" for t in tensors]


def listed(*tensors):
    return [float(value).hex() for t in tensors for value in t.detach().contiguous().reshape(-1)]


def gradients(y, dy, *operands):
    return torch.autograd.grad(y, operands, dy)


def max_pool(random, seed):
    b, h, w, c = (int(random.integers(1, high)) for high in (4, 10, 10, 40))
    window = [int(random.integers(1, 4)) for _ in range(2)]
    stride = [int(random.integers(1, 4)) for _ in range(2)]
    pad = [int(random.integers(0, size // 2 + 1)) for size in window]
    h, w = h + window[0], w + window[1]
    activation = int(random.integers(0, 3))
    x = few(seed, b, h, w, c).requires_grad_()
    y = ACTIVATIONS[activation](F.max_pool2d(nchw(x), window, stride, pad)).permute(0, 2, 3, 1)
    dx, = gradients(y, few(seed + 1, *y.shape), x)
    say("max_pool", seed, (b, h, w, c, *window, *stride, *pad, activation), hashed(dx))


def average_pool(random, seed):
    b, h, w, c = (int(random.integers(1, high)) for high in (3, 4, 4, 4))
    window = [int(random.integers(1, 4)) for _ in range(2)]
    stride = [int(random.integers(1, 4)) for _ in range(2)]
    pad = [int(random.integers(0, size // 2 + 1)) for size in window]
    h, w = h + window[0] - 1, w + window[1] - 1
    x = few(seed, b, h, w, c).double().requires_grad_()
    y = F.relu(F.avg_pool2d(nchw(x), window, stride, pad, count_include_pad=False)).permute(0, 2, 3, 1)
    dx, = gradients(y, reals(seed + 1, *y.shape), x)
    say("average_pool", seed, (b, h, w, c, *window, *stride, *pad), listed(dx))


def mean(random, seed):
    b, h, w, c = (int(random.integers(1, high)) for high in (4, 8, 8, 20))
    x = reals(seed, b, h, w, c).float().requires_grad_()
    dx, = gradients(x.mean((1, 2)), reals(seed + 1, b, c).float(), x)
    say("mean", seed, (b, h, w, c), hashed(dx))


def add(random, seed):
    count, activation = int(random.integers(1, 300)), int(random.integers(0, 3))
    x, other = (few(seed + i, count).requires_grad_() for i in (0, 2))
    y = ACTIVATIONS[activation](x + other)
    say("add", seed, (count, activation), hashed(*gradients(y, few(seed + 1, count), x, other)))


def activate(random, seed):
    count, activation = int(random.integers(10, 30)), int(random.integers(1, 6))
    x = reals(seed, count).requires_grad_()
    y = ACTIVATIONS[activation](x)
    say("activate", seed, (count, activation), listed(*gradients(y, reals(seed + 1, count), x)))


def softmax(random, seed):
    rows, width = int(random.integers(1, 4)), int(random.integers(1, 12))
    x = reals(seed, rows, width).requires_grad_()
    say("softmax", seed, (rows, width), listed(*gradients(F.softmax(x, -1), reals(seed + 1, rows, width), x)))


def layer_norm(random, seed):
    rows, width = int(random.integers(1, 4)), int(random.integers(2, 10))
    x, gamma, beta = reals(seed, rows, width), reals(seed + 2, width), reals(seed + 3, width)
    for operand in (x, gamma, beta):
        operand.requires_grad_()
    y = F.layer_norm(x, (width,), gamma, beta, 2**-10)
    say("layer_norm", seed, (rows, width), listed(*gradients(y, reals(seed + 1, rows, width), x, gamma, beta)))


def batch_norm(random, seed):
    b, h, w, c = (int(random.integers(1, high)) for high in (4, 3, 3, 5))
    b += 1
    x, gamma, beta = reals(seed, b, h, w, c), reals(seed + 2, c), reals(seed + 3, c)
    for operand in (x, gamma, beta):
        operand.requires_grad_()
    mean, variance = torch.zeros(c, dtype=torch.float64), torch.zeros(c, dtype=torch.float64)
    y = F.batch_norm(nchw(x), mean, variance, gamma, beta, True, 1.0, 2**-10).permute(0, 2, 3, 1)
    biased = variance * (b * h * w - 1) / (b * h * w)
    answer = (y, mean, biased, *gradients(y, reals(seed + 1, b, h, w, c), x, gamma, beta))
    say("batch_norm", seed, (b, h, w, c), listed(*answer))


def cross_entropy(random, seed):
    rows, classes = int(random.integers(1, 6)), int(random.integers(1, 12))
    x = reals(seed, rows, classes).requires_grad_()
    labels = torch.from_numpy(numbers(seed + 1, "u8", rows).astype(np.int64) % classes)
    loss = F.cross_entropy(x, labels)
    say("cross_entropy", seed, (rows, classes), listed(loss, *torch.autograd.grad(loss, x)))


def embedding(random, seed):
    rows, width, bags = (int(random.integers(1, high)) for high in (30, 40, 12))
    counts = numbers(seed + 1, "u8", bags).astype(np.int64) % 9
    offsets = np.concatenate([[0], np.cumsum(counts)])
    indices = torch.from_numpy(numbers(seed + 2, "u8", int(offsets[-1])).astype(np.int64) % rows)
    table = torch.zeros(rows, width, requires_grad=True)
    y = F.embedding_bag(indices, table, torch.from_numpy(offsets[:-1]), mode="sum")
    say("embedding", seed, (rows, width, bags), hashed(*gradients(y, few(seed + 3, bags, width), table)))


def embedding_mean(random, seed):
    rows, width, bags = (int(random.integers(1, high)) for high in (5, 5, 5))
    counts = numbers(seed + 1, "u8", bags).astype(np.int64) % 9
    offsets = np.concatenate([[0], np.cumsum(counts)])
    indices = torch.from_numpy(numbers(seed + 2, "u8", int(offsets[-1])).astype(np.int64) % rows)
    table = torch.zeros(rows, width, requires_grad=True, dtype=torch.float64)
    y = F.embedding_bag(indices, table, torch.from_numpy(offsets[:-1]), mode="mean")
    say("embedding_mean", seed, (rows, width, bags), listed(*gradients(y, reals(seed + 3, bags, width), table)))


def frozen_batch_norm(random, seed):
    rows, channels = int(random.integers(1, 60)), int(random.integers(1, 50))
    x, factor, term = few(seed, rows, channels), few(seed + 2, channels), few(seed + 3, channels)
    for operand in (x, factor, term):
        operand.requires_grad_()
    y = F.batch_norm(x, torch.zeros(channels), torch.ones(channels), factor, term, False, 0.0, 0.0)
    answer = gradients(y, few(seed + 1, rows, channels), x, factor, term)
    say("frozen_batch_norm", seed, (rows, channels), hashed(*answer))


def sgd(random, seed):
    """Three steps, whose gradients are the numbers from seed + 1, + 2 and + 3. Whole vectors: what is less than one,
    PyTorch's compiler may fuse or not."""
    count, momentum, decay = 256 * int(random.integers(1, 5)), int(random.integers(0, 2)), int(random.integers(0, 2))
    nesterov = momentum * int(random.integers(0, 2))
    parameter = torch.nn.Parameter(reals(seed, count).float())
    optimiser = torch.optim.SGD([parameter], lr=0.1, momentum=0.9 * momentum, weight_decay=1e-3 * decay,
                                nesterov=bool(nesterov))
    for step in range(3):
        parameter.grad = reals(seed + 1 + step, count).float()
        optimiser.step()
    say("sgd", seed, (count, momentum, decay, nesterov), hashed(parameter))


def main():
    random = np.random.default_rng(9)
    print(f"# torch {torch.__version__}: name seed numbers : answer")
    problems = ((max_pool, 20), (average_pool, 6), (mean, 4), (add, 6), (activate, 15), (softmax, 5), (layer_norm, 5),
                (batch_norm, 5), (cross_entropy, 6), (embedding, 6), (sgd, 10),
                (embedding_mean, 3), (frozen_batch_norm, 5))
    for problem, count in problems:
        for _ in range(count):
            problem(random, int(random.integers(2**31)))


if __name__ == "__main__":
    main()
