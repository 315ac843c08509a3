#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Writes answers.txt: what TensorFlow Lite's reference kernels make of single operators.

    pip install 'numpy<2' flatbuffers tflite-runtime==2.14.0
    pip install --no-deps ai-edge-litert        # for the classes of its files' schema alone
    ./answers.py operators 400 > answers.txt
    ./answers.py networks MODEL_FOLDER… > networks.txt

A line is an operator with random quantisations, or a network (of s8 or u8: folder/model.tflite); its input is a
generator's bytes from a seed, and last comes a hash of the output's bytes. answers.hpp has both a second time.
"""

import pathlib
import sys

import flatbuffers
import numpy as np
import tflite_runtime.interpreter as tflite
from ai_edge_litert import schema_py_generated as schema

TYPES = {"s8": (schema.TensorType.INT8, np.int8), "u8": (schema.TensorType.UINT8, np.uint8),
         "f32": (schema.TensorType.FLOAT32, np.float32), "s32": (schema.TensorType.INT32, np.int32)}
LOWEST = {"s8": -128, "u8": 0}
ACTIVATIONS = {"none": 0, "relu": schema.ActivationFunctionType.RELU, "relu6": schema.ActivationFunctionType.RELU6}
OPS = {"add": "Add", "average_pool": "Pool2D", "max_pool": "Pool2D", "mean": "Reducer", "softmax": "Softmax",
       "quantise": "Quantize", "dequantise": "Dequantize", "relu": None, "relu6": None}
CODES = {"average_pool": "AVERAGE_POOL_2D", "max_pool": "MAX_POOL_2D", "quantise": "QUANTIZE",
         "dequantise": "DEQUANTIZE"}


def numbers(seed, kind, shape):
    """32 bits of a linear congruential generator for every element: its upper 8, or 24 as a float in [-8, 8)."""
    values = np.empty(int(np.prod(shape)), np.uint32)
    state = seed
    for i in range(values.size):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values[i] = state
    if kind == "f32":
        return ((values >> 8).astype(np.float32) - np.float32(2**23)).reshape(shape) * np.float32(2**-20)
    return (values >> 24).astype(np.uint8).view(TYPES[kind][1]).reshape(shape)


def fnv(data):
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in data.tobytes():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def run(op, options, inputs, output, axes=None):
    """inputs: (type, array, quantisation); output: (type, shape, quantisation)."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers, graph.tensors = 3, [schema.BufferT()], []

    def add_tensor(kind, shape, quantisation, data=None):
        tensor, buffer = schema.TensorT(), schema.BufferT()
        tensor.name, tensor.type, tensor.shape = b"t%d" % len(graph.tensors), TYPES[kind][0], np.array(shape, np.int32)
        if data is not None:
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
        tensor.buffer = len(model.buffers)
        model.buffers.append(buffer)
        if quantisation is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.array([quantisation[0]], np.float32)
            tensor.quantization.zeroPoint = np.array([quantisation[1]], np.int64)
        graph.tensors.append(tensor)
        return len(graph.tensors) - 1

    ids = [add_tensor(kind, array.shape, quantisation) for kind, array, quantisation in inputs]
    constants = [] if axes is None else [add_tensor("s32", axes.shape, None, axes)]
    result = add_tensor(*output)
    code, step = schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, CODES.get(op, op.upper()))
    code.version, model.operatorCodes = 2, [code]
    step.inputs, step.outputs = np.array(ids + constants, np.int32), np.array([result], np.int32)
    if OPS[op] is not None:
        step.builtinOptionsType = getattr(schema.BuiltinOptions, OPS[op] + "Options")
        step.builtinOptions = options
    graph.operators, graph.inputs, graph.outputs = [step], np.array(ids, np.int32), np.array([result], np.int32)
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    interpreter = tflite.Interpreter(model_content=bytes(builder.Output()),
                                     experimental_op_resolver_type=tflite.OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    for details, (_, array, _) in zip(interpreter.get_input_details(), inputs):
        interpreter.set_tensor(details["index"], array)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def random_line(rng):
    op = str(rng.choice(list(OPS)))
    kind = str(rng.choice(["s8", "u8", "f32"]))
    if (op, kind) in {("softmax", "f32"), ("dequantise", "f32")}:  # libm's exp; nothing to do
        kind = "s8"
    activation, beta, out_kind, seed = "none", 1.0, kind, int(rng.integers(1, 2**31))

    def quantisation(of):
        if of == "f32":
            return None
        zero_point = int(rng.choice([LOWEST[of], LOWEST[of] + 255, 0, LOWEST[of] + rng.integers(0, 256)]))
        return np.float32(2.0 ** rng.uniform(-9, 3)), zero_point

    shape = [int(rng.integers(1, 4)), int(rng.integers(1, 9)), int(rng.integers(1, 9)), int(rng.integers(1, 20))]
    if op == "softmax":
        shape = [int(rng.integers(1, 4)), int(rng.choice([1, 2, 10, 100, 511]))]
    first = quantisation(kind)
    inputs = [(kind, numbers(seed, kind, shape), first)]
    out_shape, out, axes, window, pads = shape, quantisation(kind), None, [1, 1, 1, 1], [0, 0, 0, 0]
    options = getattr(schema, OPS[op] + "OptionsT")() if OPS[op] else None
    if op in ("add", "average_pool", "max_pool"):
        activation = str(rng.choice(list(ACTIVATIONS)))
        options.fusedActivationFunction = ACTIVATIONS[activation]
    if op in ("relu", "relu6"):
        activation = op
    if op == "add":
        inputs.append((kind, numbers(seed + 1, kind, shape), quantisation(kind)))
    if op in ("average_pool", "max_pool"):
        out = first
        window = [int(rng.integers(1, shape[1] + 1)), int(rng.integers(1, shape[2] + 1)),
                  int(rng.integers(1, 4)), int(rng.integers(1, 4))]
        options.filterHeight, options.filterWidth, options.strideH, options.strideW = window
        same = rng.random() < 0.5
        options.padding = schema.Padding.SAME if same else schema.Padding.VALID
        out_shape, pads = list(shape), []
        for i in (0, 1):
            size, length, stride = shape[1 + i], window[i], window[2 + i]
            out_shape[1 + i] = -(-size // stride) if same else (size - length) // stride + 1
            total = max(0, (out_shape[1 + i] - 1) * stride + length - size) if same else 0
            pads += [total // 2, total - total // 2]
    if op == "mean":
        axes, options.keepDims = np.array([1, 2], np.int32), True
        out_shape = [shape[0], 1, 1, shape[3]]
    if op == "softmax":
        beta = float(np.float32(rng.choice([1.0, rng.uniform(0.1, 3)])))
        options.beta, out = beta, (np.float32(1 / 256), LOWEST[kind])
    if op == "quantise":
        out_kind = str(rng.choice(["s8", "u8"]))
        out = quantisation(out_kind)
    if op == "dequantise":
        out_kind, out = "f32", None
    y = run(op, options, inputs, (out_kind, out_shape, out), axes)
    fields = [op, activation, len(inputs), seed, kind, len(shape), *shape]
    for q in [first, inputs[-1][2], out]:
        fields += [float(q[0]).hex(), q[1]] if q else ["0x0p+0", 0]
    fields += [out_kind, len(out_shape), *out_shape, *window, *pads, beta.hex(), "%016x" % fnv(y)]
    return " ".join(str(field) for field in fields)


def network_line(folder, seed):
    interpreter = tflite.Interpreter(model_path=str(folder / "model.tflite"),
                                     experimental_op_resolver_type=tflite.OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()[0]
    kind = {np.int8: "s8", np.uint8: "u8"}[details["dtype"]]
    interpreter.set_tensor(details["index"], numbers(seed, kind, details["shape"]))
    interpreter.invoke()
    return "%s %d %016x" % (folder.name, seed, fnv(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])))


def main():
    what, arguments = sys.argv[1], sys.argv[2:]
    if what == "operators":
        rng = np.random.default_rng(20)
        for _ in range(int(arguments[0])):
            print(random_line(rng))
    else:
        for folder in arguments:
            for seed in range(1, 6):
                print(network_line(pathlib.Path(folder), seed))


if __name__ == "__main__":
    main()
