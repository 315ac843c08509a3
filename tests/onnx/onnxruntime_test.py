# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""onnxruntime_test.py SEPTET FOLDER [--record]: quantised models with scales that are no powers of two through
scripts/onnx_to_index.py and `septet network`, against what ONNX Runtime makes of them. Its answers are in
onnxruntime_answers.json, which --record writes; where the package is there, it is asked again."""
import json
import pathlib
import subprocess
import sys

import numpy as np

from onnx_models import FOLDER, SEED, SEPTET, Model, convert, ours_last, random

ANSWERS = pathlib.Path(__file__).with_name("onnxruntime_answers.json")
try:
    import onnxruntime
except ImportError:
    onnxruntime = None


def scale(low=0.02, high=0.2):
    return np.float32(random.uniform(low, high))


def weights(shape, zero_point=0, most=50):
    """Sums of two products with bytes fit 16 bits, which ONNX Runtime needs on some CPUs."""
    stored = random.integers(-most, most + 1, shape) + zero_point
    return stored.astype(np.uint8 if zero_point else np.int8)


def bias(count):
    return random.integers(-3000, 3001, count).astype(np.int32)


def numbers(*shape):
    return random.uniform(-4, 4, shape).astype(np.float32)


def dequantised_weights(model, stored, scales, axis):
    keys = {"axis": axis} if scales.ndim else {}
    return model.node("DequantizeLinear", stored, scales, np.zeros(scales.shape, stored.dtype), **keys)


def pairs(name, dtype):
    """Quantise-dequantise pairs, as ONNX Runtime's quantize_static writes them: two convolutions and a product."""
    model, info = Model(name, 1, 3, 7, 6), np.iinfo(dtype)
    zero_points = [dtype(p) for p in (info.min + 100, info.min, info.min + 140, info.min + 90)]
    scales = [scale(), scale(), scale(), scale()]
    v = model.pair("x", scales[0], zero_points[0])
    w_scales = random.uniform(0.003, 0.01, 5).astype(np.float32)
    b = model.node("DequantizeLinear", bias(5), scales[0] * w_scales, np.zeros(5, np.int32), axis=0)
    v = model.node("Conv", v, dequantised_weights(model, weights((5, 3, 3, 3)), w_scales, 0), b, pads=[1, 1, 1, 1])
    v = model.pair(model.node("Relu", v), scales[1], zero_points[1])
    w_scale = np.float32(random.uniform(0.003, 0.01))
    v = model.node("Conv", v, dequantised_weights(model, weights((5, 1, 3, 3)), w_scale, 0), group=5, strides=[2, 1])
    v = model.pair(v, scales[2], zero_points[2])
    v = model.pair(model.node("MaxPool", v, kernel_shape=[2, 2]), scales[2], zero_points[2])
    v = model.pair(model.node("Flatten", v), scales[2], zero_points[2])
    w_scales = random.uniform(0.003, 0.01, 9).astype(np.float32)
    b = model.node("DequantizeLinear", bias(9), scales[2] * w_scales, np.zeros(9, np.int32), axis=0)
    v = model.node("Gemm", v, dequantised_weights(model, weights((9, 30)), w_scales, 0), b, transB=1)
    return model.save(model.pair(v, scales[3], zero_points[3])), numbers(1, 3, 7, 6)


def operators(name, dtype):
    """The same in operators that quantise by themselves."""
    model, low = Model(name, 1, 4, 6, 6), np.iinfo(dtype).min
    s = [scale() for _ in range(4)]
    z = [dtype(low + p) for p in (120, 7, 131, 128)]
    v = model.node("QuantizeLinear", "x", s[0], z[0])
    w_scales = random.uniform(0.003, 0.01, 6).astype(np.float32)
    v = model.node("QLinearConv", v, s[0], z[0], weights((6, 2, 3, 3)), w_scales, np.zeros(6, np.int8), s[1], z[1], bias(6),
                   group=2, pads=[1, 1, 0, 0])
    v = model.node("MaxPool", v, kernel_shape=[3, 2], strides=[2, 1])
    v = model.node("DequantizeLinear", v, s[1], z[1])
    return model.save(v), numbers(1, 4, 6, 6)


def products(name, dtype):
    """Of matrices: QLinearMatMul and ONNX Runtime's QGemm."""
    model, low = Model(name, 4, 12), np.iinfo(dtype).min
    s = [scale() for _ in range(3)]
    z = [dtype(low + p) for p in (120, 111, 131)]
    v = model.node("QuantizeLinear", "x", s[0], z[0])
    v = model.node("QLinearMatMul", v, s[0], z[0], weights((12, 7)), np.float32(0.0123), np.int8(0), s[1], z[1])
    v = model.node("QGemm", v, s[1], z[1], weights((5, 7)), np.float32(0.0231), np.int8(0), bias(5), s[2], z[2],
                   domain="com.microsoft", transB=1)
    return model.save(model.node("DequantizeLinear", v, s[2], z[2]), shape=(4, 5)), numbers(4, 12)


