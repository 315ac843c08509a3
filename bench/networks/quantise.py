# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Quantisation after training, the same numbers for every program.

Weights: s8, one scale per output, symmetric: greatest magnitude / 127. Activations: u8, one scale per tensor, from the
least and greatest value (and 0) on calibration images. Biases: s32 in units of the products. (Jacob et al.,
"Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018, section 2.)
"""
import numpy as np
import onnxruntime

from onnx_model import float_model


class Integers:
    """scale, zero_point: of activations, by name; weights: {name: (s8 weight, s32 bias, scales)}."""

    def __init__(self, nodes, weights, ranges):
        self.scale, self.zero_point, self.weights = {}, {}, {}
        for value, (low, high) in ranges.items():
            scale = np.float32((high - low) / 255)
            self.scale[value], self.zero_point[value] = scale, int(np.clip(np.rint(-low / scale), 0, 255))
        pool = next(node for node in nodes if node.op == "max_pool")
        for table in (self.scale, self.zero_point):  # a pool takes its input's quantisation
            table[pool.output] = table[pool.inputs[0]]
        for node in nodes:
            if node.weight:
                self.add(node, *weights[node.output])

    def add(self, node, weight, bias):
        scale = (np.abs(weight).reshape(weight.shape[0], -1).max(1) / 127).astype(np.float32)
        stored = np.rint(weight / scale.reshape((-1,) + (1,) * (weight.ndim - 1))).astype(np.int8)
        self.weights[node.output] = (stored, None, scale)
        sums = np.rint(bias.astype(np.float64) / self.sums_scale(node)).astype(np.int32)
        self.weights[node.output] = (stored, sums, scale)

    def sums_scale(self, node):
        """Of the products' sums, one per output."""
        return (self.scale[node.inputs[0]] * self.weights[node.output][2]).astype(np.float32)


def opened(model):
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def run(path, image):
    return opened(str(path)).run(None, {"image": image})[0]


def calibrated(nodes, weights, images):
    """Integers, from the ranges that activations have on the images."""
    model = float_model(nodes, weights, [1, *images.shape[1:]], every_value=True)
    session = opened(model.SerializeToString())
    names = [value.name for value in session.get_outputs()]
    ranges = {"image": (min(0, images.min()), max(0, images.max()))}
    for image in images:
        for name, array in zip(names, session.run(None, {"image": image[None]})):
            low, high = ranges.get(name, (0, 0))
            ranges[name] = (min(low, array.min()), max(high, array.max()))
    return Integers(nodes, weights, ranges)
