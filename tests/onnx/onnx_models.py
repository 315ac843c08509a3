# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""What the tests of the converter share: ONNX models as they grow, and how they are converted. The scripts' arguments are
SEPTET FOLDER."""
import pathlib
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CONVERTER = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "onnx_to_index.py"
SEPTET, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
SEED = 8
random = np.random.default_rng(SEED)


def eighths(*shape, most=16):
    """Multiples of 1/8: a few hundred products of them add up exactly in f32."""
    return (random.integers(-most, most + 1, shape) / 8).astype(np.float32)


class Model:
    """A graph as it grows: every call of node() returns the name of what it puts out."""

    def __init__(self, name, *shape, opset=21):
        self.name, self.shape, self.opset = name, shape, opset
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, array):
        self.count += 1
        self.constants.append(numpy_helper.from_array(np.asarray(array), f"c{self.count}"))
        return f"c{self.count}"

    def node(self, op, *inputs, domain="", **attributes):
        self.count += 1
        names = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        self.nodes.append(helper.make_node(op, names, [f"v{self.count}"], f"n{self.count}", domain=domain, **attributes))
        return f"v{self.count}"

    def pair(self, v, scale, zero_point):
        """Quantised and dequantised again; the zero point is of the type."""
        v = self.node("QuantizeLinear", v, np.float32(scale), zero_point)
        return self.node("DequantizeLinear", v, np.float32(scale), zero_point)

    def save(self, output, batch=None, shape=None):
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, batch or self.shape)
        y = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, self.name, [x], [y], self.constants)
        domains = {n.domain for n in self.nodes} | {""}
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid(d, self.opset if d == "" else 1)
                                                        for d in sorted(domains)])
        model = onnx.shape_inference.infer_shapes(model)
        if not model.graph.output[0].type.tensor_type.HasField("shape"):
            model.graph.output[0].CopyFrom(helper.make_tensor_value_info(output, TensorProto.FLOAT, shape or self.shape))
        path = FOLDER / f"{self.name}.onnx"
        onnx.save(model, path)
        return path


def convert(path):
    return subprocess.run([sys.executable, "-B", CONVERTER, path, FOLDER / path.stem], capture_output=True, text=True)


def ours_last(array):
    return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array
