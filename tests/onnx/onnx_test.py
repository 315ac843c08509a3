# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""onnx_test.py SEPTET FOLDER: small ONNX models through scripts/onnx_to_index.py and `septet network`, against the
reference evaluator of the package onnx. Numbers are chosen so that every order of additions is exact: the results are
equal, but for softmax and its like."""
import subprocess

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from onnx_models import FOLDER, SEED, SEPTET, Model, convert, eighths, ours_last, random

NO_NODE = "no node is to blame"


def check(path, x, tolerance=0.0, executors=("cpu", "array")):
    """The same numbers from ONNX's evaluator, and from Septet on the CPU and on the array."""
    expected = ours_last(ReferenceEvaluator(onnx.load(path)).run(None, {"x": x})[0])
    assert np.unique(expected).size > expected.size / 3, f"{path.stem}: too many equal numbers to tell anything"
    done = convert(path)
    assert done.returncode == 0, (path, done.stderr)
    np.save(FOLDER / "x.npy", np.ascontiguousarray(ours_last(x)))
    for executor in executors:
        subprocess.run([SEPTET, "network", FOLDER / path.stem, "--input", FOLDER / "x.npy", "-o", FOLDER / "y.npy",
                        "--executor", executor, "--array", "8x8"], check=True, capture_output=True)
        y = np.load(FOLDER / "y.npy").reshape(expected.shape)
        worst = np.abs(y.astype(np.float64) - expected).max()
        bound = tolerance * np.abs(expected).max()
        assert worst <= bound, f"{path.stem} on {executor}, seed {SEED}: {worst} from ONNX, more than {bound}"
    print(f"{path.stem}: {expected.size} elements, within {tolerance}")


