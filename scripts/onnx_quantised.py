# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""onnx_to_index.py: operators that quantise by themselves (ONNX's QLinear…, ONNX Runtime's), as what they stand for: an
operator of f32 between DequantizeLinear and QuantizeLinear, which is how the rest of the converter knows them."""
import numpy as np
import onnx
from onnx import helper, numpy_helper

from onnx_graph import Unsupported

# By (domain, operator): the f32 operator, and how many tensors of bytes come first, each with its scale and zero point.
OPERATORS = {("", "QLinearConv"): ("Conv", 2), ("", "QLinearMatMul"): ("MatMul", 2),
             ("com.microsoft", "QLinearAdd"): ("Add", 2), ("com.microsoft", "QGemm"): ("Gemm", 2),
             ("com.microsoft", "QLinearGlobalAveragePool"): ("GlobalAveragePool", 1)}
CHANNEL_AXIS = {"Conv": 0, "MatMul": 1}  # of weights with several scales


def is_quantised(node):
    return (node.domain if node.domain != "ai.onnx" else "", node.op_type) in OPERATORS


class Expansion:
    """The nodes that one node becomes, and constants of theirs."""

    def __init__(self, node, constants):
        self.node, self.known = node, constants
        self.nodes, self.constants = [], []
        self.op, self.operands = OPERATORS[(node.domain if node.domain != "ai.onnx" else "", node.op_type)]
        self.keys = {a.name: helper.get_attribute_value(a) for a in node.attribute}

    def input(self, at):
        return self.node.input[at] if at < len(self.node.input) else ""

    def array(self, at, what):
        if self.input(at) not in self.known:
            raise Unsupported(f"{what} is not a constant")
        return self.known[self.input(at)]

    def constant(self, array, what):
        name = f"{self.node.output[0]}.{what}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, op, inputs, output, **keys):
        self.nodes.append(helper.make_node(op, inputs, [output], self.node.name, **keys))
        return output

    def channel_axis(self):
        if self.op == "Gemm":
            return 0 if self.keys.get("transB", 0) else 1
        return CHANNEL_AXIS.get(self.op, 0)

    def dequantised(self, operand):
        """Scale and zero point of one shape, as DequantizeLinear asks."""
        x, scale, zero_point = (self.input(3 * operand + i) for i in range(3))
        values = self.array(3 * operand + 1, "a scale")
        keys = {}
        if values.size > 1:
            keys["axis"] = self.channel_axis()
            if zero_point:
                points = self.array(3 * operand + 2, "a zero point")
                zero_point = self.constant(np.broadcast_to(points.reshape(-1), values.shape), f"zero_point{operand}")
        inputs = [x, scale] + ([zero_point] if zero_point else [])
        return self.add("DequantizeLinear", inputs, f"{self.node.output[0]}.real{operand}", **keys)

    def dequantised_bias(self, at):
        """In units of the products."""
        units = self.array(1, "a scale").reshape(-1) * self.array(4, "a scale").reshape(-1)
        units = (units * np.float32(self.keys.get("alpha", 1.0))).astype(np.float32)
        bias = self.array(at, "the bias")
        if bias.dtype != np.int32:
            raise Unsupported(f"a bias of {bias.dtype}")
        units = np.broadcast_to(units, bias.size)
        stored = self.constant(bias.reshape(-1), "bias")
        return self.add("DequantizeLinear", [stored, self.constant(units, "bias_scale")], f"{stored}.real", axis=0)

    def expand(self):
        if self.keys.pop("channels_last", 0):
            raise Unsupported("channels_last")
        y = self.node.output[0]
        inputs = [self.dequantised(i) for i in range(self.operands)]
        after = 3 * self.operands  # behind the operands
        bias, scale = (8, 6) if self.op == "Conv" else (6, 7) if self.op == "Gemm" else (None, after)
        if bias is not None and self.input(bias):
            inputs.append(self.dequantised_bias(bias))
        if not self.input(scale):  # QGemm without a scale of y gives f32
            self.add(self.op, inputs, y, **self.keys)
            return
        real = self.add(self.op, inputs, f"{y}.real", **self.keys)
        zero_point = [self.input(scale + 1)] if self.input(scale + 1) else []
        self.add("QuantizeLinear", [real, self.input(scale), *zero_point], y)


def expanded(model):
    """The model without such operators; and for every node of it (place, node) in the model it came from."""
    origins = list(enumerate(model.graph.node))
    if not any(is_quantised(node) for _, node in origins):
        return model, origins
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    result, nodes = onnx.ModelProto(), []
    result.CopyFrom(model)
    del result.graph.node[:]
    for at, node in origins:
        if not is_quantised(node):
            nodes.append((at, node))
            result.graph.node.append(node)
            continue
        expansion = Expansion(node, constants)
        try:
            expansion.expand()
        except Unsupported as problem:
            raise Unsupported(f"node {at} ({node.op_type} '{node.name}'): {problem}") from None
        result.graph.node.extend(expansion.nodes)
        result.graph.initializer.extend(expansion.constants)
        nodes += [(at, node)] * len(expansion.nodes)
    return result, nodes
