#!/usr/bin/env python3
# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Accuracy against cycles and CPU time of networks that were pruned and retrained (examples/python/prune_digits.py): the
points that `septet prune --points` draws.

    prune.py RECORDS --uci optdigits.tra optdigits.tes --width 16 --widths 8,12,24 --seeds 0,1,2
    prune.py RECORDS --uci … --width 16 --seeds 0 --arrays 4x4,8x8,32x32 --series sOS,sWS,sIS,csOS
    prune.py RECORDS --times                     # CPU time of all networks that are recorded, on a quiet machine
    prune.py RECORDS --points points.json        # what is recorded, of all networks, for the figure; and a table

RECORDS is a folder: a line of JSON for each point, in a file of its own for each process, the trained dense networks, and
the integer networks (networks/).
What is there is not done again, so that a run may be stopped, and several may share the work by seeds. All series start
from the same dense network and are retrained alike, as often and as long; nothing is chosen by the test images.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "python"))
import digits_training as training  # noqa: E402
import prune_digits  # noqa: E402

# Flags of `septet prune`, and the dataflow in which `septet network` counts.
SERIES = {"auto": (["--dataflow", "auto"], "auto"),
          "auto permuted": (["--dataflow", "auto", "--permute"], "auto"),
          "unstructured": (["--group", "weights"], "auto"),
          **{name: (["--dataflow", name], name) for name in ("sOS", "sWS", "sIS", "csOS")}}
KEYS = ("network", "series", "array", "goal", "seed")
DRAWN = (*KEYS, "accuracy", "cycles", "cpu_seconds")


class Records:
    """Points in a folder; new ones go into one file, which no other process writes."""

    def __init__(self, folder):
        self.folder, self.networks = folder, folder / "networks"
        self.networks.mkdir(parents=True, exist_ok=True)
        files = sorted(folder.glob("*.jsonl"))
        self.points = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        self.file = folder / f"{os.getpid()}.jsonl"
        self.times_file = folder / "times.json"
        self.times = json.loads(self.times_file.read_text()) if self.times_file.is_file() else {}
        for point in self.points:
            point.update(self.times.get(point["folder"], {}))

    def has(self, what):
        return any(all(point.get(key) == what[key] for key in (*KEYS, "settings")) for point in self.points)

    def add(self, point):
        self.points.append(point)
        with open(self.file, "a") as file:
            file.write(json.dumps(point) + "\n")
        print(f"{point['network']} {point['series']:15} {point['array']:6} {point['goal']:6} seed {point['seed']}: "
              f"{100 * point['accuracy']:.2f} %, {point['cycles']} cycles", flush=True)


def settings(given):
    """What else decides a point: only points of the same settings are the same. Goals build on those before them."""
    return f"width {given.width}, {given.epochs} + {given.retrain} epochs, batch {given.batch}, {','.join(given.goals)}"


def record(records, loop, model, what, dataflow):
    measured = loop.measure(model, dataflow)
    name = f"{what['network']}-{what['series']}-{what['array']}-{what['goal']}-{what['seed']}".replace(" ", "_")
    shutil.copytree(measured["folder"], records.networks / name, dirs_exist_ok=True)
    records.add({**what, "batch": loop.batch, **measured, "accuracy": measured["accuracy"] / 100, "folder": name})


def dense_model(given, loop, width, seed):
    """Trained, or from the folder."""
    path = given.records / f"{loop.digits.name}_w{width}_s{seed}_e{given.epochs}.pt"
    model = training.network(loop.image[0], width, seed)
    if path.is_file():
        model.load_state_dict(torch.load(path))
        return model
    training.train(model, loop.train, given.epochs, seed)
    torch.save(model.state_dict(), path)
    return model


def run_dense(given, records, loop, seed):
    for width in [*given.widths, given.width]:
        for array in given.arrays:
            other = "dense, narrower" if width < given.width else "dense, wider"
            series, goal = ("dense", "1") if width == given.width else (other, f"{width} channels")
            what = {"network": loop.digits.name, "series": series, "array": array, "goal": goal, "seed": seed,
                    "settings": settings(given)}
            if not records.has(what):
                loop.septet.array = array
                record(records, loop, dense_model(given, loop, width, seed), what, "auto")


def run_series(given, records, loop, array, series, seed):
    flags, dataflow = SERIES[series]
    whats = [{"network": loop.digits.name, "series": series, "array": array, "goal": goal, "seed": seed,
              "settings": settings(given)} for goal in given.goals]
    if all(records.has(what) for what in whats):
        return
    loop.septet.array = array
    model = dense_model(given, loop, given.width, seed)
    models = prune_digits.pruned_models(loop, model, map(float, given.goals), flags, given.retrain, seed)
    try:
        for what, (_, model) in zip(whats, models):
            if not records.has(what):
                record(records, loop, model, what, dataflow)
    except subprocess.CalledProcessError as problem:
        if problem.returncode != 1:  # a goal out of reach, which septet has said
            raise


def run_seed(given, records, digits, seed):
    septet = prune_digits.Septet(given.septet, given.arrays[0])
    for array in given.arrays:
        for series in given.series:
            with tempfile.TemporaryDirectory() as folder:
                run_series(given, records, prune_digits.Loop(digits, septet, folder, given.batch), array, series, seed)
    with tempfile.TemporaryDirectory() as folder:
        run_dense(given, records, prune_digits.Loop(digits, septet, folder, given.batch), seed)


