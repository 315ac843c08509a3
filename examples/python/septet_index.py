# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Chains of convolutions and fully connected layers as folders that `septet` reads and writes (docs/network_index.md).

    layers = [Layer("conv1", weight, bias, stride=2, pad=1), …, Layer("fc", weight, bias, relu=False)]
    write_floats("folder", layers, [batch, rows, columns, channels])
    weights, masks = read_pruned("what septet prune wrote", layers)
    write_integers("folder", layers, shape, quantised(layers, ranges))

Weights: [outputs, rows, columns, inputs] of a convolution, [outputs, inputs] of a fully connected layer.
"""
import dataclasses
import json
import pathlib

import numpy as np


@dataclasses.dataclass
class Layer:
    name: str
    weight: np.ndarray
    bias: np.ndarray
    stride: int = 1
    pad: int = 0
    relu: bool = True

    def output_shape(self, x):
        """Of x [batch, rows, columns, channels], or [batch, channels] of a fully connected layer."""
        if self.weight.ndim == 2:
            return [x[0], self.weight.shape[0]]
        sizes = [(size + 2 * self.pad - kernel) // self.stride + 1 for size, kernel in zip(x[1:3], self.weight.shape[1:3])]
        return [x[0], *sizes, self.weight.shape[0]]


@dataclasses.dataclass
class Integers:
    """scales[i], zero_points[i]: of layer i's input, the last ones of the output. weights: (s8, s32 bias, f32 scales)."""

    scales: list
    zero_points: list
    weights: list


def quantised(layers, ranges):
    """Weights: s8, one scale per output, symmetric. Activations: s8, one scale per tensor, from the (least, greatest)
    value of the input and of each layer's output in `ranges`. Biases: s32 in units of the products. (Jacob et al.,
    "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018, section 2.)"""
    scales, zero_points, weights = [], [], []
    for low, high in ranges:
        low, high = min(low, 0), max(high, 0)  # 0, of padding and relu, is exact
        scale = np.float32((high - low or 1) / 255)  # of nothing but 0 any
        scales.append(scale), zero_points.append(int(np.clip(np.rint(-128 - low / scale), -128, 127)))
    for layer, x_scale in zip(layers, scales):
        greatest = np.abs(layer.weight).reshape(len(layer.weight), -1).max(1)
        greatest[greatest == 0] = max(greatest.max(), 1e-6)  # an output without weights still has its bias
        least = np.abs(layer.bias) / (x_scale * 2.0**30)  # so that the bias fits 32 bits
        scale = np.maximum(greatest / 127, least).astype(np.float32)
        stored = np.rint(layer.weight / scale.reshape((-1,) + (1,) * (layer.weight.ndim - 1))).astype(np.int8)
        sums = np.rint(layer.bias.astype(np.float64) / (np.float64(x_scale) * scale)).astype(np.int32)
        weights.append((stored, sums, scale))
    return Integers(scales, zero_points, weights)


class Writer:
    """One index.json and its arrays."""

    def __init__(self, folder, name):
        self.folder, self.name, self.ids, self.steps = pathlib.Path(folder), name, 0, []
        self.folder.mkdir(parents=True)

    def tensor(self, shape, dtype, **quantisation):
        self.ids += 1
        return {"id": self.ids, "shape": list(shape), "dtype": dtype, **quantisation}

    def file(self, step, key, array):
        step["files"][key] = f"{step['layer']}_{key}.npy"
        np.save(self.folder / step["files"][key], np.ascontiguousarray(array))

    def reshape(self, x):
        """To a row per image, [batch, all the rest]."""
        y = {**x, "id": self.ids + 1, "shape": [x["shape"][0], int(np.prod(x["shape"][1:]))]}
        self.ids += 1
        self.steps.append({"op": "RESHAPE", "inputs": [x], "outputs": [y], "params": {}})
        return y

    def product(self, layer, x, y, arrays):
        """The layer's step from x to y. arrays: {"weight": …, "bias": …, …}."""
        params = {"activation": "RELU" if layer.relu else "NONE"}
        if layer.weight.ndim == 4:
            params.update(stride_h=layer.stride, stride_w=layer.stride, pad_h=[layer.pad] * 2, pad_w=[layer.pad] * 2)
        weight, bias = (arrays[key] for key in ("weight", "bias"))
        per_channel = {"scale": "per-channel", "zero_point": 0} if "weight_scale" in arrays else {}
        constants = [self.tensor(weight.shape, weight.dtype.name, **per_channel), self.tensor(bias.shape, bias.dtype.name)]
        step = {"op": "CONV_2D" if layer.weight.ndim == 4 else "FULLY_CONNECTED", "layer": layer.name,
                "inputs": [x, *constants], "outputs": [y], "params": params, "files": {}}
        for key, array in arrays.items():
            self.file(step, key, array)
        self.steps.append(step)

    def finish(self, x, y):
        index = {"format": "npy-model-index/1", "name": self.name, "inputs": [x], "outputs": [y], "steps": self.steps}
        (self.folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")


def write(folder, layers, shape, dtype, quantisations, arrays):
    """quantisations[i]: keys of the tensor before layer i; arrays[i]: of layer i."""
    writer = Writer(folder, pathlib.Path(folder).name)
    first = x = writer.tensor(shape, dtype, **quantisations[0])
    for layer, quantisation, files in zip(layers, quantisations[1:], arrays):
        if layer.weight.ndim == 2 and len(x["shape"]) == 4:
            x = writer.reshape(x)
        y = writer.tensor(layer.output_shape(x["shape"]), dtype, **quantisation)
        writer.product(layer, x, y, files)
        x = y
    writer.finish(first, x)


def write_floats(folder, layers, shape):
    arrays = [{"weight": layer.weight.astype(np.float32), "bias": layer.bias.astype(np.float32)} for layer in layers]
    write(folder, layers, shape, "float32", [{}] * (len(layers) + 1), arrays)


def write_integers(folder, layers, shape, integers):
    quantisations = [{"scale": float(scale), "zero_point": zero}
                     for scale, zero in zip(integers.scales, integers.zero_points)]
    arrays = [dict(zip(("weight", "bias", "weight_scale"), layer)) for layer in integers.weights]
    write(folder, layers, shape, "int8", quantisations, arrays)


def read_pruned(folder, layers):
    """[(weight, bias)] and [mask] of a folder that `septet prune` wrote of write_floats(); 1 in a mask: a weight that
    stays. All of it, since channels may have changed places."""
    folder = pathlib.Path(folder)
    steps = {step.get("layer"): step for step in json.loads((folder / "index.json").read_text())["steps"]}
    files = [steps[layer.name]["files"] for layer in layers]
    values = [tuple(np.load(folder / file[key]) for key in ("weight", "bias")) for file in files]
    masks = [np.load(folder / f"{layer.name}_mask.npy") for layer in layers]
    return values, masks
