#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""A worker of compare_training.py: steps of training in PyTorch, as bench_training --serve does them.

    torch_training.py KIND FOLDER --depth 18 --threads N [--learning-rate X --momentum X --weight-decay X]
    torch_training.py reference FOLDER --depth 18        f64: writes FOLDER/gradients and FOLDER/loss.json, no worker

FOLDER is one of resnet_training.py's. KIND: torch-eager, torch-compile.
"""
import argparse
import json
import os
import pathlib
import sys

import numpy as np
import torch
from torch import nn

import resnet_training
import worker


class Sum(nn.Module):
    """In the memory of its first operand, whose values no gradient needs, as torchvision's relu does it."""

    def forward(self, x, y):
        return x.add_(y).relu_()


class ResNet(nn.Module):
    """Walks the graph's nodes."""

    def __init__(self, nodes):
        super().__init__()
        self.nodes = nodes
        self.layers = nn.ModuleDict({node.output: self.layer(node) for node in nodes})

    @staticmethod
    def layer(node):
        if node.op == "conv":
            outputs, inputs, size, _ = node.weight
            return nn.Conv2d(inputs, outputs, size, node.stride, node.pad, bias=False)
        return {"batch_norm": lambda: nn.BatchNorm2d(*node.weight), "relu": lambda: nn.ReLU(inplace=True),
                "max_pool": lambda: nn.MaxPool2d(3, node.stride, node.pad), "add": Sum,
                "mean": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
                "fc": lambda: nn.Linear(*reversed(node.weight))}[node.op]()

    def forward(self, image):
        values = {"image": image}
        for node in self.nodes:
            values[node.output] = self.layers[node.output](*(values[name] for name in node.inputs))
        return values["logits"]

    def own(self):
        """(file's name, parameter) of each."""
        for name, layer in self.layers.items():
            for i, parameter in enumerate(layer.parameters()):
                yield f"{name}.{i}.npy", parameter


def to_first(array):
    """[outputs][rows][columns][inputs] as PyTorch has it; others as they are."""
    return torch.from_numpy(array.transpose(0, 3, 1, 2).copy() if array.ndim == 4 else array)


def to_last(tensor):
    return (tensor.permute(0, 2, 3, 1) if tensor.ndim == 4 else tensor).contiguous().numpy()


class Trainer:
    """`compiled`: forward and backward by torch.compile. The rest is as PyTorch does it best: channels last, the update
    of all parameters fused."""

    def __init__(self, given, dtype=torch.float32, compiled=False):
        self.network = ResNet(resnet_training.graph(given.depth))
        for name, parameter in self.network.own():
            parameter.data = to_first(np.load(given.folder / name))
        self.network = self.network.to(dtype=dtype, memory_format=torch.channels_last).train()
        images = to_first(np.load(given.folder / "images.npy"))
        self.images = images.to(dtype=dtype, memory_format=torch.channels_last)
        self.labels = torch.from_numpy(np.load(given.folder / "labels.npy")).long()
        self.descent = torch.optim.SGD(self.network.parameters(), given.learning_rate, given.momentum,
                                       weight_decay=given.weight_decay, fused=True)
        self.forward = torch.compile(self.network) if compiled else self.network

    def accumulate(self):
        self.descent.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(self.forward(self.images), self.labels)
        loss.backward()
        return loss.item()

    def step(self):
        self.accumulate()
        self.descent.step()

    def gradients(self, folder):
        loss = self.accumulate()
        for name, parameter in self.network.own():
            np.save(pathlib.Path(folder) / name, to_last(parameter.grad))
        return f"{loss:.17g}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("reference", "torch-eager", "torch-compile"))
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--depth", type=int, choices=(18, 50), default=18)
    parser.add_argument("--threads", type=int, default=1)
    for name in ("learning-rate", "momentum", "weight-decay"):
        parser.add_argument(f"--{name}", type=float, default=0)
    return parser.parse_args()


def main():
    given = arguments()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print does not come between the answers
    torch.set_num_threads(given.threads)
    torch.set_num_interop_threads(1)
    if given.kind == "reference":
        (given.folder / "gradients").mkdir()
        loss = Trainer(given, torch.float64).gradients(given.folder / "gradients")
        (given.folder / "loss.json").write_text(json.dumps(float(loss)) + "\n")
        return 0
    trainer = Trainer(given, compiled=given.kind == "torch-compile")
    trainer.accumulate()
    print(f"ready torch {torch.__version__}", file=out, flush=True)
    worker.serve(trainer.step, given.threads, out, {"gradients": trainer.gradients})
    return 0


if __name__ == "__main__":
    sys.exit(main())
