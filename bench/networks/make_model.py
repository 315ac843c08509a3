#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Writes ResNet-50 with seeded weights, dense or pruned, into a new folder, for all programs the same numbers:

    make_model.py FOLDER [--seed N] [--zeros 0.8 [--height 8] [--first]]

f32.onnx; int8.onnx (QDQ) and int8_operators.onnx (QLinear…), quantised after training; f32/ and int8/, what
scripts/onnx_to_index.py makes of the first two; image.npy, the input, as NCHW, and image_last.npy, as NHWC; logits.npy,
ONNX Runtime's of f32; model.json, what all this is.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx

import onnx_model
import quantise
import resnet50

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = HERE.parents[1] / "scripts"
SOURCES = [*(HERE / name for name in ("make_model.py", "onnx_model.py", "quantise.py", "resnet50.py")),
           *sorted(SCRIPTS.glob("onnx_*.py"))]
CALIBRATION_IMAGES = 8


def generator():
    """Changes when models may."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in SOURCES)).hexdigest()[:16]


def make(folder, seed, pruning):
    nodes = resnet50.graph()
    weights = resnet50.weights(nodes, seed, pruning)
    images = resnet50.images(seed, CALIBRATION_IMAGES + 1)
    image, calibration = images[:1], images[1:]
    integers = quantise.calibrated(nodes, weights, calibration)
    onnx.save(onnx_model.float_model(nodes, weights, resnet50.IMAGE), folder / "f32.onnx")
    onnx.save(onnx_model.pairs_model(nodes, integers, resnet50.IMAGE), folder / "int8.onnx")
    onnx.save(onnx_model.operators_model(nodes, integers, resnet50.IMAGE), folder / "int8_operators.onnx")
    for name in ("f32", "int8"):
        convert = [sys.executable, SCRIPTS / "onnx_to_index.py", folder / f"{name}.onnx", folder / name]
        subprocess.run(convert, check=True)
    np.save(folder / "image.npy", image)
    np.save(folder / "logits.npy", quantise.run(folder / "f32.onnx", image))
    np.save(folder / "image_last.npy", np.ascontiguousarray(image.transpose(0, 2, 3, 1)))
    total = sum(weight.size for weight, _ in weights.values())
    zeros = sum(int((weight == 0).sum()) for weight, _ in weights.values())
    integer_zeros = sum(int((weight == 0).sum()) for weight, _, _ in integers.weights.values())
    (folder / "model.json").write_text(json.dumps(
        {"network": "ResNet-50 v1.5", "seed": seed, "zeros": pruning.zeros, "height": pruning.height,
         "first": pruning.first, "macs": resnet50.macs(nodes), "weights": total, "zero_weights": zeros,
         "zero_weights_int8": integer_zeros, "calibration_images": CALIBRATION_IMAGES,
         "generator": generator()}, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--zeros", type=float, default=0, help="share of zeros in every layer")
    parser.add_argument("--height", type=int, choices=(1, 2, 4, 8), default=1, help="of the vectors that are pruned")
    parser.add_argument("--first", action="store_true", help="prune conv1, too")
    given = parser.parse_args()
    if not 0 <= given.zeros < 1:
        parser.error(f"--zeros {given.zeros}: want a share from 0, below 1")
    if given.folder.exists():
        parser.error(f"{given.folder} is there already")
    given.folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    temporary = pathlib.Path(tempfile.mkdtemp(prefix=".make_model-", dir=given.folder.absolute().parent))
    try:
        make(temporary, given.seed, resnet50.Pruning(given.zeros, given.height, given.first))
        os.rename(temporary, given.folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


if __name__ == "__main__":
    main()
