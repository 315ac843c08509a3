# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""ResNet-50 with seeded weights: the graph, once, for every program that runs it.

The layers are those of He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition" (2016), table 1, with the
stride of a block on its 3 x 3 convolution ("v1.5"), as in PyTorch's torchvision. Batch normalisation is folded: a
convolution has weights and a bias.

Weights are normal, with the variance that keeps the size of activations (He et al., "Delving Deep into Rectifiers",
2015, section 2.2): gain / fan in, gain 2 where relu follows; the last convolution of a block adds less, since the
additions would make activations grow.
"""
import dataclasses

import numpy as np

IMAGE = (1, 3, 224, 224)
BLOCKS = ((3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2))  # how many, channels within, stride of the first
EXPANSION = 4
CLASSES = 1000


@dataclasses.dataclass(frozen=True)
class Node:
    """`op`: conv, add, max_pool, mean, fc. `output` is also the node's name."""
    op: str
    output: str
    inputs: tuple
    relu: bool = False
    weight: tuple = ()  # shape: outputs, inputs, rows, columns
    stride: int = 1
    pad: int = 0
    gain: float = 1


def graph(blocks=BLOCKS):
    """The nodes in order; the input is "image", the output "logits"."""
    nodes = []

    def conv(name, source, outputs, inputs, size, stride=1, relu=True, gain=2.0):
        nodes.append(Node("conv", name, (source,), relu, (outputs, inputs, size, size), stride, size // 2, gain))
        return name

    conv("conv1", "image", 64, 3, 7, 2)
    nodes.append(Node("max_pool", "pool1", ("conv1",), stride=2, pad=1))
    x, channels = "pool1", 64
    for stage, (count, width, first_stride) in enumerate(blocks, 2):
        for block in range(count):
            name, stride = f"conv{stage}_{block + 1}", first_stride if block == 0 else 1
            y = conv(f"{name}_a", x, width, channels, 1)
            y = conv(f"{name}_b", y, width, width, 3, stride)
            y = conv(f"{name}_c", y, EXPANSION * width, width, 1, relu=False, gain=1.0 if block == 0 else 0.25)
            if block == 0:
                x = conv(f"{name}_shortcut", x, EXPANSION * width, channels, 1, stride, relu=False, gain=1.0)
            nodes.append(Node("add", f"{name}_add", (y, x), True))
            x, channels = nodes[-1].output, EXPANSION * width
    nodes.append(Node("mean", "mean", (x,)))
    nodes.append(Node("fc", "logits", ("mean",), weight=(CLASSES, channels)))
    return nodes


@dataclasses.dataclass(frozen=True)
class Pruning:
    """Which weights are 0: in each layer the share `zeros` of those with the least magnitude, or of vectors of `height`
    consecutive outputs, by their norm. Weights that are drawn independently lose a random pattern that way. Not in
    conv1 (3 input channels, 3 % of the multiplications), unless `first`."""
    zeros: float = 0
    height: int = 1
    first: bool = False

    def applies_to(self, node):
        return self.zeros > 0 and (self.first or node.output != "conv1")


def pruned(weight, pruning):
    """`weight` with zeros, and what is left scaled so that the layer's outputs keep their variance."""
    vectors = weight.reshape(weight.shape[0] // pruning.height, pruning.height, -1)
    norms = np.square(vectors).sum(1).ravel()
    mask = np.ones(norms.size, np.float32)
    mask[np.argsort(norms, kind="stable")[:round(pruning.zeros * norms.size)]] = 0
    kept = (vectors * mask.reshape(vectors.shape[0], 1, -1)).reshape(weight.shape)
    return kept * np.float32(np.sqrt(np.square(weight).sum() / np.square(kept).sum()))


def weights(nodes, seed, pruning=Pruning()):
    """{name: (weight, bias)} in f32. A layer's numbers depend on the seed and its place alone."""
    result = {}
    for place, node in enumerate(nodes):
        if not node.weight:
            continue
        random = np.random.default_rng([seed, place])
        deviation = np.sqrt(node.gain / np.prod(node.weight[1:]))
        weight = (random.standard_normal(node.weight) * deviation).astype(np.float32)
        bias = (0.1 * random.standard_normal(node.weight[0])).astype(np.float32)
        result[node.output] = (pruned(weight, pruning) if pruning.applies_to(node) else weight, bias)
    return result


def images(seed, count):
    """Normalised images, smooth as photographs are: noise of several scales."""
    random = np.random.default_rng([seed, 1 << 20])
    _, channels, rows, columns = IMAGE
    batch = np.zeros((count, channels, rows, columns))
    for cell in (56, 28, 14, 7, 1):
        noise = random.standard_normal((count, channels, rows // cell, columns // cell))
        batch += noise.repeat(cell, 2).repeat(cell, 3)
    return (batch / batch.std()).astype(np.float32)


def macs(nodes):
    """Multiplications of the network: of every node with weights, outputs' places times weights."""
    sizes, total = {"image": IMAGE[2]}, 0
    for node in nodes:
        size = sizes[node.inputs[0]]
        if node.op in ("conv", "max_pool"):
            window = node.weight[2] if node.weight else 3
            size = (size + 2 * node.pad - window) // node.stride + 1
        sizes[node.output] = 1 if node.op in ("mean", "fc") else size
        total += int(np.prod(node.weight)) * sizes[node.output] ** 2 if node.weight else 0
    return total
