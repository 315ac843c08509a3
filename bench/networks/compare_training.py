#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Steps of training (forward, loss, backward, update by gradient descent with momentum), f32: Septet beside PyTorch,
in the same rounds.

Every candidate is a process; they take turns, a few steps each, while the others sleep. All begin with the same
parameters, images and labels, and must have the loss and the gradients of all parameters that PyTorch has in f64,
within a tolerance: a candidate that does not is an error (exit code 1). scripts/bench.sh training runs this.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np

import resnet_training
from compare import cpu, names, numbers, threads_text, with_ratios
from measure import Worker, measure, quartiles

HERE = pathlib.Path(__file__).resolve().parent
DESCENT = ["--learning-rate", "0.001", "--momentum", "0.9", "--weight-decay", "0.0001"]
# Of the loss, in units of itself: some 50 products of up to 4608 terms, one behind the other, as in compare.py, and a
# mean of logarithms, whose slopes are at most 1: 1e-4.
LOSS_TOLERANCE = 1e-4
# Of a parameter's gradient, in units of its norm. Rounding itself is some 1e-5 of it. Next to that: where an activation
# is within its error (d = 3e-6 of a deviation) of 0, relu lets a gradient through in one program and not in the other;
# so it does in a share 2 d 0.4 of the elements, which is a difference of sqrt(2 d 0.4) = 1.5e-3 of the norm for every
# relu behind a layer, and of sqrt(17) as much for 17 (ResNet-18), sqrt(49) for 49: 6e-3 and 1.1e-2. Ten times as much
# is tolerated: most of what a beta's gradient adds up cancels, and there are 64 of them in a layer. A wrong gradient
# differs by about 1.
TOLERANCE = {18: 6e-2, 50: 1.1e-1}
RIVALS = ("torch-eager", "torch-compile")


def generator():
    sources = ("resnet50.py", "resnet_training.py", "torch_training.py")
    return "".join((HERE / name).read_text() for name in sources)


def folder_of(options, depth, batch):
    """Parameters, images, labels, and what f64 makes of them; made where they are not there."""
    folder = options.models / f"training_resnet{depth}_batch{batch}_seed{options.seed}"
    stamp = folder / "generator.txt"
    if stamp.exists() and stamp.read_text() == generator():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    print(f"Making {folder}", file=sys.stderr)
    folder.mkdir(parents=True)
    resnet_training.write(folder, resnet_training.graph(depth), options.seed, batch)
    subprocess.run([sys.executable, HERE / "torch_training.py", "reference", folder, "--depth", str(depth)], check=True)
    stamp.write_text(generator())
    return folder


def candidates(options, folder, depth, threads):
    """(name, command) of each."""
    yield "septet", [options.bench_training, folder, "--images", folder / "images.npy", "--labels",
                     folder / "labels.npy", "--serve", "--threads", threads, *DESCENT]
    for kind in options.rivals:
        yield kind, [sys.executable, HERE / "torch_training.py", kind, folder, "--depth", depth, "--threads", threads,
                     *DESCENT]


def differences(one, folder):
    """(of the loss, of the worst gradient, which that is)."""
    wanted = json.loads((folder / "loss.json").read_text())
    worst, where = -1.0, ""
    with tempfile.TemporaryDirectory() as its:
        loss = float(one.ask(f"gradients {its}"))
        for path in sorted((folder / "gradients").iterdir()):
            reference, got = np.load(path), np.load(pathlib.Path(its) / path.name).astype(np.float64)
            if got.shape != reference.shape:
                raise RuntimeError(f"{one.name}: {path.name} is {got.shape}, not {reference.shape}")
            difference = float(np.linalg.norm(got - reference) / np.linalg.norm(reference))
            if not difference <= worst:  # NaN, too
                worst, where = difference, path.stem
    return abs(loss - wanted) / wanted, worst, where


def what_is_wrong(one, folder, tolerance):
    """Lines; none: nothing."""
    loss, one.difference, where = differences(one, folder)
    if not loss <= LOSS_TOLERANCE:  # NaN neither
        yield f"{one.name}: the loss differs by {loss:.2e} of itself; {LOSS_TOLERANCE:.0e} is tolerated"
    if not one.difference <= tolerance:
        yield (f"{one.name}: {where}'s gradient differs by {one.difference:.2e} of its norm; {tolerance:.1e} is "
               "tolerated")