def as_floats(integers, floats):
    """The network with its weights as f32, so that zeros are where they were, and its inputs."""
    index = json.loads((integers / "index.json").read_text())
    for tensor in (tensor for step in [index, *index["steps"]] for tensor in step["inputs"] + step["outputs"]):
        tensor.update(dtype="float32")
        tensor.pop("scale", None), tensor.pop("zero_point", None)
    for step in index["steps"]:
        for key in set(step.get("files", {})) - {"weight_scale"}:
            np.save(floats / step["files"][key], np.load(integers / step["files"][key]).astype(np.float32))
        step.get("files", {}).pop("weight_scale", None)
    np.save(floats / "inputs.npy", np.load(integers / "inputs.npy").astype(np.float32))
    (floats / "index.json").write_text(json.dumps(index))
    return floats


def measure_times(records, septet, rounds):
    """Of one thread, the least over rounds in which all networks have their turn: of integers, and of their weights as
    f32."""
    times = {point["folder"]: {"cpu_seconds": [], "cpu_seconds_f32": []} for point in records.points}
    for _ in range(rounds):
        for name, lists in times.items():
            lists["cpu_seconds"].append(prune_digits.seconds(septet, records.networks / name))
            with tempfile.TemporaryDirectory() as floats:
                floats = as_floats(records.networks / name, pathlib.Path(floats))
                lists["cpu_seconds_f32"].append(prune_digits.seconds(septet, floats))
    records.times = {name: {key: min(values) for key, values in lists.items()}
                     for name, lists in times.items()}
    records.times_file.write_text(json.dumps(records.times, indent=0) + "\n")
    for point in records.points:
        point.update(records.times[point["folder"]])


def drawn(records, least):
    """Points as `septet prune --points` has them: of the integers, and where there are times of the f32 networks, too;
    accuracies below `least` would press the others flat."""
    points = []
    for point in sorted(records.points, key=lambda point: [point[key] for key in KEYS]):
        points.append({key: point[key] for key in DRAWN if key in point})
        if "cpu_seconds_f32" in point:
            points.append({**points[-1], "network": f"{point['network']}, f32", "accuracy": point["accuracy_float"] / 100,
                           "cpu_seconds": point["cpu_seconds_f32"]})
    return [point for point in points if point["accuracy"] >= least]


def spread(values):
    return f"{statistics.mean(values):.2f} ± {statistics.stdev(values) if len(values) > 1 else 0:.2f}"


def summary(records):
    """A line for each network, series, array and goal: means and standard deviations over seeds, beside the dense network
    of the same seed."""
    groups = {}
    for point in records.points:
        groups.setdefault(tuple(point[key] for key in KEYS[:4]), []).append(point)
    dense = {(point["network"], point["seed"], point["array"]): point
             for point in records.points if point["series"] == "dense"}
    print("network  series            array  goal          seeds: accuracy % (points below dense), cycles, times fewer, "
          "CPU times s8, f32, zeros %")
    for (network, series, array, goal), points in sorted(groups.items()):
        pairs = [(point, dense.get((network, point["seed"], array))) for point in points]
        columns = [spread([100 * point["accuracy"] for point in points])]
        if all(other for _, other in pairs):
            columns[0] += f" ({spread([100 * (other['accuracy'] - point['accuracy']) for point, other in pairs])})"
        columns.append(f"{statistics.mean(point['cycles'] for point in points):.0f}")
        for key in ("cycles", "cpu_seconds", "cpu_seconds_f32"):
            of_dense = "cycles_dense" if key == "cycles" else key
            known = all(key in point and other for point, other in pairs)
            columns.append(spread([other[of_dense] / point[key] for point, other in pairs]) if known else "-")
        columns.append(f"{100 * statistics.mean(point['zeros'] for point in points):.1f}")
        print(f"{network:8} {series:17} {array:6} {goal:13} {len(points):2}:", ", ".join(columns))


def parsed(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    several = lambda kind: lambda text: [kind(word) for word in text.split(",")]
    parser.add_argument("records", type=pathlib.Path)
    parser.add_argument("--uci", nargs=2, metavar=("TRAIN", "TEST"))
    parser.add_argument("--mnist", nargs=2, metavar=("IMAGES", "LABELS"))
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--widths", type=several(int), default=[], help="of other dense networks")
    parser.add_argument("--seeds", type=several(int), default=[0])
    parser.add_argument("--arrays", type=several(str), default=["16x16"])
    parser.add_argument("--series", type=several(str), default=[], help=f"of {', '.join(SERIES)}")
    parser.add_argument("--goals", type=several(str), default=["1.6", "2.3", "3.2", "4.4", "5.5"])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--retrain", type=int, default=15)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--septet", type=pathlib.Path, default=ROOT / "build/bin/septet")
    parser.add_argument("--times", action="store_true", help="measure CPU time of what is recorded")
    parser.add_argument("--rounds", type=int, default=5, help="of that (default 5)")
    parser.add_argument("--points", type=pathlib.Path, help="write them there")
    parser.add_argument("--least", type=float, default=0, help="accuracy that is drawn, 0 to 1 (default 0)")
    given = parser.parse_args(arguments)
    unknown = set(given.series) - set(SERIES)
    if unknown:
        parser.error(f"--series: no {', '.join(sorted(unknown))}")
    return given


def main():
    given = parsed(sys.argv[1:])
    torch.set_num_threads(1)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    records = Records(given.records)
    if given.uci or given.mnist:
        digits = prune_digits.data_of(given)
        for seed in given.seeds:
            run_seed(given, records, digits, seed)
    if given.times:
        measure_times(records, prune_digits.Septet(given.septet, given.arrays[0]), given.rounds)
    summary(records)
    if given.points:
        lines = map(json.dumps, drawn(records, given.least))
        given.points.write_text("{\"points\": [\n" + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main()
