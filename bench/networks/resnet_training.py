# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""ResNet-18 and ResNet-50 to be trained: batch normalisation and relu as steps of their own; seeded parameters, images
and labels; a folder with all of it for every program that trains it.

Layers are those of He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition" (2016), table 1, with the
stride of ResNet-50's blocks on their 3 x 3 convolution, as in PyTorch's torchvision.
"""
import json

import numpy as np

import resnet50
from resnet50 import CLASSES, Node

BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}  # of the four stages
WIDTHS = (64, 128, 256, 512)
ROWS, COLUMNS = resnet50.IMAGE[2:]


class Graph:
    """Nodes in order; convolutions have no bias."""

    def __init__(self, depth):
        self.nodes, self.basic = [], depth == 18
        x, channels = self.add("max_pool", "pool1", self.normalised("conv1", "image", 64, 3, 7, 2), stride=2, pad=1), 64
        for stage, (count, width) in enumerate(zip(BLOCKS[depth], WIDTHS), 2):
            for block in range(count):
                stride = 2 if block == 0 and stage > 2 else 1
                x, channels = self.block(f"conv{stage}_{block + 1}", x, channels, width, stride)
        self.add("mean", "mean", x)
        self.add("fc", "logits", "mean", weight=(CLASSES, channels))

    def add(self, op, name, *inputs, **more):
        self.nodes.append(Node(op, name, inputs, **more))
        return name

    def normalised(self, name, x, outputs, inputs, size, stride=1, relu=True):
        y = self.add("conv", name, x, weight=(outputs, inputs, size, size), stride=stride, pad=size // 2)
        y = self.add("batch_norm", f"{name}_norm", y, weight=(outputs,))
        return self.add("relu", f"{name}_relu", y) if relu else y

    def block(self, name, x, channels, width, stride):
        """The sum's name and channels."""
        if self.basic:
            outputs = width
            y = self.normalised(f"{name}_a", x, width, channels, 3, stride)
            y = self.normalised(f"{name}_b", y, width, width, 3, relu=False)
        else:
            outputs = 4 * width
            y = self.normalised(f"{name}_a", x, width, channels, 1)
            y = self.normalised(f"{name}_b", y, width, width, 3, stride)
            y = self.normalised(f"{name}_c", y, outputs, width, 1, relu=False)
        if stride != 1 or channels != outputs:
            x = self.normalised(f"{name}_shortcut", x, outputs, channels, 1, stride, relu=False)
        return self.add("add", f"{name}_add", y, x, relu=True), outputs


def graph(depth):
    return Graph(depth).nodes


def parameters(nodes, seed):
    """{name: arrays}: a convolution's weight [outputs][rows][columns][inputs], He's; gamma 1 and beta 0, with noise;
    fc's weight and bias. A layer's numbers depend on the seed and its place alone."""
    result = {}
    for place, node in enumerate(nodes):
        random = np.random.default_rng([seed, place])
        if node.op == "conv":
            outputs, inputs, rows, columns = node.weight
            weight = random.standard_normal((outputs, rows, columns, inputs)) * np.sqrt(2 / (inputs * rows * columns))
            arrays = [weight]
        elif node.op == "batch_norm":
            arrays = [1 + 0.1 * random.standard_normal(node.weight), 0.1 * random.standard_normal(node.weight)]
        elif node.op == "fc":
            arrays = [random.standard_normal(node.weight) * np.sqrt(1 / node.weight[1]), np.zeros(node.weight[0])]
        else:
            continue
        result[node.output] = [array.astype(np.float32) for array in arrays]
    return result


def labels(seed, count):
    return np.random.default_rng([seed, 1 << 21]).integers(0, CLASSES, count).astype(np.int32)


FILES = {"conv": ("weight",), "batch_norm": ("factor", "term"), "fc": ("weight", "bias")}
OPS = {"conv": "CONV_2D", "batch_norm": "BATCH_NORM", "relu": "RELU", "max_pool": "MAX_POOL_2D", "add": "ADD",
       "mean": "MEAN", "fc": "FULLY_CONNECTED"}


class Index:
    """docs/network_index.md of a graph."""

    def __init__(self, nodes, batch, arrays):
        self.tensors = {}
        image = self.tensor("image", (batch, ROWS, COLUMNS, 3))
        steps = [self.step(node, arrays.get(node.output, [])) for node in nodes]
        self.json = {"format": "npy-model-index/1", "name": "ResNet", "inputs": [image],
                     "outputs": [self.tensors["logits"]], "steps": steps}

    def tensor(self, name, shape):
        self.tensors[name] = {"id": len(self.tensors), "name": name, "shape": list(shape), "dtype": "float32"}
        return self.tensors[name]

    def shape(self, node):
        shape = self.tensors[node.inputs[0]]["shape"]
        if node.op in ("conv", "max_pool"):
            window = node.weight[2] if node.op == "conv" else 3
            size = (shape[1] + 2 * node.pad - window) // node.stride + 1
            return [shape[0], size, size, node.weight[0] if node.op == "conv" else shape[3]]
        return {"mean": [shape[0], shape[-1]], "fc": [shape[0], CLASSES]}.get(node.op, shape)

    def step(self, node, arrays):
        inputs, params = [self.tensors[name] for name in node.inputs], {}
        files = {kind: f"{node.output}.{i}.npy" for i, kind in enumerate(FILES.get(node.op, ()))}
        if node.op in ("conv", "fc"):
            inputs += [self.tensor(f"{node.output}.{i}", array.shape) for i, array in enumerate(arrays)]
        if node.op in ("conv", "max_pool"):
            pad = [node.pad] * 2
            params = {"stride_h": node.stride, "stride_w": node.stride, "pad_h": pad, "pad_w": pad}
        if node.op == "max_pool":
            params |= {"filter_h": 3, "filter_w": 3}
        if node.op == "add":
            params = {"activation": "RELU"}
        return {"op": OPS[node.op], "layer": node.output, "inputs": inputs,
                "outputs": [self.tensor(node.output, self.shape(node))], "params": params, "files": files}


def write(folder, nodes, seed, batch):
    """index.json, parameters as STEP.NUMBER.npy, images.npy and labels.npy."""
    arrays = parameters(nodes, seed)
    for name, of_step in arrays.items():
        for i, array in enumerate(of_step):
            np.save(folder / f"{name}.{i}.npy", array)
    images = resnet50.images(seed, batch).transpose(0, 2, 3, 1)
    np.save(folder / "images.npy", np.ascontiguousarray(images))
    np.save(folder / "labels.npy", labels(seed, batch))
    (folder / "index.json").write_text(json.dumps(Index(nodes, batch, arrays).json, indent=1) + "\n")
