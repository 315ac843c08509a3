# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""A network of resnet50.py as ONNX models: f32, and of integers in ONNX's two ways."""
import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 17
LAYOUT = {"conv": "Conv", "max_pool": "MaxPool", "mean": "GlobalAveragePool", "add": "Add", "fc": "Gemm"}


def attributes(node):
    if node.op == "conv":
        size = list(node.weight[2:])
        return {"kernel_shape": size, "strides": [node.stride] * 2, "pads": [node.pad] * 4}
    if node.op == "max_pool":
        return {"kernel_shape": [3, 3], "strides": [node.stride] * 2, "pads": [node.pad] * 4}
    return {"transB": 1} if node.op == "fc" else {}


class Builder:
    """Nodes and constants of an ONNX graph."""

    def __init__(self):
        self.nodes, self.constants = [], {}

    def constant(self, name, array):
        self.constants[name] = numpy_helper.from_array(np.array(array, order="C"), name)
        return name

    def add(self, op, inputs, output, domain="", **given):
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, domain=domain, **given))
        return output

    def model(self, name, image, classes, more_outputs=()):
        def info(value, shape):
            return helper.make_tensor_value_info(value, onnx.TensorProto.FLOAT, shape)

        outputs = [info("logits", [image[0], classes])] + [info(value, None) for value in more_outputs]
        made = helper.make_graph(self.nodes, name, [info("image", image)], outputs, list(self.constants.values()))
        sets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(made, opset_imports=sets, producer_name="septet bench/networks")
        model.ir_version = 9
        return model


def float_model(nodes, weights, image, every_value=False):
    """f32. `every_value`: all activations are outputs, too."""
    build = Builder()
    for node in nodes:
        inputs = list(node.inputs)
        if node.op == "fc":
            inputs = [build.add("Flatten", inputs, "flat")]
        if node.weight:
            weight, bias = weights[node.output]
            inputs += [build.constant(f"{node.output}.weight", weight), build.constant(f"{node.output}.bias", bias)]
        sums = f"{node.output}.sums" if node.relu else node.output
        build.add(LAYOUT[node.op], inputs, sums, **attributes(node))
        if node.relu:
            build.add("Relu", [sums], node.output)
    values = [node.output for node in nodes if node.output != "logits"] if every_value else []
    return build.model("resnet50", image, nodes[-1].weight[0], values)


def pairs_model(nodes, integers, image):
    """Quantised activations between QuantizeLinear and DequantizeLinear (QDQ), for a runtime to fuse."""
    build = Builder()

    def quantised(value, source):
        """`source`, f32, as integers that stand for `value`, and again as f32."""
        scale = build.constant(f"{value}.scale", np.float32(integers.scale[value]))
        zero = build.constant(f"{value}.zero_point", np.uint8(integers.zero_point[value]))
        build.add("QuantizeLinear", [source, scale, zero], f"{value}.stored")
        return build.add("DequantizeLinear", [f"{value}.stored", scale, zero], f"{value}.real")

    def constant(name, stored, scale):
        given = [build.constant(name, stored), build.constant(f"{name}.scale", scale),
                 build.constant(f"{name}.zero_point", np.zeros(scale.shape, stored.dtype))]
        return build.add("DequantizeLinear", given, f"{name}.real", axis=0)

    real = {"image": quantised("image", "image")}
    for node in nodes:
        inputs = [real[source] for source in node.inputs]
        if node.op == "fc":
            flat = build.add("Flatten", inputs, "flat")
            inputs = [quantised_like(build, integers, node.inputs[0], flat)]
        if node.weight:
            weight, bias, scale = integers.weights[node.output]
            inputs += [constant(f"{node.output}.weight", weight, scale),
                       constant(f"{node.output}.bias", bias, integers.sums_scale(node))]
        sums = f"{node.output}.sums"
        build.add(LAYOUT[node.op], inputs, sums, **attributes(node))
        end = build.add("Relu", [sums], f"{node.output}.relu") if node.relu else sums
        if node.op == "fc":
            quantised("logits", end)
            build.nodes[-1].output[0] = "logits"
        else:
            real[node.output] = quantised(node.output, end)
    return build.model("resnet50_integers", image, nodes[-1].weight[0])


def quantised_like(build, integers, value, source):
    """`source`, the elements of `value` in another shape."""
    given = [f"{value}.scale", f"{value}.zero_point"]
    build.add("QuantizeLinear", [source] + given, f"{source}.stored")
    return build.add("DequantizeLinear", [f"{source}.stored"] + given, f"{source}.real")


def operators_model(nodes, integers, image):
    """Operators on integers (QLinearConv and ONNX Runtime's own): the fused form, written down."""
    build = Builder()

    def quantisation(value):
        return [build.constant(f"{value}.scale", np.float32(integers.scale[value])),
                build.constant(f"{value}.zero_point", np.uint8(integers.zero_point[value]))]

    def stored(value):
        return [f"{value}.stored"] + quantisation(value)

    build.add("QuantizeLinear", ["image"] + quantisation("image"), "image.stored")
    for node in nodes:
        out, own = f"{node.output}.stored", {"domain": "com.microsoft"}
        if node.weight:
            weight, bias, scale = integers.weights[node.output]
            name = f"{node.output}.weight"
            given = [build.constant(name, weight), build.constant(f"{name}.scale", scale),
                     build.constant(f"{name}.zero_point", np.zeros(scale.shape, np.int8))]
            given_bias = [build.constant(f"{node.output}.bias", bias)]
        if node.op == "conv":
            build.add("QLinearConv", stored(node.inputs[0]) + given + quantisation(node.output) + given_bias, out,
                      **attributes(node))
        elif node.op == "fc":
            flat = build.add("Flatten", [f"{node.inputs[0]}.stored"], "flat")
            given = stored(node.inputs[0])[1:] + given + given_bias
            build.add("QGemm", [flat] + given + quantisation(node.output), out, transB=1, **own)
        elif node.op == "add":
            given = stored(node.inputs[0]) + stored(node.inputs[1])
            build.add("QLinearAdd", given + quantisation(node.output), out, **own)
        elif node.op == "mean":
            build.add("QLinearGlobalAveragePool", stored(node.inputs[0]) + quantisation(node.output), out,
                      channels_last=0, **own)
        else:
            build.add("MaxPool", [f"{node.inputs[0]}.stored"], out, **attributes(node))
    build.add("DequantizeLinear", stored("logits"), "logits")
    return build.model("resnet50_integers", image, nodes[-1].weight[0])
