#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Trains a small network on handwritten digits, prunes it for an array step by step, retrains it, makes it integers, and
runs those through `septet network`, on the CPU and on the emulated array.

    prune_digits.py                                        # scikit-learn's digits, a 16 x 16 array
    prune_digits.py --uci optdigits.tra optdigits.tes      # UCI's files and split
    prune_digits.py --width 12 --epochs 16 --retrain 8 --mnist t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz
    prune_digits.py --groups weights                       # unstructured, for comparison
    prune_digits.py --array 8x8 --dataflow sOS --goals 1.5,2,3 --output network

Needs the packages torch and, without files, scikit-learn; and the command (scripts/build.sh release septet_cli). Equal
arguments give equal networks, on one machine.
"""
import argparse
import copy
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch

import digits_data
import digits_training as training
import septet_index

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Septet:
    """The command, on an array."""

    def __init__(self, path, array):
        self.path, self.array = path, array

    def run(self, verb, folder, *flags):
        """Its report. It has said itself what is wrong where it stops."""
        command = [self.path, verb, folder, "--array", self.array, *flags, "--json", "-"]
        return json.loads(subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE).stdout)


class Loop:
    """From a model to a pruned model, and to integers and what they cost; files in `folder`."""

    def __init__(self, digits, septet, folder, batch):
        self.digits, self.septet, self.folder, self.batch = digits, septet, pathlib.Path(folder), batch
        self.train = training.tensors(*digits.train, digits.levels)
        self.test = training.tensors(*digits.test, digits.levels)
        self.image = [*digits.train[0].shape[1:], 1]
        if batch > len(self.train[0]):
            raise ValueError(f"--batch: {batch} is more than the {len(self.train[0])} training images")
        self.count = 0

    def path(self, name):
        self.count += 1
        return self.folder / f"{self.count:03}_{name}"

    def prune(self, model, flags):
        """The model after `septet prune`, its masks, and the report."""
        floats, pruned, images = self.path("floats"), self.path("pruned"), self.path("calibration.npy")
        layers = training.to_layers(model)
        septet_index.write_floats(floats, layers, [self.batch, *self.image])
        number = min(1024, len(self.train[0])) // self.batch * self.batch
        np.save(images, self.train[0][:number].permute(0, 2, 3, 1).numpy())
        report = self.septet.run("prune", floats, "--input", images, *flags, "-o", pruned)
        values, masks = septet_index.read_pruned(pruned, layers)
        return *training.from_layers(model, values, masks), report

    def integers(self, model):
        layers = training.to_layers(model)
        return layers, septet_index.quantised(layers, training.ranges(model, self.train[0]))

    def stored(self, integers, images):
        real = images[..., None] / np.float32(self.digits.levels)
        return np.clip(np.rint(real / integers.scales[0]) + integers.zero_points[0], -128, 127).astype(np.int8)

    def outputs(self, layers, integers, images, executor, *flags):
        """Of the integer network, all images at once."""
        folder, x, y = self.path("integers"), self.path("x.npy"), self.path("y.npy")
        septet_index.write_integers(folder, layers, [len(images), *self.image], integers)
        np.save(x, self.stored(integers, images))
        self.septet.run("network", folder, "--input", x, "--executor", executor, *flags, "-o", y)
        return np.load(y)

    def export(self, model, folder):
        """The integer network, and one batch of test images and their labels: inputs.npy, labels.npy."""
        layers, integers = self.integers(model)
        septet_index.write_integers(folder, layers, [self.batch, *self.image], integers)
        images, labels = (np.resize(array, [self.batch, *array.shape[1:]]) for array in self.digits.test)
        np.save(folder / "inputs.npy", self.stored(integers, images))
        np.save(folder / "labels.npy", labels.astype(np.uint8))

    def measure(self, model, dataflow="auto"):
        """The integer network's accuracy, from its own outputs, and its cycles; `folder` has it."""
        layers, integers = self.integers(model)
        images, labels = self.digits.test
        cpu = self.outputs(layers, integers, images, "cpu")
        array = self.outputs(layers, integers, images, "array", "--dataflow", dataflow)
        if not np.array_equal(cpu, array):
            raise SystemExit("prune_digits.py: the CPU and the array give different bits")
        folder = self.path("integers")
        self.export(model, folder)
        cost = self.septet.run("network", folder, "--dataflow", dataflow)
        stored = [weight for weight, _, _ in integers.weights]
        return {"accuracy": 100 * float((cpu.argmax(1) == labels).mean()),
                "accuracy_float": training.accuracy(model, self.test),
                "zeros": float(sum((w == 0).sum() for w in stored) / sum(w.size for w in stored)),
                "cycles": cost["cycles_array"], "cycles_dense": cost["cycles_best_dense"], "folder": folder}


