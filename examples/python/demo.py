# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""What septet_numpy can do, each product checked against NumPy's: exits with 1 if one is wrong."""
import sys

import numpy as np
import scipy.sparse

import septet_numpy as septet

rng = np.random.default_rng(1)
failures = 0


def check(what, got, want, tolerance=0.0):
    global failures
    good = got.shape == want.shape and np.allclose(got, want, rtol=0, atol=tolerance)
    failures += not good
    print(f"{'ok   ' if good else 'WRONG'} {what}: {got.dtype}, {got.shape[0]} x {got.shape[1]}")


def whole(shape, dtype):
    """Whole numbers so small that every order of additions is exact, in every type."""
    return rng.integers(0, 5, shape).astype(dtype)


for dtype in ("float32", "float64", "float16", "int8", "uint8", "int16"):
    a, b = whole((37, 53), dtype), whole((53, 29), dtype)
    check(f"dense {dtype}", septet.matmul(a, b), a.astype("float64") @ b.astype("float64"))

# Views of any strides, in place: a transpose, every other row, columns backwards, one row for all.
a, b = whole((60, 40), "float32"), whole((80, 90), "float32")
check("strides", septet.matmul(a.T, b[::-1][:60, ::3]), a.T @ b[::-1][:60, ::3])
check("a stride of 0", septet.matmul(a, np.broadcast_to(b[0], (40, 90))), a @ np.broadcast_to(b[0], (40, 90)))
half = whole((8, 9), "float16")
check("out of its own type", septet.matmul(half, half.T, out=np.empty((8, 8), "float16")), half @ half.T)

# Pruned weights: SciPy's own arrays, or packed once and multiplied again and again.
w = whole((64, 96), "float32") * (rng.random((64, 96)) < 0.1)
x = rng.standard_normal((96, 50)).astype("float32")
bias = np.arange(64, dtype="float32")
# Both sides round each of k products and sums, and then the epilogue's two, to 24 bits.
bound = 2 * (2 * 96 + 2) * 2.0**-24 * ((np.abs(w) @ np.abs(x)).max() + bias.max())
for form in (scipy.sparse.csr_matrix, scipy.sparse.csc_matrix):
    check(form.__name__, septet.matmul(form(w), x), w @ x, bound)
    check(f"packed {form.__name__}", septet.pack(form(w)) @ x, w @ x, bound)
for dataflow in ("dOS", "sOS", "sWS", "sIS", "csOS"):
    check(f"packed for {dataflow}", septet.pack(w, dataflow=dataflow) @ x, w @ x, bound)
check("packed B", w @ septet.pack(x, side="right"), w @ x, bound)

layer = septet.matmul(w, x, alpha=0.5, **{"epilogue.bias": bias[:, None], "epilogue.activation": "relu"})
check("bias and relu", layer, np.maximum(0.5 * (w @ x) + bias[:, None], 0), bound)

# The emulated array: values, and a count that SCALE-Sim gives, too. What a memory would hold of A: dOS streams the
# columns of each tile of three rows.
a, b = whole((128, 256), "int8"), whole((256, 256), "int8")
c, report = septet.emulate(a, b, dataflow="dWS", timing="scalesim", **{"array.height": 32, "array.width": 32})
check("emulated", c, a.astype("int32") @ b.astype("int32"))
check("cycles, folds", np.array([[report["cycles"], report["folds"]]]), np.array([[11200, 32]]))
sizes, image = septet.memory_image(a[:7], 5, "int8", dataflow="dOS", **{"array.height": 3, "array.width": 2})
check("sizes", sizes[None, 1:7].astype("int64"), np.array([[1, 7, 5, 256, 3, 2]]))
tiles = np.concatenate([a[i:min(i + 3, 7)].T.ravel() for i in (0, 3, 6)])
check("image of A", image.view("int8")[None].astype("int64"), tiles[None].astype("int64"))

for argument, call in (("b", lambda: septet.matmul(w, w)), ("dataflow", lambda: septet.pack(w, dataflow="xOS")),
                       ("options.threads", lambda: septet.matmul(w, x, threads=-1)),
                       ("options.array", lambda: septet.emulate(w, x, **{"array.height": 0}))):
    try:
        call()
        failures += 1
        print(f"WRONG {argument} was not refused")
    except septet.Error as error:
        failures += error.argument != argument
        print(f"{'ok   ' if error.argument == argument else 'WRONG'} refused: {error}")
sys.exit(1 if failures else 0)
