#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""An ONNX model as a folder that `septet network` reads (docs/network_index.md).

    onnx_to_index.py model.onnx folder        # needs the packages onnx and numpy

Images go from [batch, channels, rows, columns] to [batch, rows, columns, channels], and weights with them. Batch
normalisation behind a convolution is folded into it; relu, relu6 and biases are fused; quantise-dequantise pairs around a product, an
addition, a pool or a reshape make it one of integers, and so are QLinearConv and its like. What is not supported is named
with its node: exit code 2, and no folder.
"""
import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import shape_inference

from onnx_graph import Unsupported
from onnx_operators import Converter
from onnx_quantised import expanded


def write(folder, index, files):
    """All of it or nothing: a folder beside, renamed."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Unsupported(f"{folder} is there already, and no empty folder")
    temporary = pathlib.Path(tempfile.mkdtemp(prefix=".onnx_to_index-", dir=folder.absolute().parent))
    try:
        for name, array in files.items():
            np.save(temporary / name, array)
        (temporary / "index.json").write_text(json.dumps(index, indent=1) + "\n")
        temporary.chmod(0o755)
        os.rename(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    given = parser.parse_args()
    try:
        model = onnx.load(given.model)
        onnx.checker.check_model(model)
        converter = Converter(*expanded(model))
        write(given.folder, converter.convert(given.model.stem), converter.files)
    except (Unsupported, OSError, DecodeError, ValueError, onnx.checker.ValidationError,
            shape_inference.InferenceError) as problem:
        print(f"{given.model}: {' '.join(str(problem).split()) or type(problem).__name__}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