def pruned_models(loop, model, goals, flags, epochs, seed):
    """(goal, model) after each of the rising goals, retrained with the model that came in as teacher."""
    teacher = copy.deepcopy(model).eval()
    for i, goal in enumerate(goals):
        model, masks, _ = loop.prune(model, [*flags, "--speedup", goal])
        training.train(model, loop.train, epochs, seed + 1000 * (i + 1), teacher, masks)
        yield goal, model


def seconds(septet, folder):
    """Of a run of an exported network on one thread, its weights in the form that is quickest."""
    flags = ["--input", folder / "inputs.npy", "--threads", 1, "--runs", 25]
    return min(septet.run("network", folder, *flags, "--weights", form)["seconds"] for form in ("dense", "sparse", "auto"))


def line(septet, name, point, dense):
    point["seconds"] = seconds(septet, point["folder"])
    print(f"{name:8} {100 * point['zeros']:5.1f} % {point['cycles']:9} {point['cycles_dense'] / point['cycles']:6.2f}x "
          f"{dense['seconds'] / point['seconds']:6.2f}x {point['accuracy_float']:7.2f} {point['accuracy']:7.2f}", flush=True)


def parsed(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = parser.add_mutually_exclusive_group()
    data.add_argument("--uci", nargs=2, metavar=("TRAIN", "TEST"), help="64 pixels and the label a line")
    data.add_argument("--mnist", nargs=2, metavar=("IMAGES", "LABELS"), help="idx files; the last fifth tests")
    parser.add_argument("--width", type=int, default=16, help="channels of the first layer (default 16)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, order and distortions (default 0)")
    parser.add_argument("--epochs", type=int, default=40, help="of the dense network (default 40)")
    parser.add_argument("--retrain", type=int, default=15, help="epochs after each goal (default 15)")
    parser.add_argument("--goals", default="1.6,2.3,3.2,4.4,5.5", help="times fewer cycles, rising (default %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="images at once, for which cycles count (default 64)")
    parser.add_argument("--array", default="16x16", help="rows x columns (default 16x16)")
    parser.add_argument("--dataflow", default="auto", help="sOS, sWS, sIS, csOS, or auto, layer by layer (default)")
    parser.add_argument("--groups", default="auto", help="as --group of septet prune (default auto)")
    parser.add_argument("--permute", action="store_true", help="let channels change places")
    parser.add_argument("--septet", default=ROOT / "build/bin/septet", type=pathlib.Path, help="the command")
    parser.add_argument("--output", type=pathlib.Path, help="a new folder for the last int8 network, test images and labels")
    given = parser.parse_args(arguments)
    try:
        given.goals = [float(goal) for goal in given.goals.split(",")]
    except ValueError:
        parser.error(f"--goals: {given.goals!r} is not a list of numbers")
    if sorted(given.goals) != given.goals or given.goals[0] < 1 or not all(map(math.isfinite, given.goals)):
        parser.error("--goals: they rise, from 1 on")
    for flag in ("width", "epochs", "retrain", "batch"):
        if getattr(given, flag) < 1:
            parser.error(f"--{flag}: {getattr(given, flag)} is below 1")
    if not given.septet.is_file():
        parser.error(f"--septet: {given.septet} is no file; scripts/build.sh release septet_cli makes it")
    if given.output and given.output.exists():
        parser.error(f"--output: {given.output} is there already")
    return given


def data_of(given):
    if given.uci:
        return digits_data.uci(*given.uci)
    return digits_data.idx(*given.mnist) if given.mnist else digits_data.scikit_learn()


def work(given, folder):
    loop = Loop(data_of(given), Septet(given.septet, given.array), folder, given.batch)
    flags = ["--dataflow", given.dataflow, "--group", given.groups, *(["--permute"] if given.permute else [])]
    loop.septet.run("prune", "random:32x32", "--kept", 0, *flags)  # what is wrong with them is said before the training
    print(f"{len(loop.train[0])} images to train, {len(loop.test[0])} to test; width {given.width}, seed {given.seed}; "
          f"a {given.array} array, batches of {given.batch}")
    model = training.network(loop.image[0], given.width, given.seed)
    training.train(model, loop.train, given.epochs, given.seed)
    print("\ngoal       zeros    cycles  fewer  CPU     f32 %  int8 %")
    dense = loop.measure(model)
    line(loop.septet, "dense", dense, dense)
    for goal, model in pruned_models(loop, model, given.goals, flags, given.retrain, given.seed):
        line(loop.septet, f"{goal:g}x", loop.measure(model, given.dataflow), dense)
    print("\nCycles: of all products of a batch, each layer with the best dataflow it may have. Fewer, CPU: the dense\n"
          "network's over these; time on one thread, each network in its quickest form. Accuracy on the test images: of\n"
          "the f32 model, and of the int8 network's own outputs, which had the same bits on the CPU and the array.")
    if given.output:
        loop.export(model, given.output)


def main():
    given = parsed(sys.argv[1:])
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            work(given, folder)
    except (OSError, ValueError, ImportError) as problem:
        print(f"prune_digits.py: {problem}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as problem:
        return problem.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
