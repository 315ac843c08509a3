# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Handwritten digits, from files or from scikit-learn."""
import dataclasses
import gzip
import warnings
import zlib

import numpy as np


@dataclasses.dataclass
class Digits:
    """Images [number, rows, columns] of 0 to `levels`, and labels, in a training and a test part."""

    name: str
    levels: int
    train: tuple
    test: tuple


def uci(train, test):
    """Optical Recognition of Handwritten Digits (Alpaydin and Kaynak, UCI, 1998): lines of 64 pixels, 0 to 16, and the
    label; its own split."""

    def read(path):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of no lines: said below
                table = np.loadtxt(path, delimiter=",", dtype=np.int64, ndmin=2)
        except ValueError as problem:
            raise ValueError(f"{path}: {problem}") from None
        if table.shape[1] != 65 or table.min() < 0 or table[:, :64].max() > 16 or table[:, 64].max() > 9:
            raise ValueError(f"{path}: not 64 pixels, 0 to 16, and a digit in every line")
        return table[:, :64].reshape(-1, 8, 8).astype(np.uint8), table[:, 64]

    return Digits("digits", 16, read(train), read(test))


def scikit_learn():
    """scikit-learn's copy of that set's test part: the first 1300 images train, the other 497 test."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = digits.images.astype(np.uint8), digits.target.astype(np.int64)
    return Digits("digits", 16, (images[:1300], labels[:1300]), (images[1300:], labels[1300:]))


def idx(images_path, labels_path):
    """MNIST's files, packed or not: the first four fifths train, the others test."""

    def read(path, dimensions):
        try:
            with (gzip.open if str(path).endswith(".gz") else open)(path, "rb") as file:
                data = file.read()
        except (EOFError, zlib.error) as problem:
            raise ValueError(f"{path}: {problem}") from None
        sizes = np.frombuffer(data, ">u4", count=dimensions, offset=4) if len(data) >= 4 + 4 * dimensions else []
        if data[:4] != bytes([0, 0, 8, dimensions]) or np.prod(sizes) != len(data) - 4 - 4 * dimensions:
            raise ValueError(f"{path}: no idx file of bytes in {dimensions} dimensions")
        return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape([int(size) for size in sizes])

    images, labels = read(images_path, 3), read(labels_path, 1).astype(np.int64)
    if len(images) != len(labels) or len(labels) < 10 or labels.max() > 9:
        raise ValueError(f"{labels_path}: not a digit for each of {len(images)} images")
    cut = len(images) * 4 // 5
    return Digits("mnist", 255, (images[:cut], labels[:cut]), (images[cut:], labels[cut:]))
