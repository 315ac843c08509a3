# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""onnx_to_index.py: what each operator becomes."""
import numpy as np
import onnx

from onnx_graph import Unsupported, Value, attributes, images_last
from onnx_products import ACTIVATIONS, Products

ALIASES = {"Identity", "Dropout"}  # of inference: nothing happens
RESHAPES = {"Reshape", "Flatten", "Squeeze", "Unsqueeze"}


class Converter(Products):
    def batch_norm(self, node):
        factor, term = self.normalisation(node)
        x = self.value(node.input[0])
        if x.flat:
            raise Unsupported("normalisation of a flattened image")
        self.add("BATCH_NORM", [x], x.like(node.output[0]), node.output[0],
                 arrays={"factor": factor.astype(np.float32), "term": term.astype(np.float32)})

    def layer_norm(self, node):
        given, x = attributes(node), self.value(node.input[0])
        if given.get("axis", -1) not in (-1, len(x.shape) - 1) or len(x.shape) == 4 or x.flat:
            raise Unsupported("normalisation other than along the last dimension")
        gamma, beta = self.constant(node, 1, "gamma"), self.constant(node, 2, "beta")
        beta = np.zeros_like(gamma) if beta is None else beta
        self.add("LAYER_NORM", [x], x.like(node.output[0]), node.output[0],
                 {"epsilon": float(np.float32(given.get("epsilon", 1e-5)))}, arrays={"gamma": gamma, "beta": beta})

    def through(self, op, node, make, params=None, names=None, same=False, fused=False):
        """An operator without weights: of integers where its inputs and its output are. make(x): the output's shape.
        same: it keeps the quantisation."""
        names = names or node.input[:1]
        word, end = self.activation(node.output[0]) if fused else ("NONE", node.output[0])
        quantised = self.quantised_output(end)
        stored = [self.stored(name) for name in names]
        dtypes = {v.dtype for v in stored if v is not None}
        integers = None not in stored and quantised is not None and dtypes == {quantised[1]}
        if integers and same:
            integers = stored[0].quantisation() == quantised[1:]
        x = stored if integers else [self.value(name) for name in names]
        output = make(x[0], end)
        if integers:
            end = self.take(quantised[0])
            output = output.like(end, dtype=quantised[1], scale=quantised[2], zero_point=quantised[3])
        params = dict(params or {}, **({"activation": word} if fused else {}))
        self.add(op, x, output, end, params)

    def pool(self, node):
        given = attributes(node)
        sizes = given["kernel_shape"]
        if len(node.output) > 1 or given.get("storage_order", 0):
            raise Unsupported("the places of the largest")
        params = self.window(node, given, sizes, {"filter_h": sizes[0], "filter_w": sizes[1]})
        padded = any(params["pad_h"] + params["pad_w"])
        if node.op_type == "AveragePool" and given.get("count_include_pad", 0) and padded:
            raise Unsupported("count_include_pad")
        op = "MAX_POOL_2D" if node.op_type == "MaxPool" else "AVERAGE_POOL_2D"
        shape = images_last(self.shape(node.output[0]))
        self.through(op, node, lambda x, name: x.like(name, shape), params, same=True, fused=True)

    def mean(self, node):
        given = attributes(node)
        if node.op_type == "ReduceMean":
            axes = given.get("axes", self.constant(node, 1, "the axes"))
            if len(self.shape(node.input[0])) != 4 or sorted(int(a) % 4 for a in axes) != [2, 3]:
                raise Unsupported("a mean other than over rows and columns")
        shape = images_last(self.shape(node.output[0]))
        self.through("MEAN", node, lambda x, name: x.like(name, shape))

    def per_channel(self, node):
        """An activation's name and the constant that multiplies it or is added, one value per channel; else None."""
        names = [name for name in node.input if name not in self.constants]
        constants = [self.constants[name] for name in node.input if name in self.constants]
        if len(names) != 1 or len(constants) != 1:
            return None
        shape = self.shape(names[0])
        channel = 1 if len(shape) == 4 else len(shape) - 1
        along = [1] * channel + [shape[channel]] + [1] * (len(shape) - channel - 1)
        padded = [1] * (len(shape) - constants[0].ndim) + list(constants[0].shape)
        fits = padded in (along, [1] * len(shape)) and self.shape(node.output[0]) == shape
        return (names[0], np.broadcast_to(constants[0].reshape(-1), shape[channel])) if fits else None

    def scale_or_shift(self, node):
        """Multiplies by, or adds, one constant per channel."""
        found = self.per_channel(node)
        if found is None:
            raise Unsupported(f"{' and '.join(str(self.shape(n)) for n in node.input if n not in self.constants)}: "
                              "one activation and one constant per channel are supported")
        x, plus = self.value(found[0]), node.op_type != "Mul"
        if x.flat:
            raise Unsupported("a constant beside a flattened image")
        factor, term = (np.ones_like(found[1]), found[1]) if plus else (found[1], np.zeros_like(found[1]))
        self.add("BATCH_NORM", [x], x.like(node.output[0]), node.output[0], arrays={"factor": factor, "term": term})

    def add_values(self, node):
        if any(name in self.constants for name in node.input):
            self.scale_or_shift(node)
            return
        shapes = [self.shape(name) for name in node.input]
        if len(shapes) != 2 or shapes[0] != shapes[1]:
            raise Unsupported(f"an addition of {' and '.join(map(str, shapes))}: two activations of one shape are supported")
        flats = {(self.stored(n) or self.value(n)).flat for n in node.input}
        if len(flats) > 1:
            raise Unsupported("an addition of a flattened image and something else")
        self.through("ADD", node, lambda x, name: x.like(name), names=list(node.input), fused=True)

    def activate(self, node):
        if attributes(node).get("approximate", b"none") != b"none":
            raise Unsupported("an approximated Gelu")
        self.through(self.word(node), node, lambda x, name: x.like(name)) if node.op_type in ("Relu", "Clip") else \
            self.add(self.word(node), [self.value(node.input[0])], self.value(node.input[0]).like(node.output[0]),
                     node.output[0])

    def softmax(self, node):
        x = self.value(node.input[0])
        axis = attributes(node).get("axis", -1 if self.opset >= 13 else 1) % len(x.shape)
        if axis != len(x.shape) - 1 or len(x.shape) == 4 or x.flat:
            raise Unsupported("softmax other than along the last dimension")
        self.add("SOFTMAX", [x], x.like(node.output[0]), node.output[0])

    def reshape(self, node):
        before, after = self.shape(node.input[0]), self.shape(node.output[0])
        x = self.stored(node.input[0]) or self.value(node.input[0])
        flat = x.flat

        def same_in_both_orders(shape):
            return len(shape) != 4 or shape[1] == 1 or shape[2] * shape[3] == 1

        if len(before) == 4 and not same_in_both_orders(before):
            if after != [before[0], before[1] * before[2] * before[3]]:
                raise Unsupported(f"an image {before} as {after}: [batch, all the rest] is supported")
            flat = tuple(before[1:])
        elif (flat and after != before) or not same_in_both_orders(after):
            raise Unsupported(f"{before} as {after}: elements would lie in another order")
        self.through("RESHAPE", node, lambda v, name: v.like(name, images_last(after), flat=flat), same=True)

    def quantise(self, node):
        dtype, scale, zero_point = self.quantisation(node)
        x = self.stored(node.input[0]) or self.value(node.input[0])
        self.add("QUANTIZE", [x], x.like(node.output[0], dtype=dtype, scale=scale, zero_point=zero_point),
                 node.output[0])

    def dequantise(self, node):
        name = node.input[0]
        if name not in self.constants:
            if self.value(name).quantisation() != self.quantisation(node):
                raise Unsupported("a value that is dequantised otherwise than it was quantised")
            self.pending[node.output[0]] = self.value(name)
            return
        stored, scale = self.constants[name], self.constant(node, 1, "the scale")
        zero_point = self.constant(node, 2, "the zero point")
        zero_point = np.zeros(scale.shape, stored.dtype) if zero_point is None else zero_point
        axis = attributes(node).get("axis", 1)
        along = [1] * stored.ndim
        if scale.size > 1:
            along[axis] = -1
        offset = stored.astype(np.int64) - zero_point.astype(np.int64).reshape(along if scale.size > 1 else ())
        real = offset.astype(np.float32) * scale.reshape(along if scale.size > 1 else ())
        self.constants[node.output[0]] = real
        if str(stored.dtype) in ("int8", "uint8", "int32"):
            self.packed[node.output[0]] = (stored, scale, zero_point, axis)

    def convert_node(self, node):
        if node.domain not in ("", "ai.onnx"):
            raise Unsupported(f"operators of {node.domain}")
        source = node.input[0] if node.input else None
        if node.op_type == "Shape":
            node = onnx.helper.make_node("Shape", ["x"], node.output, **attributes(node))
            self.evaluate(node, {"x": np.empty(self.shape(source), np.bool_)})
        elif node.op_type != "DequantizeLinear" and all(not i or i in self.constants for i in node.input):
            self.evaluate(node, {i: self.constants[i] for i in node.input if i})
        elif node.op_type in ALIASES:
            for table in (self.constants, self.packed, self.values, self.pending):
                if source in table:
                    table[node.output[0]] = table[source]
        elif node.op_type in OPERATORS:
            OPERATORS[node.op_type](self, node)
        else:
            raise Unsupported("the operator is not supported")

    def convert(self, name):
        inputs = []
        for graph_input in self.graph.input:
            if graph_input.name in self.constants:
                continue
            if graph_input.type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
                raise Unsupported(f"the input '{graph_input.name}' is not of f32")
            inputs.append(Value(graph_input.name, images_last(self.shape(graph_input.name))))
            self.values[graph_input.name] = inputs[-1]
        for node, (at, origin) in zip(self.nodes, self.origins):
            if id(node) in self.done:
                continue
            try:
                self.convert_node(node)
            except Unsupported as problem:
                raise Unsupported(f"node {at} ({origin.op_type} '{origin.name}'): {problem}") from None
        outputs = [self.value(v.name) for v in self.graph.output]
        for value in outputs:
            if value.flat:
                raise Unsupported(f"the output '{value.name}' is a flattened image, whose elements would lie otherwise")
        quantised = any(value.scale is not None for value in self.values.values())
        return {"format": "npy-model-index/1", "name": name, "inputs": [self.describe(v) for v in inputs],
                "outputs": [self.describe(v) for v in outputs],
                # As ONNX Runtime's products of integers do.
                **({"rounding": "fp32-nearest-even"} if quantised else {}), "steps": self.steps}


OPERATORS = {"Conv": Converter.convolution, "Gemm": Converter.gemm, "MatMul": Converter.matmul,
             "Add": Converter.add_values, "Sum": Converter.add_values, "Mul": Converter.scale_or_shift,
             "MaxPool": Converter.pool, "AveragePool": Converter.pool,
             "GlobalAveragePool": Converter.mean, "ReduceMean": Converter.mean,
             "BatchNormalization": Converter.batch_norm, "LayerNormalization": Converter.layer_norm,
             "Softmax": Converter.softmax, "QuantizeLinear": Converter.quantise,
             "DequantizeLinear": Converter.dequantise, "Clip": Converter.activate,
             "Transpose": Converter.transpose, **{op: Converter.activate for op in ACTIVATIONS},
             **{op: Converter.reshape for op in RESHAPES}}