def attention(name, dtype):
    """Of two activations, in pairs: what quantised transformers do, the right operand transposed."""
    model, low = Model(name, 2, 4, 8, opset=17), np.iinfo(dtype).min
    s = [scale() for _ in range(4)]
    z = [dtype(low + p) for p in (120, 111, 131, 90)]
    v = model.pair("x", s[0], z[0])
    k = model.pair(model.node("MatMul", v, dequantised_weights(model, weights((8, 8)), np.float32(0.0123), 0)), s[1], z[1])
    turned = model.node("Transpose", k, perm=[0, 2, 1])
    turned = model.pair(turned, s[1], z[1]) if dtype == np.int8 else turned
    v = model.pair(model.node("MatMul", v, turned), s[2], z[2])
    return model.save(model.pair(model.node("MatMul", v, k), s[3], z[3])), numbers(2, 4, 8)


def between(name, dtype):
    """What is not a product is TensorFlow Lite's here and f32 there: at most one step of the scale beside it."""
    model, low = Model(name, 1, 4, 5, 5), np.iinfo(dtype).min
    s = [scale() for _ in range(3)]
    z = [dtype(low + p) for p in (120, 111, 131)]
    a = model.node("QuantizeLinear", "x", s[0], z[0])
    b = model.node("QLinearConv", a, s[0], z[0], weights((4, 4, 1, 1)), np.float32(0.0123), np.int8(0), s[1], z[1])
    v = model.node("QLinearAdd", a, s[0], z[0], b, s[1], z[1], s[2], z[2], domain="com.microsoft")
    v = model.node("QLinearGlobalAveragePool", v, s[2], z[2], s[0], z[0], domain="com.microsoft", channels_last=0)
    return model.save(model.node("DequantizeLinear", v, s[0], z[0]), shape=(1, 4, 1, 1)), numbers(1, 4, 5, 5), s[0]


def run_septet(path, x, like):
    done = convert(path)
    assert done.returncode == 0, done.stderr
    text = (FOLDER / path.stem / "index.json").read_text()
    assert text.count('"QUANTIZE"') == 1 and text.count('"DEQUANTIZE"') == 1, f"{path.stem}: steps that are not of integers"
    np.save(FOLDER / "x.npy", np.ascontiguousarray(ours_last(x)))
    subprocess.run([SEPTET, "network", FOLDER / path.stem, "--input", FOLDER / "x.npy", "-o", FOLDER / "y.npy"], check=True,
                   capture_output=True)
    return np.load(FOLDER / "y.npy").reshape(like.shape)


def run_onnxruntime(path, x):
    return ours_last(onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0])


def main():
    record = "--record" in sys.argv
    answers = {} if record else json.loads(ANSWERS.read_text())
    for make in (pairs, operators, products, attention, between):
        for dtype in (np.int8, np.uint8):
            name = f"{make.__name__}_{np.dtype(dtype).name}"
            path, x, *step = make(name, dtype)
            if onnxruntime is not None:
                theirs = run_onnxruntime(path, x)
                if record:
                    answers[name] = {"shape": theirs.shape, "values": [v.hex() for v in theirs.reshape(-1).tolist()]}
            answer = np.array([float.fromhex(v) for v in answers[name]["values"]], np.float32)
            answer = answer.reshape(answers[name]["shape"])
            if onnxruntime is not None:
                assert np.array_equal(theirs, answer), f"{name}, seed {SEED}: not what ONNX Runtime answered when asked before"
            assert np.unique(answer).size > min(8, answer.size // 2), f"{name}: too many equal numbers to tell anything"
            ours = run_septet(path, x, answer)
            bound = 1.001 * float(step[0]) if step else 0.0
            different = int((ours != answer).sum())
            assert np.abs(ours.astype(np.float64) - answer).max() <= bound, \
                f"{name}, seed {SEED}: {different} of {answer.size} elements are not ONNX Runtime's"
            print(f"{name}: {answer.size} elements, {different} different" + (" (by one step at most)" if step else ""))
    if record:
        ANSWERS.write_text(json.dumps({"onnxruntime": onnxruntime.__version__, **answers}, indent=1) + "\n")
    elif onnxruntime is None:
        print(f"NOT TESTED: onnxruntime itself, which is not installed; its recorded answers "
              f"({answers['onnxruntime']}) were")


main()
