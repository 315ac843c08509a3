# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Products of NumPy arrays and SciPy sparse matrices by Septet, through its C interface, without copying any of them.

    import septet_numpy as septet
    c = septet.matmul(a, b)                                  # dense arrays of any strides
    c = septet.matmul(scipy.sparse.csr_matrix(a), b)         # the caller's own CSR or CSC arrays
    layer = septet.pack(a, dataflow="csOS")                  # once; then any number of products
    c = layer @ b
    c, report = septet.emulate(a, b, dataflow="csOS")        # on the emulated array; report["cycles"], …

Options are those of septet.h: numbers, names, and arrays, which are broadcast to the output's shape.

    septet.matmul(a, b, alpha=0.5, **{"epilogue.bias": bias[:, None], "epilogue.activation": "relu"})

The library is $SEPTET_LIBRARY, or the one installed. What it refuses is raised as septet_numpy.Error.
"""
import contextlib
import ctypes
import ctypes.util
import os
import weakref
from ctypes import POINTER, byref, c_char_p, c_double, c_int32, c_int64, c_void_p

import numpy as np

# In the order of septet_type. The second is what the sums, and so the product, are by default.
_TYPES = {np.dtype(element): (number, np.dtype(sums)) for element, number, sums in (
    ("f4", 0, "f4"), ("f8", 1, "f8"), ("i1", 2, "i4"), ("u1", 3, "i4"), ("i4", 4, "i4"), ("f2", 6, "f4"),
    ("i2", 7, "i4"))}


class Error(ValueError):
    """What Septet refused: `argument` is at fault, `status` says why as septet_status does."""

    def __init__(self, argument, message, status):
        super().__init__(f"{argument}: {message}")
        self.argument = argument
        self.status = status


class _Matrix(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("type", c_int32), ("rows", c_int64), ("cols", c_int64),
                ("row_stride", c_int64), ("col_stride", c_int64)]


class _Sparse(ctypes.Structure):
    _fields_ = [("major", c_int32), ("type", c_int32), ("index_bytes", c_int32), ("rows", c_int64), ("cols", c_int64),
                ("offsets", c_void_p), ("indices", c_void_p), ("values", c_void_p)]


class _Weights(ctypes.Structure):
    _fields_ = [("dense", POINTER(_Matrix)), ("sparse", POINTER(_Sparse)), ("packed", c_void_p)]


def _load():
    library = ctypes.CDLL(os.environ.get("SEPTET_LIBRARY") or ctypes.util.find_library("septet") or "libseptet.so")
    weights, matrix, handle = POINTER(_Weights), POINTER(_Matrix), POINTER(c_void_p)

    def raise_error(status, function, arguments):
        if status != 0:
            raise Error(library.septet_error_argument().decode(), library.septet_error_message().decode(), status)

    for name, arguments in {
            "septet_gemm": (weights, matrix, matrix, c_void_p),
            "septet_gemm_packed_b": (matrix, c_void_p, matrix, c_void_p),
            "septet_pack": (weights, c_void_p, handle),
            "septet_emulate": (weights, matrix, matrix, c_void_p, handle),
            "septet_memory_image": (weights, c_int64, c_int32, c_void_p, c_void_p, c_void_p, c_int64),
            "septet_report_count": (c_void_p, c_char_p, POINTER(c_int64)),
            "septet_report_utilization": (c_void_p, POINTER(c_double)),
            "septet_report_dataflow": (c_void_p, POINTER(c_char_p)),
            "septet_options_create": (handle,),
            "septet_options_set_number": (c_void_p, c_char_p, c_double),
            "septet_options_set_name": (c_void_p, c_char_p, c_char_p),
            "septet_options_set_matrix": (c_void_p, c_char_p, matrix)}.items():
        function = getattr(library, name)
        function.argtypes, function.errcheck = arguments, raise_error
    for name in ("septet_packed_free", "septet_options_free", "septet_report_free"):
        getattr(library, name).argtypes, getattr(library, name).restype = (c_void_p,), None
    for name in ("septet_error_argument", "septet_error_message"):
        getattr(library, name).restype = c_char_p
    library.septet_report_key.argtypes, library.septet_report_key.restype = (c_int64,), c_char_p
    return library


_library = _load()
SIZES_WORDS, SIZES_A_BYTES = 17, 11  # of memory_image(): how many there are, and the one with the length of the image


def _type_of(array, argument):
    if array.dtype not in _TYPES:
        raise TypeError(f"{argument}: Septet does not multiply {array.dtype}")
    return _TYPES[array.dtype][0]


def _matrix(array, argument):
    """A view of the array's own memory: strides as they are, but in elements."""
    if array.ndim != 2 or not array.flags.aligned or any(stride % array.itemsize for stride in array.strides):
        raise ValueError(f"{argument}: not a matrix of aligned elements")
    return _Matrix(array.ctypes.data, _type_of(array, argument), *array.shape,
                   *(stride // array.itemsize for stride in array.strides))


def _sparse(a):
    if a.indptr.dtype != a.indices.dtype:
        raise TypeError("a: offsets and indices are of different types")
    arrays = [np.ascontiguousarray(x) for x in (a.indptr, a.indices, a.data)]  # as they are, unless somebody cut them
    sparse = _Sparse(("csr", "csc").index(a.format), _type_of(a.data, "a"), a.indices.itemsize, *a.shape,
                     *(x.ctypes.data for x in arrays))
    sparse.arrays = arrays  # alive as long as the view
    return sparse


def _weights(a):
    if isinstance(a, Packed):
        return _Weights(packed=a.handle)
    if getattr(a, "format", None) in ("csr", "csc"):
        return _Weights(sparse=ctypes.pointer(_sparse(a)))
    return _Weights(dense=ctypes.pointer(_matrix(a, "a")))


@contextlib.contextmanager
def _options(values, shape):
    handle = c_void_p()
    _library.septet_options_create(byref(handle))
    operands = []  # alive until the call that takes the options is over
    try:
        for name, value in values.items():
            key = name.encode()
            if isinstance(value, str):
                _library.septet_options_set_name(handle, key, value.encode())
            elif np.ndim(value) == 0:
                _library.septet_options_set_number(handle, key, value)
            else:
                operands.append(np.broadcast_to(value, shape))
                _library.septet_options_set_matrix(handle, key, _matrix(operands[-1], name))
        yield handle
    finally:
        _library.septet_options_free(handle)


class Packed:
    """A matrix in the order of the kernels, made by pack(). Immutable; any number of threads may multiply it."""

    __array_ufunc__ = None  # leaves array @ packed to __rmatmul__

    def __init__(self, a, options):
        handle = c_void_p()
        with _options(options, a.shape) as chosen:
            _library.septet_pack(_weights(a), chosen, byref(handle))
        self.handle, self.shape, self.dtype = handle, a.shape, a.dtype
        weakref.finalize(self, _library.septet_packed_free, handle)

    def __matmul__(self, b):
        return matmul(self, b)

    def __rmatmul__(self, a):
        return matmul(a, self)


def pack(a, **options):
    """Copies a dense array, or a CSR or CSC matrix, into the kernels' order; side="right": a dense array, as B."""
    return Packed(a, options)


def _output(a, b):
    return np.zeros((a.shape[0], b.shape[1]), _TYPES.get(a.dtype, (0, a.dtype))[1])


def matmul(a, b, out=None, **options):
    """C = alpha * A @ B + beta * C in `out`, or in a new array of the sums' type. A: dense, CSR, CSC or packed; B:
    dense, or packed with side="right"."""
    out = _output(a, b) if out is None else out
    with _options(options, out.shape) as chosen:
        if isinstance(b, Packed):
            _library.septet_gemm_packed_b(_matrix(a, "a"), b.handle, _matrix(out, "c"), chosen)
        else:
            _library.septet_gemm(_weights(a), _matrix(b, "b"), _matrix(out, "c"), chosen)
    return out


def _counts(report):
    """What a report says, by septet_report_key(), with the dataflow's name and the utilization."""
    counts, count, key = {}, c_int64(), _library.septet_report_key(0)
    while key is not None:
        _library.septet_report_count(report, key, byref(count))
        counts[key.decode()] = count.value
        key = _library.septet_report_key(len(counts))
    dataflow, utilization = c_char_p(), c_double()
    _library.septet_report_dataflow(report, byref(dataflow))
    _library.septet_report_utilization(report, byref(utilization))
    return {"dataflow": dataflow.value.decode(), **counts, "utilization": utilization.value}


def emulate(a, b, out=None, **options):
    """matmul() on an emulated array: (C, report), the report a dictionary of "cycles", "macs_issued", … A: dense, CSR,
    CSC or packed; B: dense."""
    out = _output(a, b) if out is None else out
    report = c_void_p()
    with _options(options, out.shape) as chosen:
        _library.septet_emulate(_weights(a), _matrix(b, "b"), _matrix(out, "c"), chosen, byref(report))
    try:
        return out, _counts(report)
    finally:
        _library.septet_report_free(report)


def memory_image(a, n, b_dtype, **options):
    """What a hardware array finds in its memories, for A times a matrix of n columns: (sizes, image), words of its
    controller and the bytes of A as the dataflow streams it (docs/images.md)."""
    sizes = np.zeros(SIZES_WORDS, "uint32")
    weights, b_type = _weights(a), _TYPES[np.dtype(b_dtype)][0]
    with _options(options, (a.shape[0], n)) as chosen:
        _library.septet_memory_image(weights, n, b_type, chosen, sizes.ctypes.data, None, 0)
        image = np.zeros(int(sizes[SIZES_A_BYTES]), "uint8")
        _library.septet_memory_image(weights, n, b_type, chosen, sizes.ctypes.data, image.ctypes.data, image.size)
    return sizes, image
