# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""The golden model of an accelerator's testbench, in Python.

    golden.py write images --shape 24x40x20 --dataflow csOS --array 4x8     # memories of a simulation, $readmemh files
    golden.py check images dump.hex                                         # what $writememh left of C, against NumPy

The folder has files of `septet export` (docs/images.md), as examples/c/golden.c writes them, too, and `check` takes
theirs: of int8 by int8 into int32, sums of 32 bits that wrap, no preload, no zero points. Exits with 0 if the dump is right, 1 if it is not, 2 if something cannot be read.
"""
import argparse
import json
import pathlib
import re
import sys

import numpy as np

import septet_numpy as septet

DATAFLOWS = ("dOS", "dWS", "dIS", "sOS", "sWS", "sIS", "csOS")
TIMINGS = ("serial", "overlapped", "scalesim")
ACCUMULATES = ("chained", "fold")
INT8, INT32 = 2, 4  # the sizes' codes of types


class BadFile(Exception):
    """What is wrong with a file, and where."""


def write_hex(path, array):
    """The bits of an integer array, row-major, a word a line."""
    words = np.ascontiguousarray(array).view(f"u{array.itemsize}").ravel()
    lines = [f"// {path.stem}: {words.size} words of {8 * words.itemsize} bits"]
    lines += [f"{word:0{2 * words.itemsize}x}" for word in words.tolist()]
    path.write_text("\n".join(lines) + "\n")


def read_hex(path, dtype, count):
    """The `count` words of a $readmemh file as an array; what simulators write, comments and addresses included."""
    dtype = np.dtype(dtype)
    try:
        text = pathlib.Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path}: {error}") from error
    text = re.sub(r"//[^\n]*|/\*.*?\*/", lambda comment: " " + "\n" * comment[0].count("\n"), text, flags=re.DOTALL)
    words, address = {}, 0
    for number, line in enumerate(text.splitlines(), 1):
        for word in line.split():
            at = f"{path}:{number}: {word}"
            if re.fullmatch("@[0-9a-fA-F]+", word):
                address = int(word[1:], 16)
                continue
            digits = word.replace("_", "")
            if re.search("[xXzZ?]", digits):
                raise BadFile(f"{at} has unknown digits")
            if not re.fullmatch(f"[0-9a-fA-F]{{1,{2 * dtype.itemsize}}}", digits):
                raise BadFile(f"{at} is no word of {8 * dtype.itemsize} bits")
            if address >= count or address in words:
                raise BadFile(f"{at} is {'there twice' if address in words else f'beyond the {count} words'}")
            words[address] = int(digits, 16)
            address += 1
    if len(words) < count:
        raise BadFile(f"{path}: {len(words)} words; {count} are due")
    return np.array([words[i] for i in range(count)], f"u{dtype.itemsize}").view(dtype)


def write(folder, m, k, n, options, seed):
    rng = np.random.default_rng(seed)
    a = rng.integers(-127, 128, (m, k), "int8") * (rng.random((m, k)) < 0.25)  # pruned weights
    b = rng.integers(-127, 128, (k, n), "int8")
    c, report = septet.emulate(a, b, **options)
    sizes, packed = septet.memory_image(a, n, b.dtype, **options)
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in (("sizes", sizes), ("a", packed), ("a_dense", a), ("b", b),
                        ("c_start", np.zeros_like(c)), ("c_expected", c)):
        write_hex(folder / f"{name}.hex", array)
    print(f"{folder}: {m} x {k} x {n}, {report['dataflow']}: {report['folds']} folds, {report['cycles']} cycles, "
          f"{packed.size} bytes of A")


def read_manifest(folder):
    """What the sizes do not say: how csOS combines columns, as options. Without a manifest: in order."""
    path = folder / "manifest.json"
    if not path.exists():
        return {}
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        for sum in ("accumulator", "fold_accumulator"):
            if manifest[f"{sum}_bits"] not in (0, 32) or manifest[f"{sum}_overflow"] != "wrap":
                raise BadFile(f"{path}: not of sums of 32 bits that wrap")
        return {"combine.policy": manifest["combine"], "combine.window": manifest["window"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(f"{path}: {error!r}") from error


def check(folder, dump):
    sizes = read_hex(folder / "sizes.hex", "u4", septet.SIZES_WORDS)
    version, dataflow, m, n, k, height, width, lanes, timing, accumulate, preload, a_bytes, *types = map(int, sizes)
    if (version != 1 or not 1 <= dataflow <= 7 or timing > 2 or accumulate > 1 or preload
            or types != [INT8, INT8, INT32, 0, 0]):
        raise BadFile(f"{folder / 'sizes.hex'}: not of int8 by int8 into int32 without a preload and zero points")
    combining = read_manifest(folder)
    a = read_hex(folder / "a_dense.hex", "int8", m * k).reshape(m, k)
    b = read_hex(folder / "b.hex", "int8", k * n).reshape(k, n)
    found = read_hex(dump, "int32", m * n).reshape(m, n)
    options = {"dataflow": DATAFLOWS[dataflow - 1], "timing": TIMINGS[timing], "accumulate": ACCUMULATES[accumulate],
               "array.height": height, "array.width": width}
    if dataflow == 7:
        options["combine.lanes"] = lanes
        options.update(combining)

    # NumPy's sums wrap as the hardware's do; Septet's have to be the same, and so has what it would stream of A.
    expected = a.astype("int32") @ b.astype("int32")
    c, report = septet.emulate(a, b, **options)
    packed = septet.memory_image(a, n, b.dtype, **options)[1]
    if not np.array_equal(c, expected):
        print("Septet's product is not NumPy's")
        return 1
    if not np.array_equal(packed, read_hex(folder / "a.hex", "u1", a_bytes)):
        print(f"{folder / 'a.hex'} is not what {options['dataflow']} streams of a_dense.hex")
        return 1

    wrong = np.argwhere(found != expected)
    for i, j in wrong[:1]:
        print(f"C[{i}][{j}] is {found[i, j]}, expected {expected[i, j]}; {len(wrong)} of {m * n} values differ"
              + (" (septet compare names fold, PE and cycle)" if combining else ""))
    if len(wrong) == 0:
        print(f"{m} x {k} x {n}, {options['dataflow']}: {m * n} values equal; {report['cycles']} cycles are due")
    return 1 if len(wrong) else 0


def sizes_like(example):
    def parse(text):
        if not re.fullmatch("x".join(["[0-9]+"] * (example.count("x") + 1)), text):
            raise argparse.ArgumentTypeError(f"{text} is not like {example}")
        return [int(size) for size in text.split("x")]
    return parse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    writer = verbs.add_parser("write")
    writer.add_argument("folder", type=pathlib.Path)
    writer.add_argument("--shape", type=sizes_like("24x40x20"), default="24x40x20", metavar="MxKxN")
    writer.add_argument("--array", type=sizes_like("4x8"), default="4x8", metavar="HxW")
    writer.add_argument("--dataflow", default="csOS", choices=DATAFLOWS)
    writer.add_argument("--timing", default="serial", choices=TIMINGS)
    writer.add_argument("--seed", type=int, default=1)
    checker = verbs.add_parser("check")
    checker.add_argument("folder", type=pathlib.Path)
    checker.add_argument("dump", type=pathlib.Path)
    given = parser.parse_args()
    try:
        if given.verb == "check":
            return check(given.folder, given.dump)
        options = {"dataflow": given.dataflow, "timing": given.timing, "array.height": given.array[0],
                   "array.width": given.array[1]}
        write(given.folder, *given.shape, options, given.seed)
        return 0
    except (BadFile, OSError, septet.Error) as error:
        print(f"golden.py: {error}", file=sys.stderr)
    except (MemoryError, OverflowError, ValueError) as error:  # NumPy's, of a huge shape
        print(f"golden.py: too large: {error}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
