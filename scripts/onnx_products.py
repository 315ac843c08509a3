# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""onnx_to_index.py: convolutions and products of matrices, with what is fused into them."""
import math

import numpy as np
import onnx

from onnx_graph import Graph, Unsupported, Value, attributes, images_last

ACTIVATIONS = {"Relu": "RELU", "Sigmoid": "LOGISTIC", "Tanh": "TANH", "Gelu": "GELU"}


class Products(Graph):
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
            self.batch_matmul(node)
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

    def batch_matmul(self, node):
        """Of two activations; of integers where both and the output are."""
        turned, end = self.turned.get(node.input[1]), node.output[0]
        names = (node.input[0], turned or node.input[1])
        stored, quantised = [self.stored(name) for name in names], self.quantised_output(end)
        integers = None not in stored and quantised is not None
        x = stored if integers else [self.value(name) for name in names]
        if any(v.flat for v in x) or not len(x[1].shape) <= len(x[0].shape) <= 3:
            raise Unsupported("a product of activations other than of two or three dimensions, the right one's at most as many")
        shape = self.shape(end)
        if shape[:-1] != x[0].shape[:-1]:
            raise Unsupported(f"a product whose left operand is repeated: {x[0].shape} to {shape}")
        output = Value(end, shape)
        if integers:
            end = self.take(quantised[0])
            output = Value(end, shape, *quantised[1:])
        self.add("BATCH_MATMUL", x, output, end, {"transposed": True} if turned else {})

    def transpose(self, node):
        """Of the right operand of products alone, which take it as it lies."""
        name, perm = self.behind_pair(node.output[0], self.stored(node.input[0])), list(attributes(node).get("perm", []))
        users = [u.op_type == "MatMul" and name == u.input[1] != u.input[0] for u in self.users.get(name, [])]
        if perm not in ([1, 0], [0, 2, 1]) or not users or not all(users) or name in self.outputs:
            raise Unsupported("a transposition other than of the last two of at most three dimensions, for products' right "
                              "operands")
        self.turned[name] = node.input[0]

    def behind_pair(self, name, stored):
        """What comes out of a pair behind `name` that leaves its integers as they are; or `name`."""
        quantised = self.quantised_output(name)
        if stored is None or quantised is None or quantised[1:] != stored.quantisation():
            return name
        pair = self.next(quantised[0].output[0], "DequantizeLinear")
        if pair is None or self.quantisation(pair) != quantised[1:]:
            return name
        self.take(quantised[0])
        return self.take(pair)

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
