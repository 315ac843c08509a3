#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Whole ResNet-50, batch 1: Septet beside PyTorch and ONNX Runtime, in the same rounds.

Every candidate is a process with the network made ready; they take turns, a few inferences each, while the others
sleep. All have the same weights and the same image, and must give the same class and, within a tolerance, the same
logits: a candidate that does not is an error (exit code 1). scripts/bench.sh network runs this.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np

import make_model
import worker
from measure import Worker, measure, quartiles, ratios

HERE = pathlib.Path(__file__).resolve().parent
# Largest difference of a logit from those of f32 (ONNX Runtime's), in units of the largest logit.
# f32: 54 products, one behind the other, of up to 4608 terms in orders of their own; each has an error of some
# sqrt(4608) 2^-24 = 4e-6 of its outputs, which add up as noise does: 3e-5. int8: a rounding to 8 bits at each of 72
# outputs adds noise of 1/sqrt(12) of a step, some 0.3 % of the values: sqrt(72) 0.3 % = 2.5 %, twice that to be sure.
TOLERANCE = {"f32": 1e-4, "int8": 5e-2}


def described(folder):
    return json.loads((folder / "model.json").read_text())


def folder_of(options, pattern):
    """The model of a pattern ("dense", "1x1", "8x1"), made where it is not there."""
    height = 0 if pattern == "dense" else int(pattern[0])
    zeros = options.zeros if height else 0
    first = "_first" if options.first and height else ""
    folder = options.models / (f"seed{options.seed}_" + (f"{zeros:g}_{pattern}{first}" if height else "dense"))
    if folder.exists() and described(folder).get("generator") != make_model.generator():
        shutil.rmtree(folder)
    if not folder.exists():
        print(f"Making {folder}", file=sys.stderr)
        given = {"--seed": options.seed, "--zeros": zeros, "--height": max(height, 1)}
        subprocess.run([sys.executable, HERE / "make_model.py", folder, *(["--first"] if first else []),
                        *(str(word) for pair in given.items() for word in pair)], check=True)
    return folder


def candidates(options, folder, number_type, threads):
    """(name, command) of each."""
    for form in options.forms:
        yield f"septet {form}", [options.bench_network, folder / number_type, "--serve", "--weights", form, "--input",
                                 folder / "image_last.npy", "--threads", str(threads)]
    for kind, its_type in worker.KINDS:
        if its_type == number_type and kind in options.rivals:
            yield kind, [sys.executable, HERE / "worker.py", kind, folder, number_type, "--threads", str(threads)]


def difference_of(name, logits, reference):
    """The largest, in units of the largest logit."""
    if logits.shape != reference.shape:
        raise RuntimeError(f"{name}: {logits.size} logits, not {reference.size}")
    return float(np.abs(logits - reference).max() / np.abs(reference).max())


def what_is_wrong(one, logits, reference, tolerance):
    """Lines; none: nothing."""
    if not one.difference <= tolerance:  # NaN neither
        yield f"{one.name}: logits differ by {one.difference:.2e} of the largest; {tolerance:.0e} is tolerated"
    if logits.argmax() != reference.argmax():
        yield f"{one.name}: class {logits.argmax()}, not {reference.argmax()}"


def run_one(options, pattern, number_type, threads):
    """A table: one pattern, type and number of threads. None if logits disagree."""
    folder = folder_of(options, pattern)
    reference = np.load(folder / "logits.npy").ravel()
    workers, missing, wrong = [], {}, []
    try:
        for name, command in candidates(options, folder, number_type, threads):
            new = Worker(name, command, threads)
            if new.missing:
                missing[name] = new.missing
                continue
            workers.append(new)
            logits = new.logits()
            new.difference = difference_of(name, logits, reference)
            wrong += what_is_wrong(new, logits, reference, TOLERANCE[number_type])
            new.pin(options.cores[:threads])
        if wrong:
            print("\n".join(wrong), file=sys.stderr)
            return None
        rounds = measure(workers, options.rounds, options.burst, threads)
    finally:
        for each in workers:
            each.close()
    entries = [{"name": each.name, "version": each.version, "difference": each.difference, "waited": rounds.waited[i],
                "ms": rounds.ms[i]} for i, each in enumerate(workers)]
    return {"pattern": pattern, "type": number_type, "threads": threads, "missing": missing,
            "model": described(folder), "candidates": with_ratios(entries)}


def is_ours(entry):
    return entry["name"].startswith("septet")


def with_ratios(entries):
    """Ours, round by round, against the rival with the lowest median."""
    rivals = [entry for entry in entries if not is_ours(entry)]
    for entry in filter(is_ours, entries if rivals else []):
        rival = min(rivals, key=lambda one: quartiles(one["ms"])[1])
        low, median, high = quartiles(ratios(rival["ms"], entry["ms"]))
        entry["ratio"] = {"rival": rival["name"], "median": median, "lower_quartile": low, "upper_quartile": high}
    return entries


def threads_text(result):
    return f"{result['threads']} thread{'s' if result['threads'] > 1 else ''}"


