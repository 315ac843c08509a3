# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""A network of resnet50.py as PyTorch modules, with the numbers of an ONNX model: f32, and of integers (eager-mode
static quantisation, whose scales and integers are replaced by the model's)."""
import warnings

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.ao import quantization
from torch.ao.nn.quantized import FloatFunctional


class ConvRelu(nn.Sequential):
    """Fused by quantization.fuse_modules, and by compilers without being asked."""


class ResNet(nn.Module):
    """Walks the graph's nodes; `quantised`: with a quantisation at its ends."""

    def __init__(self, nodes, quantised=False):
        super().__init__()
        self.nodes = nodes
        self.layers = nn.ModuleDict({node.output: self.layer(node) for node in nodes})
        self.first = quantization.QuantStub() if quantised else nn.Identity()
        self.last = quantization.DeQuantStub() if quantised else nn.Identity()

    @staticmethod
    def layer(node):
        if node.op == "conv":
            outputs, inputs, size, _ = node.weight
            conv = nn.Conv2d(inputs, outputs, size, node.stride, node.pad)
            return ConvRelu(conv, nn.ReLU()) if node.relu else nn.Sequential(conv)
        if node.op == "fc":
            return nn.Sequential(nn.Flatten(), nn.Linear(node.weight[1], node.weight[0]))
        return {"max_pool": lambda: nn.MaxPool2d(3, node.stride, node.pad), "add": FloatFunctional,
                "mean": lambda: nn.AdaptiveAvgPool2d(1)}[node.op]()

    def forward(self, image):
        values = {"image": self.first(image)}
        for node in self.nodes:
            layer, inputs = self.layers[node.output], [values[name] for name in node.inputs]
            values[node.output] = layer.add_relu(*inputs) if node.op == "add" else layer(*inputs)
        return self.last(values["logits"])


def constants(path):
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}


def tensor(array):
    return torch.from_numpy(np.array(array))


def float_network(nodes, path):
    """The f32 network of an ONNX file."""
    network, stored = ResNet(nodes), constants(path)
    for node in nodes:
        if node.weight:
            module = network.layers[node.output][-1 if node.op == "fc" else 0]
            module.weight.data = tensor(stored[f"{node.output}.weight"])
            module.bias.data = tensor(stored[f"{node.output}.bias"])
    return network.eval()


def integer_network(nodes, path, image, engine):
    """The integer network of an ONNX file, by one of torch.backends.quantized.supported_engines."""
    warnings.filterwarnings("ignore", module="torch.ao.*")  # deprecated, and still what eager mode has
    warnings.filterwarnings("ignore", message=".*reduce_range.*")
    torch.backends.quantized.engine = engine
    network, stored = ResNet(nodes, quantised=True).eval(), constants(path)
    for node in nodes:
        if node.op == "conv" and node.relu:
            quantization.fuse_modules(network.layers[node.output], ["0", "1"], inplace=True)
    activations = quantization.MinMaxObserver.with_args(dtype=torch.quint8)
    weights = quantization.PerChannelMinMaxObserver.with_args(dtype=torch.qint8, qscheme=torch.per_channel_symmetric)
    network.qconfig = quantization.QConfig(activations, weights)
    quantization.prepare(network, inplace=True)
    network(image)  # what is observed here is replaced below
    quantization.convert(network, inplace=True)

    def put(module, value):
        module.scale, module.zero_point = float(stored[f"{value}.scale"]), int(stored[f"{value}.zero_point"])

    network.first.scale = tensor(stored["image.scale"]).reshape(1)
    network.first.zero_point = tensor(stored["image.zero_point"]).long().reshape(1)
    for node in nodes:
        layer = network.layers[node.output]
        if node.weight:
            module = layer[-1 if node.op == "fc" else 0]
            scale = tensor(stored[f"{node.output}.weight.scale"])
            real = tensor(stored[f"{node.output}.weight"]).float() * scale.reshape(-1, *[1] * (len(node.weight) - 1))
            weight = torch.quantize_per_channel(real, scale.double(), torch.zeros(len(scale)).long(), 0, torch.qint8)
            units = scale.double() * float(stored[f"{node.inputs[0]}.scale"])
            module.set_weight_bias(weight, (tensor(stored[f"{node.output}.bias"]).double() * units).float())
            put(module, node.output)
        elif node.op == "add":
            put(layer, node.output)
    return network.to(memory_format=torch.channels_last)
