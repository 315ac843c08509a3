#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""What pruning without retraining does to trained networks, at equal cycles: the relative error of the outputs, single
weights beside the groups of the array (`septet prune --curves`).

    one_shot.py MODEL=INPUT.npy ...  [--arrays 8x8,16x16] [--speedups 1.1,1.2,1.5,2,3] [--permute] [--septet build/bin/septet]
    one_shot.py resnet8=photo.npy autoencoder=spectrogram.npy kws=features.npy

MODEL is an index or its folder. INPUT is what the network takes, or grey images [images, rows, columns] of its type, or, for
networks of bytes, a grey photograph [rows, columns] of u8, of which eight crops are scaled, or a history [frames, bands] for
a network of windows, every eighth of which is taken.
Needs numpy.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

# Beyond this the outputs have nothing to do with the network's any more.
USABLE = 0.5


def scaled(image, rows, columns):
    """Bilinear, pixel centres on pixel centres."""
    for axis, size in ((0, rows), (1, columns)):
        length = image.shape[axis]
        at = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, length - 1)
        share = (at - low).reshape([-1 if i == axis else 1 for i in range(2)])
        image = np.take(image, low, axis) * (1 - share) + np.take(image, high, axis) * share
    return image


def crops(photo, tensor, seed=1):
    """Eight squares, every other one mirrored, of 0.6 to 1 of the photograph's side."""
    _, rows, columns, channels = tensor["shape"]
    rng = np.random.default_rng(seed)
    side, images = min(photo.shape), []
    for i in range(8):
        size = int(side * rng.uniform(0.6, 1))
        y, x = (rng.integers(0, length - size + 1) for length in photo.shape)
        crop = scaled(photo[y:y + size, x:x + size].astype(float), rows, columns)
        images.append(crop[:, ::-1] if i % 2 else crop)
    pixels = np.repeat(np.stack(images)[..., None], channels, 3)
    return (np.round(pixels) - (128 if tensor["dtype"] == "int8" else 0)).astype(tensor["dtype"])


def inputs_for(model, array):
    file = model if model.is_file() else model / "index.json"
    tensor = json.loads(file.read_text())["inputs"][0]
    shape = tensor["shape"]
    if array.ndim == 2 and len(shape) == 4 and tensor["dtype"] in ("int8", "uint8"):
        return crops(array, tensor)
    if array.ndim == 3 and len(shape) == 4:
        return np.repeat(array[..., None], shape[3], 3)
    if array.ndim == 2 and len(shape) == 2 and shape[1] != array.shape[1]:
        frames = shape[1] // array.shape[1]
        return np.stack([array[i:i + frames].ravel() for i in range(0, len(array) - frames + 1, 8)]).astype("float32")
    return array


def curves(arguments, model, values):
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file, values)
        file.flush()
        command = [arguments.septet, "prune", str(model), "--curves", arguments.speedups, "--arrays", arguments.arrays,
                   "--input", file.name, "--json", "-"] + (["--permute"] if arguments.permute else [])
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.strip())
    return json.loads(done.stdout)["curves"]


def error_text(point):
    return f"{point['output_error']:9.3g}" if point["met"] else "        -"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+", metavar="MODEL=INPUT.npy")
    parser.add_argument("--arrays", default="4x4,8x8,16x16,32x32")
    parser.add_argument("--speedups", default="1.05,1.1,1.2,1.3,1.5,1.75,2,2.5,3,4")
    parser.add_argument("--permute", action="store_true")
    parser.add_argument("--septet", default="build/bin/septet")
    arguments = parser.parse_args()
    ahead = behind = 0
    print(f"{'network':30} array  speed-up   weights      auto      csOS")
    for network in arguments.networks:
        model, _, file = network.partition("=")
        if not file:
            parser.error(f"{network}: not MODEL=INPUT.npy")
        values = inputs_for(pathlib.Path(model), np.load(file))
        for array in curves(arguments, pathlib.Path(model), values)["arrays"]:
            series = {one["series"]: one["points"] for one in array["series"]}
            for weights, auto, combined in zip(series["weights"], series["auto"], series["csOS"]):
                errors = [point["output_error"] for point in (weights, auto) if point["met"]]
                if not errors or min(errors) > USABLE or max(errors) < 1e-9:
                    continue  # nothing left, or nothing lost
                better = auto["met"] and (not weights["met"] or auto["output_error"] < weights["output_error"])
                ahead, behind = ahead + better, behind + (not better)
                print(f"{pathlib.Path(model).name:30} {array['array_height']:>2}x{array['array_width']:<3}"
                      f"{auto['goal_value']:>8g} {error_text(weights)} {error_text(auto)} {error_text(combined)}"
                      f"{'' if better else '   weights ahead'}")
    print(f"where either error is below {USABLE} and not both are 0: auto ahead {ahead} times, weights {behind}")


if __name__ == "__main__":
    main()