def show(result):
    model = result["model"]
    zeros = f"{model['zero_weights'] / model['weights']:.0%} zeros, {result['pattern']}" if model["zeros"] else "dense"
    print(f"\n{model['network']}, batch 1, {result['type']}, {zeros}, {threads_text(result)}\n")
    print(f"  {'':24}{'ms':>9}{'quartiles':>20}{'logits differ':>15}{'waited':>8}")
    for one in result["candidates"]:
        low, median, high = quartiles(one["ms"])
        print(f"  {one['name']:24}{median:9.2f}{low:11.2f} –{high:7.2f}{one['difference']:15.1e}{one['waited']:8.0%}")
    for name, reason in result["missing"].items():
        print(f"  {name:24} is left out: {reason}")
    for one in result["candidates"]:
        if "ratio" in one:
            ratio = one["ratio"]
            print(f"  {one['name']} over {ratio['rival']}, round by round: {ratio['median']:.2f} "
                  f"({ratio['lower_quartile']:.2f} – {ratio['upper_quartile']:.2f})")
    sys.stdout.flush()


def show_summary(results):
    """A line per type, number of threads and form of weights; a column per pattern."""
    patterns = list(dict.fromkeys(result["pattern"] for result in results))
    lines = {}
    for result in results:
        for one in result["candidates"]:
            if "ratio" in one:
                key = f"{one['name']}, {result['type']}, {threads_text(result)}"
                lines.setdefault(key, {})[result["pattern"]] = f"{one['ratio']['median']:.2f}"
    if lines:
        print("\nOver the fastest rival\n\n  " + " " * 32 + "".join(f"{pattern:>8}" for pattern in patterns))
    for key, ratio in lines.items():
        print(f"  {key:32}" + "".join(f"{ratio.get(pattern, ''):>8}" for pattern in patterns))


def cpu():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def names(known):
    def parse(text):
        given = text.split(",")
        unknown = [name for name in given if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]}: want some of {', '.join(known)}")
        return given
    return parse


def numbers(text):
    if not all(word.isdecimal() for word in text.split(",")):
        raise argparse.ArgumentTypeError(f"{text}: want numbers, with commas between")
    return [int(word) for word in text.split(",")]


def arguments():
    kinds = list(dict.fromkeys(kind for kind, _ in worker.KINDS))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     prog="scripts/bench.sh network")
    parser.add_argument("--types", type=names(["f32", "int8"]), default=["f32", "int8"], help="f32,int8")
    parser.add_argument("--patterns", type=names(["dense", "1x1", "8x1"]), default=["dense", "1x1", "8x1"],
                        help="dense; pruned weight by weight; vectors of 8 outputs: dense,1x1,8x1")
    parser.add_argument("--zeros", type=float, default=0.8, help="share of zeros in pruned layers (0.8)")
    parser.add_argument("--first", action="store_true", help="prune conv1, too")
    parser.add_argument("--threads", type=numbers,
                        default=sorted({1, min(2, len(os.sched_getaffinity(0)))}), help="1,2")
    parser.add_argument("--forms", type=names(["auto", "dense", "sparse"]), default=["auto"],
                        help="of Septet's weights: auto,dense,sparse")
    parser.add_argument("--rivals", type=names(kinds), default=kinds, help=",".join(kinds))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--burst", type=int, default=5, help="inferences of a candidate in a round (5)")
    parser.add_argument("--seed", type=int, default=1, help="of weights and images")
    parser.add_argument("--json", type=pathlib.Path, help="write everything that was measured to this file")
    parser.add_argument("--models", type=pathlib.Path, required=True, help="folder for the models")
    parser.add_argument("--bench-network", type=pathlib.Path, required=True, help="the program")
    options = parser.parse_args()
    options.cores = sorted(os.sched_getaffinity(0), reverse=True)
    if not 0 < options.zeros < 1:
        parser.error(f"--zeros {options.zeros:g}: want a share above 0, below 1")
    if min(options.threads) < 1 or max(options.threads) > len(options.cores):
        parser.error(f"--threads: want numbers from 1 to {len(options.cores)}")
    if options.rounds < 1 or options.burst < 1:
        parser.error("--rounds, --burst: want 1 or more")
    if options.json and not options.json.absolute().parent.is_dir():
        parser.error(f"--json {options.json}: there is no such folder")
    return options


def main():
    options = arguments()
    print(f"{cpu()}, {len(options.cores)} cores; seed {options.seed}; medians of {options.rounds} rounds of bursts of "
          f"{options.burst}")
    results, versions, failed = [], set(), False
    for pattern in options.patterns:
        for number_type in options.types:
            for threads in options.threads:
                result = run_one(options, pattern, number_type, threads)
                if result is None:
                    failed = True
                    continue
                show(result)
                versions |= {one["version"] for one in result["candidates"]}
                results.append(result)
    show_summary(results)
    print(f"\nVersions: {', '.join(sorted(versions))}")
    if options.json:
        options.json.write_text(json.dumps({"cpu": cpu(), "seed": options.seed, "rounds": options.rounds,
                                            "burst": options.burst, "results": results}, indent=1) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, OSError, subprocess.CalledProcessError) as problem:
        print(f"scripts/bench.sh network: {problem}", file=sys.stderr)
        sys.exit(1)