def convolutions():
    model = Model("convolutions", 1, 3, 9, 8)
    v = model.node("Conv", "x", eighths(6, 3, 3, 2), eighths(6), strides=[2, 1], pads=[1, 0, 1, 1])
    v = model.node("Relu", v)
    v = model.node("Conv", v, eighths(6, 1, 3, 3), group=6, pads=[1, 1, 1, 1])
    variance = np.array([4, 1, 16, 4, 1, 4], np.float32)
    v = model.node("BatchNormalization", v, eighths(6), eighths(6), eighths(6), variance, epsilon=0.0)
    v = model.node("Clip", v, np.float32(0), np.float32(6))
    w = model.node("Conv", v, eighths(6, 3, 3, 3), group=2, dilations=[2, 2], auto_pad="SAME_UPPER")
    v = model.node("Add", v, w)
    v = model.node("Relu", v)
    v = model.node("MaxPool", v, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    v = model.node("AveragePool", v, kernel_shape=[1, 2], strides=[1, 2])
    return model.save(v), eighths(1, 3, 9, 8)


def flattened():
    model = Model("flattened", 2, 3, 4, 4)
    v = model.node("Flatten", "x")
    v = model.node("Relu", v)
    v = model.node("Gemm", v, eighths(5, 48), eighths(5), transB=1, alpha=0.5, beta=2.0)
    v = model.node("MatMul", v, eighths(5, 7))
    v = model.node("Add", v, eighths(7))
    return model.save(v), eighths(2, 3, 4, 4)


def means():
    model = Model("means", 2, 4, 4, 2, opset=17)
    v = model.node("BatchNormalization", "x", eighths(4), eighths(4), eighths(4), np.full(4, 4, np.float32), epsilon=0.0)
    v = model.node("Mul", v, eighths(4, 1, 1))
    v = model.node("Add", eighths(1, 4, 1, 1), v)
    v = model.node("GlobalAveragePool", v)
    size = model.node("Shape", "x", end=1)  # as exporters spell [batch, -1]
    v = model.node("Reshape", v, model.node("Concat", size, np.array([-1], np.int64), axis=0))
    return model.save(v), eighths(2, 4, 4, 2)


def attention():
    model = Model("attention", 1, 5, 8)
    q = model.node("MatMul", "x", eighths(8, 4))
    k = model.node("MatMul", "x", eighths(8, 5))
    v = model.node("MatMul", k, q)
    v = model.node("MatMul", v, model.node("Transpose", q, perm=[0, 2, 1]))  # 5 x 5
    v = model.node("MatMul", v, q)
    v = model.node("Tanh", v)
    v = model.node("LayerNormalization", v, eighths(4), eighths(4), axis=-1)
    v = model.node("Gelu", v)
    v = model.node("Sigmoid", v)
    v = model.node("Softmax", v, axis=-1)
    return model.save(v), eighths(1, 5, 8)


def quantised(name, dtype, zero_point, w_zero):
    """Quantise-dequantise pairs, scales that are powers of two: the integers are the same, bit for bit."""
    model = Model(name, 1, 2, 6, 6)

    def pair(v, scale):
        return model.pair(v, scale, dtype(zero_point))

    def weight(shape, scale, axis=None):
        stored = random.integers(-20, 21, shape) + w_zero
        points = np.full(np.shape(scale), w_zero)
        keys = {} if axis is None else {"axis": axis}
        kind = np.uint8 if w_zero else np.int8
        return model.node("DequantizeLinear", stored.astype(kind), np.asarray(scale, np.float32), points.astype(kind), **keys)

    def bias(count, scale):
        stored = random.integers(-1000, 1001, count).astype(np.int32)
        return model.node("DequantizeLinear", stored, np.broadcast_to(np.float32(scale), count).copy(),
                          np.zeros(count, np.int32), axis=0)

    v = pair("x", 1 / 8)
    scales = np.float32([2.0**-6, 2.0**-7, 2.0**-5, 2.0**-6]) if not w_zero else np.float32(2.0**-6)
    v = model.node("Conv", v, weight((4, 2, 3, 3), scales, 0 if not w_zero else None), bias(4, scales / 8),
                   pads=[1, 1, 1, 1])
    v = pair(model.node("Relu", v), 1 / 16)
    w = pair(model.node("Conv", v, weight((4, 1, 3, 3), np.float32(2.0**-6)), group=4, pads=[1, 1, 1, 1]), 1 / 16)
    v = pair(model.node("Add", v, w), 1 / 16)
    v = pair(model.node("MaxPool", v, kernel_shape=[2, 2], strides=[2, 2]), 1 / 16)
    v = pair(model.node("Flatten", v), 1 / 16)
    v = pair(model.node("Gemm", v, weight((5, 36), np.float32(2.0**-6)), bias(5, 2.0**-10), transB=1), 1 / 8)
    return model.save(v), eighths(1, 2, 6, 6)


def refused(path, *parts):
    """Exit code 2, one line with the file, the node and the cause, and no folder."""
    before = sorted(FOLDER.iterdir())
    done = convert(path)
    assert done.returncode == 2, (path, done)
    if parts:
        parts = ("node 0 (", *parts) if parts[0] != NO_NODE else parts[1:]
    assert done.stdout == "" and done.stderr.count("\n") == 1, done
    for part in (str(path), *parts):
        assert part in done.stderr, (part, done.stderr)
    assert sorted(FOLDER.iterdir()) == before, path
    print(f"{path.stem}: refused")


def refusals():
    def one(name, op, *inputs, shape=(1, 2, 4, 4), opset=21, batch=None, **attributes):
        model = Model(name, *shape, opset=opset)
        return model.save(model.node(op, *inputs, **attributes), batch=batch)

    refused(one("lstm", "Hardmax", "x"), "(Hardmax 'n1'): the operator is not supported")
    refused(one("foreign", "Swish", "x", domain="com.example"), "operators of com.example")
    refused(one("clip", "Clip", "x", np.float32(-1), np.float32(1)), "Clip to [-1.0, 1.0]")
    refused(one("volume", "Conv", "x", eighths(1, 2, 2, 2, 2), shape=(1, 2, 4, 4, 4)), "two dimensions")
    refused(one("weights", "Conv", "x", "x", shape=(2, 2, 2, 2)), "the weights is not a constant")
    refused(one("ceil", "MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1), "ceil_mode")
    refused(one("padded", "AveragePool", "x", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
            "count_include_pad")
    refused(one("turned", "Transpose", "x", perm=[0, 2, 3, 1]), "a transposition other than")
    refused(one("rows", "Transpose", "x", perm=[1, 0], shape=(3, 4)), "a transposition other than")
    refused(one("flat", "Flatten", "x"), NO_NODE, "flattened image")
    refused(one("softmax", "Softmax", "x", axis=1), "softmax other than along the last")
    refused(one("plus", "Add", "x", eighths(1, 2, 4, 1)), "one activation and one constant per channel")
    refused(one("sum", "Sum", "x", "x", "x"), "(Sum 'n1'): an addition of")
    s, z = np.float32(0.5), np.uint8(3)
    refused(one("open_scale", "QLinearMatMul", "x", "x", z, np.ones((2, 2), np.uint8), s, z, s, z, shape=(2, 2)), NO_NODE)
    refused(one("last", "QLinearGlobalAveragePool", "x", s, z, s, z, domain="com.microsoft", channels_last=1),
            "(QLinearGlobalAveragePool '", "): channels_last")
    refused(one("other", "QLinearSigmoid", "x", s, z, s, z, domain="com.microsoft"), "operators of com.microsoft")
    refused(one("open", "Relu", "x", batch=["n", 2, 4, 4]), NO_NODE, "is not fixed")
    garbage = FOLDER / "garbage.onnx"
    garbage.write_bytes(b"\x08\x01garbage")
    refused(garbage, NO_NODE)
    refused(FOLDER / "missing.onnx", NO_NODE, "No such file")
    path, _ = means()
    (FOLDER / "means").mkdir(exist_ok=True)
    (FOLDER / "means" / "mine").write_text("keep")
    refused(path, NO_NODE, "is there already")
    assert (FOLDER / "means" / "mine").read_text() == "keep"


def main():
    check(*convolutions())
    check(*flattened())
    check(*attention(), tolerance=2e-6)
    check(*means())
    check(*quantised("int8", np.int8, -3, 0))
    check(*quantised("uint8", np.uint8, 120, 0))
    check(*quantised("uint8_weights", np.uint8, 120, 131))
    for name in ("int8", "uint8", "uint8_weights"):
        text = (FOLDER / name / "index.json").read_text()
        assert text.count('"DEQUANTIZE"') == 1 and text.count('"QUANTIZE"') == 1, f"{name}: steps that are not of integers"
    refusals()


main()
