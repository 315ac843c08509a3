# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""prune_digits_test.py FOLDER SEPTET WORK: the example in FOLDER, with a network so small that it learns in seconds; what
it refuses."""
import contextlib
import io
import json
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np

septet, work = sys.argv[2], pathlib.Path(sys.argv[3])
sys.path.insert(0, sys.argv[1])
import prune_digits  # noqa: E402

SMALL = ["--width", "8", "--epochs", "20", "--retrain", "4", "--goals", "1.5,2.5", "--batch", "16", "--array", "4x4"]


def run(*arguments):
    """Exit code, and what it said."""
    sys.argv = ["prune_digits.py", "--septet", septet, *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            code = prune_digits.main()
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), err.getvalue()


def check(condition, what):
    if not condition:
        sys.exit(f"prune_digits_test.py: {what}")


def refused(part, *arguments):
    code, _, err = run(*arguments)
    check(code == 2 and part in err, f"{arguments}: {code}, {err}")


def digits(count, seed):
    """Ten patterns, with noise: 64 pixels and a label a line."""
    labels = np.arange(count) % 10
    patterns = 11 * np.random.default_rng(0).integers(0, 2, (10, 4, 4)).repeat(2, 1).repeat(2, 2)
    images = patterns[labels] + np.random.default_rng(seed).integers(0, 6, (count, 8, 8))
    return "\n".join(",".join(map(str, [*image.reshape(-1), label])) for image, label in zip(images, labels)) + "\n"


shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
files = [str(work / "train.csv"), str(work / "test.csv")]
for seed, (file, count) in enumerate(zip(files, (400, 100)), 1):
    pathlib.Path(file).write_text(digits(count, seed))

code, out, err = run("--uci", *files, *SMALL, "--output", str(work / "network"))
print(out, err)
check(code == 0, f"exit code {code}")
rows = {match[1]: [float(number) for number in re.findall(r"[\d.]+", match[2])]
        for match in re.finditer(r"^(dense|[\d.]+x) (.*)$", out, re.M)}
check(list(rows) == ["dense", "1.5x", "2.5x"], "not three lines")
for name, goal in (("1.5x", 1.5), ("2.5x", 2.5)):
    zeros, cycles, fewer, _, _, accuracy = rows[name]
    check(fewer >= goal and cycles < rows["dense"][1], f"{name}: the goal is not met")
    check(zeros > 20 and accuracy > 60, f"{name}: nothing pruned, or nothing learned")
command = [septet, "network", work / "network", "--array", "4x4", "--json", "-"]
report = subprocess.run(command, capture_output=True, check=True)
check(json.loads(report.stdout)["cycles_array"] == rows["2.5x"][1], "--output has another network")
check(np.load(work / "network" / "labels.npy").shape == (16,), "not 16 labels")

refused("rise", "--goals", "3,2")
refused("is there already", "--output", str(work))
refused("below 1", "--width", "0")
refused("--batch: 401 is more", "--uci", *files, "--batch", "401")
refused("no.csv", "--uci", "no.csv", "no.csv")
pathlib.Path(files[1]).write_text("1,2,3\n")
refused("test.csv: not 64 pixels", "--uci", *files)
refused("test.csv: no idx file", "--mnist", files[1], files[1])
