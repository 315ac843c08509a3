# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""onnx_to_index.py: the ONNX model on one side, our index on the other."""
import numpy as np
import onnx
from onnx import numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator


class Unsupported(Exception):
    """What of the model has no counterpart, and why."""


class Value:
    """An activation, as the index has it. `flat`: (channels, rows, columns) of an image that was flattened; its elements
    lie in our order, not in ONNX's."""

    def __init__(self, name, shape, dtype="float32", scale=None, zero_point=0, flat=None):
        self.name, self.shape, self.dtype, self.scale, self.zero_point = name, list(shape), dtype, scale, zero_point
        self.flat, self.number = flat, None

    def like(self, name, shape=None, **changes):
        result = Value(name, shape or self.shape, self.dtype, self.scale, self.zero_point, self.flat)
        for key, value in changes.items():
            setattr(result, key, value)
        return result

    def quantisation(self):
        return (self.dtype, self.scale, self.zero_point)


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def images_last(shape):
    """[batch, channels, rows, columns] to ours; other shapes as they are."""
    return [shape[0], shape[2], shape[3], shape[1]] if len(shape) == 4 else list(shape)


class Graph:
    """An ONNX graph, and the steps, values and files that become of it."""

    def __init__(self, model, origins=None):
        """origins: of each node (place, node) in the model as it was given."""
        self.origins = origins or list(enumerate(model.graph.node))
        model = shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        self.graph = model.graph
        self.opset = max(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        self.constants = {t.name: numpy_helper.to_array(t) for t in self.graph.initializer}
        self.packed = {}  # constants that DequantizeLinear made: (stored, scale, zero point, axis)
        self.values, self.pending = {}, {}  # by ONNX's names; pending: dequantised, if somebody needs it
        self.turned = {}  # what was transposed, by the name of the result
        self.shapes = {v.name: v.type.tensor_type.shape for v in
                       list(self.graph.value_info) + list(self.graph.input) + list(self.graph.output)}
        self.outputs = {v.name for v in self.graph.output}
        self.nodes, self.users = list(self.graph.node), {}
        for node in self.nodes:
            for name in node.input:
                self.users.setdefault(name, []).append(node)
        self.done, self.steps, self.files, self.numbers = set(), [], {}, 0

    # ONNX's side

    def shape(self, name):
        if name not in self.shapes:
            raise Unsupported(f"the shape of '{name}' cannot be inferred")
        dims = self.shapes[name].dim
        if not all(d.HasField("dim_value") for d in dims):
            raise Unsupported(f"the shape of '{name}' is not fixed: {[d.dim_value or d.dim_param for d in dims]}")
        return [d.dim_value for d in dims]

    def constant(self, node, at, what):
        if len(node.input) <= at or not node.input[at]:
            return None
        if node.input[at] not in self.constants:
            raise Unsupported(f"{what} is not a constant")
        return self.constants[node.input[at]]

    def next(self, name, *types):
        """The only user of a value that the network does not put out, if it is one of these."""
        users = self.users.get(name, [])
        return users[0] if len(users) == 1 and name not in self.outputs and users[0].op_type in types else None

    def take(self, node):
        self.done.add(id(node))
        return node.output[0]

    def evaluate(self, node, inputs):
        """What only constants go into is one."""
        model = onnx.helper.make_model(onnx.helper.make_graph(
            [node], "constant", [onnx.helper.make_tensor_value_info(
                i, onnx.helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for i, a in inputs.items()],
            [onnx.ValueInfoProto(name=o) for o in node.output]), opset_imports=[onnx.helper.make_opsetid("", self.opset)])
        self.constants.update(zip(node.output, ReferenceEvaluator(model).run(None, inputs)))

    # Ours

    def number(self):
        self.numbers += 1
        return self.numbers - 1

    def value(self, name):
        """A value as it is; of a dequantised one the f32, for which there now is a step."""
        if name in self.pending and name not in self.values:
            stored = self.pending[name]
            real = stored.like(name, dtype="float32", scale=None, zero_point=0)
            self.add("DEQUANTIZE", [stored], real, name)
        if name not in self.values:
            raise Unsupported(f"'{name}' is no activation")
        return self.values[name]

    def describe(self, value):
        if value.number is None:
            value.number = self.number()
        json_value = {"id": value.number, "name": value.name, "shape": value.shape, "dtype": value.dtype}
        if value.scale is not None:
            json_value.update(scale=float(value.scale), zero_point=int(value.zero_point))
        return json_value

    def add(self, op, inputs, output, name, params=None, constants=(), arrays=None, **keys):
        """A step. constants: (kind, array, further keys) that are inputs, too; arrays: those that are not."""
        layer = f"S{len(self.steps):02}_{output.name}"
        step = {"op": op, "layer": layer, "params": params or {}, "inputs": [self.describe(v) for v in inputs]}
        files = dict(arrays or {})
        for kind, array, more in constants:
            step["inputs"].append({"id": self.number(), "name": f"{layer}.{kind}", "shape": list(array.shape),
                                   "dtype": str(array.dtype), **more})
            files[kind] = array
        step["outputs"] = [self.describe(output)]
        for kind, array in files.items():
            file = f"S{len(self.steps):02}_{kind}.npy"
            self.files[file] = np.ascontiguousarray(array)
            step.setdefault("files", {})[kind] = file
        step.update(keys)
        self.steps.append(step)
        self.values[name] = output