def run_one(options, depth, batch, threads):
    """A table. None if results disagree."""
    folder = folder_of(options, depth, batch)
    workers, wrong = [], []
    try:
        for name, command in candidates(options, folder, depth, threads):
            new = Worker(name, command, threads)
            workers.append(new)
            wrong += what_is_wrong(new, folder, TOLERANCE[depth])
            new.pin(options.cores[:threads])
        if wrong:
            print("\n".join(wrong), file=sys.stderr)
            return None
        rounds = measure(workers, options.rounds, options.burst, threads, warm_ups=1)
    finally:
        for each in workers:
            each.close()
    entries = [{"name": each.name, "version": each.version, "difference": each.difference, "waited": rounds.waited[i],
                "ms": rounds.ms[i]} for i, each in enumerate(workers)]
    return {"network": f"ResNet-{depth}", "batch": batch, "threads": threads, "candidates": with_ratios(entries)}


def show(result):
    print(f"\n{result['network']}, a step of training, batch {result['batch']}, f32, {threads_text(result)}\n")
    print(f"  {'':16}{'ms':>9}{'quartiles':>21}{'gradients differ':>18}{'waited':>8}")
    for one in result["candidates"]:
        low, median, high = quartiles(one["ms"])
        print(f"  {one['name']:16}{median:9.1f}{low:12.1f} –{high:7.1f}{one['difference']:18.1e}{one['waited']:8.0%}")
    for one in result["candidates"]:
        if "ratio" in one:
            ratio = one["ratio"]
            print(f"  {one['name']} over {ratio['rival']}, round by round: {ratio['median']:.2f} "
                  f"({ratio['lower_quartile']:.2f} – {ratio['upper_quartile']:.2f})")
    sys.stdout.flush()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     prog="scripts/bench.sh training")
    parser.add_argument("--depths", type=numbers, default=[18], help="of ResNets: 18,50")
    parser.add_argument("--batches", type=numbers, default=[8, 16], help="8,16")
    parser.add_argument("--threads", type=numbers,
                        default=sorted({1, min(2, len(os.sched_getaffinity(0)))}), help="1,2")
    parser.add_argument("--rivals", type=names(RIVALS), default=list(RIVALS), help=",".join(RIVALS))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--burst", type=int, default=2, help="steps of a candidate in a round (2)")
    parser.add_argument("--seed", type=int, default=1, help="of parameters, images and labels")
    parser.add_argument("--json", type=pathlib.Path, help="write everything that was measured to this file")
    parser.add_argument("--models", type=pathlib.Path, required=True, help="folder for the models")
    parser.add_argument("--bench-training", type=pathlib.Path, required=True, help="the program")
    options = parser.parse_args()
    options.cores = sorted(os.sched_getaffinity(0), reverse=True)
    if not set(options.depths) <= set(TOLERANCE):
        parser.error("--depths: want 18, 50 or both")
    if min(options.threads) < 1 or max(options.threads) > len(options.cores):
        parser.error(f"--threads: want numbers from 1 to {len(options.cores)}")
    if min(*options.batches, options.rounds, options.burst) < 1:
        parser.error("--batches, --rounds, --burst: want 1 or more")
    if options.json and not options.json.absolute().parent.is_dir():
        parser.error(f"--json {options.json}: there is no such folder")
    return options


def main():
    options = arguments()
    print(f"{cpu()}, {len(options.cores)} cores; seed {options.seed}; medians of {options.rounds} rounds of bursts of "
          f"{options.burst}")
    wanted = [(depth, batch, threads) for depth in options.depths for batch in options.batches
              for threads in options.threads]
    results = []
    for depth, batch, threads in wanted:
        if result := run_one(options, depth, batch, threads):
            show(result)
            results.append(result)
    versions = {one["version"] for result in results for one in result["candidates"]}
    print(f"\nVersions: {', '.join(sorted(versions))}")
    if options.json:
        options.json.write_text(json.dumps({"cpu": cpu(), "seed": options.seed, "rounds": options.rounds,
                                            "burst": options.burst, "results": results}, indent=1) + "\n")
    return 0 if len(results) == len(wanted) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, OSError, subprocess.CalledProcessError) as problem:
        print(f"scripts/bench.sh training: {problem}", file=sys.stderr)
        sys.exit(1)
