# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""A small convolutional network, its training, also under masks, and its way to and from septet_index."""
import copy
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from septet_index import Layer


class Rows(nn.Module):
    """Of images one row each, in the order that `septet` has: rows, columns, channels."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def network(side, width, seed):
    """Three convolutions of width, 2 width and 4 width channels and a fully connected layer. The first one reads 8 x 8
    images with a stride of 2, larger ones in patches of 4 x 4."""
    torch.manual_seed(seed)
    stem = nn.Conv2d(1, width, 3, stride=2, padding=1) if side <= 8 else nn.Conv2d(1, width, 4, stride=4)
    small = (side + 1) // 2 if side <= 8 else side // 4
    inputs = 4 * width * ((small + 1) // 2) ** 2
    return nn.Sequential(stem, nn.ReLU(), nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(),
                         nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1), nn.ReLU(), Rows(), nn.Linear(inputs, 10))


def weighted(model):
    return [module for module in model if isinstance(module, (nn.Conv2d, nn.Linear))]


def tensors(images, labels, levels):
    return torch.tensor(images[:, None] / np.float32(levels)), torch.tensor(labels)


def shaken(x, generator):
    """Each image turned by up to 10 degrees, scaled by up to 10 %, moved by up to 6 % of its side."""
    change = lambda most: (2 * torch.rand(len(x), generator=generator) - 1) * most
    angle, scale = change(math.pi / 18), 1 + change(0.1)
    cos, sin = scale * torch.cos(angle), scale * torch.sin(angle)
    rows = torch.stack([torch.stack([cos, -sin, change(0.12)], 1), torch.stack([sin, cos, change(0.12)], 1)], 1)
    return F.grid_sample(x, F.affine_grid(rows, x.shape, align_corners=False), align_corners=False)


def loss_of(model, x, y, teacher):
    """Cross-entropy; with a teacher half of it, and half that of its answers, softened (Hinton, Vinyals, Dean,
    "Distilling the Knowledge in a Neural Network", 2015, section 2)."""
    answers = model(x)
    loss = F.cross_entropy(answers, y)
    if teacher is None:
        return loss
    temperature = 2
    with torch.no_grad():
        soft = F.log_softmax(teacher(x) / temperature, 1)
    mine = F.log_softmax(answers / temperature, 1)
    return 0.5 * loss + 0.5 * temperature**2 * F.kl_div(mine, soft, reduction="batchmean", log_target=True)


def train(model, data, epochs, seed, teacher=None, masks=None, batch=64, rate=3e-3):
    """With Adam and a rate that falls to 0 along a cosine. masks: a tensor for each layer's weights, 0 where they stay 0."""
    x, y = data
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-4, fused=True)
    steps = epochs * math.ceil(len(x) / batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 0.5 + 0.5 * math.cos(math.pi * step / steps))
    for _ in range(epochs):
        for part in torch.randperm(len(x), generator=generator).split(batch):
            optimiser.zero_grad()
            loss_of(model, shaken(x[part], generator), y[part], teacher).backward()
            optimiser.step()
            schedule.step()
            apply(model, masks)
    return model


def apply(model, masks):
    with torch.no_grad():
        for module, mask in zip(weighted(model), masks or []):
            module.weight.mul_(mask)


def accuracy(model, data):
    """In per cent."""
    with torch.no_grad():
        return 100 * (model(data[0]).argmax(1) == data[1]).double().mean().item()


def ranges(model, x):
    """(least, greatest) of x and of every layer's output, behind its activation."""
    found = [(x.min().item(), x.max().item())]
    with torch.no_grad():
        for module, after in zip(model, [*model[1:], None]):
            x = module(x)
            if isinstance(module, nn.ReLU) or after is None:
                found.append((x.min().item(), x.max().item()))
    return found


def to_layers(model):
    """Channels last, as septet_index has them."""
    layers = []
    for i, module in enumerate(weighted(model), 1):
        weight, bias = module.weight.detach(), module.bias.detach().numpy()
        if isinstance(module, nn.Conv2d):
            layers.append(Layer(f"conv{i}", weight.permute(0, 2, 3, 1).numpy(), bias, module.stride[0], module.padding[0]))
        else:
            layers.append(Layer("fc", weight.numpy(), bias, relu=False))
    return layers


def channels_first(array):
    return torch.tensor(array.transpose(0, 3, 1, 2) if array.ndim == 4 else array)


def from_layers(model, values, masks):
    """A copy of the model with these weights and biases; its masks."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        for module, (weight, bias) in zip(weighted(model), values):
            module.weight.copy_(channels_first(weight))
            module.bias.copy_(torch.tensor(bias))
    return model, [channels_first(mask).float() for mask in masks]
