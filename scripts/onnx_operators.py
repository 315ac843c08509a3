# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""onnx_to_index.py: what each operator becomes."""
import math

import numpy as np
import onnx

from onnx_graph import Graph, Unsupported, Value, attributes, images_last

ALIASES = {"Identity", "Dropout"}  # of inference: nothing happens
RESHAPES = {"Reshape", "Flatten", "Squeeze", "Unsqueeze"}
ACTIVATIONS = {"Relu": "RELU", "Sigmoid": "LOGISTIC", "Tanh": "TANH", "Gelu": "GELU"}


class Converter(Graph):
    def activation(self, name):
        """What is fused behind `name`: its word, and the name of what comes out."""
        node = self.next(name, "Relu", "Clip")
        if node is None:
            return "NONE", name
        word = self.word(node)
        return (word, self.take(node)) if word in ("RELU", "RELU6") else ("NONE", name)

    def word(self, node):
        if node.op_type != "Clip":
            return ACTIVATIONS[node.op_type]
        given = attributes(node)
        low, high = (given.get(key, self.constant(node, at, key)) for at, key in ((1, "min"), (2, "max")))
        if low is None or float(low) != 0 or (high is not None and float(high) not in (6, math.inf)):
            raise Unsupported(f"Clip to [{low}, {high}]: 0 and 6 or no bound are supported")
        return "RELU6" if high is not None and float(high) == 6 else "RELU"

    def stored(self, name):
        """The integers behind a dequantised value, or None."""
        return self.pending.get(name)

    def quantised_output(self, name):
        """Where a value is only quantised: that quantisation and the name of the result."""
        node = self.next(name, "QuantizeLinear")
        return None if node is None else (node, *self.quantisation(node))

    def quantisation(self, node):
        scale = self.constant(node, 1, "the scale")
        zero_point = self.constant(node, 2, "the zero point")
        zero_point = np.uint8(0) if zero_point is None else zero_point
        if scale.size != 1 or scale.dtype != np.float32:
            raise Unsupported("activations with more than one scale, or one that is not f32")
        if str(zero_point.dtype) not in ("int8", "uint8"):
            raise Unsupported(f"activations of {zero_point.dtype}")
        return str(zero_point.dtype), float(scale.reshape(())), int(zero_point.reshape(()))

    def window(self, node, given, sizes, extra):
        if len(sizes) != 2:
            raise Unsupported(f"a window of {len(sizes)} dimensions")
        strides, dilations = given.get("strides", [1, 1]), given.get("dilations", [1, 1])
        pads = list(given.get("pads", [0] * 4))
        rule = given.get("auto_pad", b"NOTSET").decode()
        if rule in ("SAME_UPPER", "SAME_LOWER"):
            for i, size in enumerate(self.shape(node.input[0])[2:]):
                total = max((-(-size // strides[i]) - 1) * strides[i] + dilations[i] * (sizes[i] - 1) + 1 - size, 0)
                less, more = total // 2, total - total // 2
                pads[i], pads[i + 2] = (less, more) if rule == "SAME_UPPER" else (more, less)
        elif given.get("ceil_mode", 0):
            raise Unsupported("ceil_mode")
        return {"padding": "EXPLICIT", "stride_h": strides[0], "stride_w": strides[1], "pad_h": [pads[0], pads[2]],
                "pad_w": [pads[1], pads[3]], "dilation_h": dilations[0], "dilation_w": dilations[1], **extra}

    def linear(self, op, node, arrange, axis, bias, params, fold=None, gain=1.0, integer=True, **keys):
        """A product with constant weights, of integers where its input, weights and output are and `integer` does not
        exclude it. `arrange` brings weights into our order, outputs first, from their `axis`; `fold` changes f32
        weights and bias."""
        x, weight_name = node.input[0], node.input[1]
        name = node.output[0]
        word, end = "NONE", name
        if fold is None:
            word, end = self.activation(name)
        quantised = self.quantised_output(end)
        x_stored = self.stored(x)
        packed = self.packed.get(weight_name)
        integers = x_stored is not None and packed is not None and packed[0].dtype != np.int32 and \
            quantised is not None and fold is None and integer
        if not integers:
            weight = arrange(self.constants[weight_name]).astype(np.float32) * np.float32(gain)
            if fold is not None:
                name, weight, bias = fold(weight, bias)
                word, end = self.activation(name)
            constants = [("weight", weight, {})] + ([] if bias is None else [("bias", bias.astype(np.float32), {})])
            source = self.value(x)
            output = Value(end, images_last(self.shape(end)))
            self.add(op, [source], output, end, {**params, "activation": word}, constants, **keys)
            return
        q_node, dtype, scale, zero_point = quantised
        stored, w_scale, w_zero, w_axis = packed
        if np.unique(w_zero).size != 1:
            raise Unsupported("weights with zero points that differ")
        weight = arrange(stored)
        outputs = weight.shape[0]
        w_scale = np.broadcast_to(w_scale.reshape(-1), outputs) if w_scale.size == 1 else w_scale.reshape(-1)
        if w_scale.size != outputs or (packed[1].size > 1 and w_axis % stored.ndim != axis):
            raise Unsupported("weights with scales along another dimension than their outputs")
        constants = [("weight", weight, {"scale": "per-channel", "zero_point": int(w_zero.reshape(-1)[0])})]
        if bias is not None:
            constants.append(("bias", self.integer_bias(node, bias, x_stored.scale * w_scale.astype(np.float64)), {}))
        end = self.take(q_node)
        output = Value(end, images_last(self.shape(end)), dtype, scale, zero_point)
        self.add(op, [x_stored], output, end, {**params, "activation": word}, constants,
                 {"weight_scale": w_scale.astype(np.float32)}, **keys)

    def integer_bias(self, node, bias, units):
        """In units of the products: as the model has it, or rounded."""
        stored, scale, _, _ = self.packed.get(node.input[2], (None,) * 4) if len(node.input) > 2 else (None,) * 4
        if stored is not None and stored.dtype == np.int32 and np.allclose(scale, units, rtol=1e-6, atol=0):
            return stored
        return np.clip(np.rint(bias / units), -2**31, 2**31 - 1).astype(np.int32)

    def convolution(self, node):
        given = attributes(node)
        weight = self.constant(node, 1, "the weights")
        if weight is None or weight.ndim != 4:
            raise Unsupported("a convolution of other than two dimensions")
        bias = self.constant(node, 2, "the bias")
        params = self.window(node, given, weight.shape[2:], {})
        norm = self.next(node.output[0], "BatchNormalization")
        self.linear("CONV_2D", node, lambda w: w.transpose(0, 2, 3, 1), 0, bias, params,
                    fold=None if norm is None else self.folded(norm), groups=given.get("group", 1))

    def folded(self, norm):
        """A normalisation as what it makes of the weights and bias in front of it."""
        factor, term = self.normalisation(norm)

        def fold(weight, bias):
            shifted = term if bias is None else factor * bias + term
            return self.take(norm), weight * factor.reshape(-1, 1, 1, 1).astype(np.float32), shifted
        return fold

    def in_our_order(self, x, weight):
        """Columns of [outputs, inputs] as a flattened image lies with us."""
        flat = (self.stored(x) or self.values.get(x)).flat
        if flat is None:
            return weight
        channels, rows, columns = flat
        return weight.reshape(-1, channels, rows, columns).transpose(0, 2, 3, 1).reshape(weight.shape)

    def gemm(self, node):
        given = attributes(node)
        if given.get("transA", 0):
            raise Unsupported("transA")
        weight = self.constant(node, 1, "the right operand")
        bias = self.constant(node, 2, "the bias")
        outputs = weight.shape[0 if given.get("transB", 0) else 1]
        if bias is not None:
            if bias.size not in (1, outputs) or (bias.ndim > 1 and bias.shape[-1] != bias.size):
                raise Unsupported(f"a bias of shape {list(bias.shape)}")
            bias = np.broadcast_to(bias.reshape(-1), outputs) * np.float32(given.get("beta", 1.0))
        transposed, gain, share = given.get("transB", 0), given.get("alpha", 1.0), given.get("beta", 1.0)
        self.linear("FULLY_CONNECTED", node, lambda w: self.in_our_order(node.input[0], w if transposed else w.T),
                    0 if transposed else 1, bias, {}, gain=gain, integer=gain == share == 1)

    def matmul(self, node):
        weight = self.constants.get(node.input[1])
        if weight is None:
            turned = self.turned.get(node.input[1])
            x = [self.value(name) for name in (node.input[0], turned or node.input[1])]
            if any(v.flat for v in x) or len(x[0].shape) != len(x[1].shape) or len(x[0].shape) > 3:
                raise Unsupported("a product of activations other than of two or three equal dimensions")
            self.add("BATCH_MATMUL", x, Value(node.output[0], self.shape(node.output[0])), node.output[0],
                     {"transposed": True} if turned else {})
            return
        if weight.ndim != 2 or len(self.shape(node.input[0])) not in (2, 3):
            raise Unsupported(f"a product of {self.shape(node.input[0])} and {list(weight.shape)}")
        bias, plus = None, self.next(node.output[0], "Add")
        if plus is not None:
            other = [n for n in plus.input if n != node.output[0]]
            bias = self.constants.get(other[0]) if other else None
            fits = bias is not None and bias.size == weight.shape[1] and bias.shape[-1] == bias.size
            bias, node = (bias.reshape(-1), self.behind(plus, node)) if fits else (None, node)
        self.linear("FULLY_CONNECTED", node, lambda w: self.in_our_order(node.input[0], w.T), 1, bias, {})

    def transpose(self, node):
        """Of the right operand of products alone, which take it as it lies."""
        name, perm = node.output[0], list(attributes(node).get("perm", []))
        users = [u.op_type == "MatMul" and name == u.input[1] != u.input[0] for u in self.users.get(name, [])]
        if perm not in ([1, 0], [0, 2, 1]) or not users or not all(users) or name in self.outputs:
            raise Unsupported("a transposition other than of the last two of at most three dimensions, for products' right "
                              "operands")
        self.turned[name] = node.input[0]

    def behind(self, plus, product):
        """A product whose output is that of the addition behind it."""
        self.take(plus)
        merged = onnx.NodeProto()
        merged.CopyFrom(product)
        merged.output[0] = plus.output[0]
        return merged

    def normalisation(self, node):
        """y = x * factor + term, in f64."""
        if attributes(node).get("training_mode", 0):
            raise Unsupported("training_mode")
        gamma, beta, mean, variance = (self.constant(node, at, "a parameter").astype(np.float64) for at in range(1, 5))
        factor = gamma / np.sqrt(variance + attributes(node).get("epsilon", 1e-5))
        return factor, beta - mean * factor

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
             "Transpose": Converter.transpose, **{op: Converter.activate for op in ACTIVATIONS}, **{op: Converter.reshape for op in RESHAPES}}
