# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#
# numpy_test.py netlib|openblas FILE: which of NumPy's and SciPy's calls reach a GEMM symbol of libseptet_blas.so over
# that LAPACK, as docs/drop_in.md lists them; products are written to FILE for check_products. Fails if a count differs.
import ctypes
import itertools
import sys

import numpy as np

try:
    import scipy.linalg as sla
    from scipy.linalg import blas
except ImportError:
    sla = None

SEED = 20240611
SOME = "some"  # calls: at least one
TYPES = {"s": np.float32, "d": np.float64, "c": np.complex64, "z": np.complex128}
netlib = sys.argv[1] == "netlib"
rng = np.random.default_rng(SEED)
counter = getattr(ctypes.CDLL(None), "septet_blas_calls", None)
if counter is not None:
    counter.restype = ctypes.c_int64
failures = []


def calls():
    return counter() if counter is not None else 0


def random(rows, cols, dtype):
    x = rng.uniform(-1, 1, (rows, cols))
    if np.issubdtype(dtype, np.complexfloating):
        x = x + 1j * rng.uniform(-1, 1, (rows, cols))
    return x.astype(dtype)


def expect(what, count, call):
    """The result of call(), which has to ask for `count` products."""
    before = calls()
    result = call()
    got = calls() - before
    if got != count and not (count == SOME and got > 0):
        failures.append(f"{what}: {got} calls, expected {count}")
    return result


# The same matrix as it may lie: by rows, by columns, a part of a larger one, and with strides that no BLAS has.
LAYOUTS = {
    "rows": lambda x: np.ascontiguousarray(x),
    "columns": lambda x: np.asfortranarray(x),
    "part": lambda x: np.pad(x, ((1, 2), (3, 1)))[1:-2, 3:-1],
    "part of columns": lambda x: np.pad(x, ((1, 2), (3, 1))).copy(order="F")[1:-2, 3:-1],
    "every other": lambda x: np.repeat(np.repeat(x, 2, 0), 2, 1)[::2, ::2],
    "backwards": lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
}


def write(file, letter, a, b, c, order="R"):
    (m, k), n = a.shape, b.shape[1]
    file.write(np.array([ord(letter), m, n, k, ord(order)], np.int32).tobytes())
    for x in (a, b, c):
        file.write(x.tobytes(order="F"))


def products(file):
    for letter, dtype in TYPES.items():
        for m, k, n in (3, 7, 5), (17, 600, 19), (130, 33, 70):
            a, b = random(m, k, dtype), random(k, n, dtype)
            for (name_a, lay_a), (name_b, lay_b) in itertools.product(LAYOUTS.items(), LAYOUTS.items()):
                x, y = lay_a(a), lay_b(b)
                assert (x == a).all() and (y == b).all()
                # NumPy's matmul multiplies by itself what BLAS could not read where it lies; dot copies it.
                odd = {name_a, name_b} & {"every other", "backwards"}
                c = expect(f"{letter} {m}x{k}x{n} {name_a} @ {name_b}", 0 if odd else 1, lambda: x @ y)
                if not odd:
                    write(file, letter, a, b, c)
                c = expect(f"{letter} {m}x{k}x{n} dot({name_a}, {name_b})", 1, lambda: np.dot(x, y))
                write(file, letter, a, b, c)
        if sla is not None:
            gemm = blas.get_blas_funcs("gemm", dtype=dtype)
            a, b = random(31, 600, dtype), random(600, 23, dtype)
            x, y = np.asfortranarray(a), np.asfortranarray(b)
            xt, yt = np.asfortranarray(a.T), np.asfortranarray(b.T)
            write(file, letter, a, b, expect(f"{letter} gemm", 1, lambda: gemm(1, x, y)), "C")
            write(file, letter, a, b, expect(f"{letter} gemm T", 1, lambda: gemm(1, xt, yt, trans_a=1, trans_b=1)), "C")
            xh = np.asfortranarray(a.conj().T)
            write(file, letter, a, b, expect(f"{letter} gemm C", 1, lambda: gemm(1, xh, y, trans_a=2)), "C")


def reached():
    """The tables of docs/drop_in.md."""
    a, b, x = random(200, 300, float), random(300, 250, float), random(300, 1, float)
    square, stack, vector = random(300, 300, float), rng.uniform(-1, 1, (4, 30, 40)), x[:, 0]
    spd = square @ square.T + 300 * np.eye(300)
    small_a, small_b = a[:20], b[:, :20]

    expect("np.matmul(out=)", 1, lambda: np.matmul(a, b, out=np.empty((200, 250))))
    expect("a.T @ b", 1, lambda: square.T @ b)
    expect("float32 @ float64", 1, lambda: a.astype(np.float32) @ b)
    expect("a @ a.T.copy()", 1, lambda: a @ a.T.copy())
    expect("np.inner", 1, lambda: np.inner(a, b.T))
    expect("np.tensordot", 1, lambda: np.tensordot(stack, rng.uniform(-1, 1, (30, 40, 7)), 2))
    expect("einsum optimize", 1, lambda: np.einsum("ij,jk->ik", a, b, optimize=True))
    expect("multi_dot", 2, lambda: np.linalg.multi_dot([a, b, b.T.copy()]))
    expect("matrix_power", 2, lambda: np.linalg.matrix_power(square, 3))
    expect("stack of 4", 4, lambda: stack @ stack.transpose(0, 2, 1).copy())

    expect("a @ a.T", 0, lambda: a @ a.T)
    expect("a.T @ a", 0, lambda: a.T @ a)
    expect("np.cov", 0, lambda: np.cov(a))
    expect("a @ vector", 0, lambda: a @ vector)
    expect("one column", 0, lambda: a @ x)
    expect("one row", 0, lambda: x.T @ b)
    expect("vector @ vector", 0, lambda: vector @ vector)
    expect("np.dot of a stack", 0, lambda: np.dot(stack, random(40, 50, float)))
    expect("einsum", 0, lambda: np.einsum("ij,jk->ik", a, b))
    expect("integers", 0, lambda: small_a.astype(int) @ small_b.astype(int))
    expect("float16", 0, lambda: small_a.astype(np.float16) @ small_b.astype(np.float16))
    expect("longdouble", 0, lambda: small_a.astype(np.longdouble) @ small_b.astype(np.longdouble))

    if sla is None:
        return
    for name in "qr", "svd", "eig", "eigvals", "schur", "pinv":
        expect(name, SOME, lambda: getattr(sla, name)(square))
    expect("eigh", SOME, lambda: sla.eigh(spd))
    expect("lstsq", SOME, lambda: sla.lstsq(square, b))
    expect("expm", SOME, lambda: sla.expm(square))
    expect("solve_triangular", 0, lambda: sla.solve_triangular(square, b))
    # Netlib's LAPACK asks BLAS; OpenBLAS's has kernels of its own for these.
    factors = SOME if netlib else 0
    for name in "lu", "lu_factor", "det":
        expect(name, factors, lambda: getattr(sla, name)(square))

with open(sys.argv[2], "wb") as out:
    products(out)
reached()
for line in failures[:20]:
    print(line)
print(f"numpy {np.__version__}: seed {SEED}, {calls()} calls, {len(failures)} unexpected counts")
sys.exit(1 if failures or counter is None else 0)
