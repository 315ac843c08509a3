# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""golden_test.py GOLDEN_PY GOLDEN_C WORK [SEPTET]: examples/python/golden.py on its own files, on those of
examples/c/golden.c, and on files and dumps that are wrong. Both write what `SEPTET export` writes, byte for byte."""
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np

script, program, work = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
sys.path.insert(0, str(script.parent))
import golden

septet = "".join(sys.argv[4:])  # empty where the command is not built
failures = 0


def run(status, said, *arguments):
    """Runs golden.py, which has to exit with `status` and to say something that matches."""
    global failures
    done = subprocess.run([sys.executable, "-B", "-W", "error", script, *arguments], capture_output=True, text=True)
    good = done.returncode == status and re.search(said, done.stdout if status < 2 else done.stderr)
    failures += not good
    print(f"{'ok   ' if good else 'WRONG'} {done.returncode} {done.stdout}{done.stderr}".rstrip())


def changed(name, line, text):
    """A dump: a file of `folder` with line `line` (0: the comment) replaced."""
    lines = (folder / f"{name}.hex").read_text().splitlines()
    lines[line:line + 1] = text
    dump = work / "dump.hex"
    dump.write_text("\n".join(lines) + "\n")
    return dump


def same_as_export(shape, *options):
    """The files of `folder` against those of `septet export`, of the same operands."""
    global failures
    if not septet:
        return
    m, k, n = shape
    for name, rows, cols in (("a_dense", m, k), ("b", k, n)):
        np.save(work / f"{name}.npy", golden.read_hex(folder / f"{name}.hex", "int8", rows * cols).reshape(rows, cols))
    exported = work / "exported"
    subprocess.run([septet, "export", work / "a_dense.npy", work / "b.npy", "-o", exported, "--dataflow", dataflow,
                    *options], check=True, stdout=subprocess.DEVNULL)
    files = sorted(path.name for path in folder.iterdir())
    good = len(files) == 6 and all((folder / file).read_bytes() == (exported / file).read_bytes() for file in files)
    failures += not good
    print(f"{'ok   ' if good else 'WRONG'} septet export: {' '.join(files)}")
    run(0, f"{dataflow}: {m * n} values equal", "check", exported, exported / "c_expected.hex")


shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
for i, dataflow in enumerate(("dOS", "dWS", "dIS", "sOS", "sWS", "sIS", "csOS")):
    folder = work / dataflow
    timing = ("serial", "overlapped", "scalesim")[i % 3]
    run(0, f"11 x 7 x 13, {dataflow}: .* cycles", "write", folder, "--shape", "11x7x13", "--dataflow", dataflow, "--array",
        "3x5", "--timing", timing)
    run(0, f"{dataflow}: 143 values equal; [1-9][0-9]* cycles", "check", folder, folder / "c_expected.hex")
    same_as_export((11, 7, 13), "--array", "3x5", "--timing", timing)
    folder = work / f"c_{dataflow}"
    folder.mkdir()
    subprocess.run([program, dataflow, folder], check=True, stdout=subprocess.DEVNULL)
    run(0, f"24 x 40 x 20, {dataflow}: 480 values equal", "check", folder, folder / "c_expected.hex")
    same_as_export((24, 40, 20), "--array", "4x8")

folder = work / "sWS"
right = (folder / "c_expected.hex").read_text().split()[-143:]  # without the comment
dump = work / "dump.hex"
dump.write_text(f"/* what a\nsimulator\nwrote */ @8e {right[142]}\n// 0\n@00000000\n" + "\n".join(right[:142]).upper())
run(0, "143 values equal", "check", folder, dump)
dump.write_text("// a /* in a line\n" + "\n".join(right) + "/* // in a block */ // */\n")
run(0, "143 values equal", "check", folder, dump)
wrong = f"{int(right[27], 16) ^ 0x80000000:08x}"
run(1, r"C\[2\]\[1\] is -?\d+, expected -?\d+; 1 of 143 values differ$", "check", folder, changed("c_expected", 28, [wrong]))
run(2, r"dump.hex:29: 0000x000 has unknown digits", "check", folder, changed("c_expected", 28, ["0000x000"]))
run(2, r"dump.hex:29: 12345678a is no word of 32 bits", "check", folder, changed("c_expected", 28, ["12345678a"]))
run(2, r"dump.hex:29: -1 is no word of 32 bits", "check", folder, changed("c_expected", 28, ["-1"]))
run(2, r"dump.hex: 142 words; 143 are due", "check", folder, changed("c_expected", 28, []))
run(2, r"dump.hex:145: 00000000 is beyond the 143 words", "check", folder, changed("c_expected", 144, ["00000000"]))
run(2, r"dump.hex:30: 00000000 is there twice", "check", folder, changed("c_expected", 28, ["@1", "00000000"]))
run(2, r"nothing.hex: .*No such file", "check", folder, work / "nothing.hex")
run(2, r"options.array: 0 x 4", "write", work / "refused", "--array", "0x4")
run(2, r"golden.py: too large", "write", work / "refused", "--shape", "999999999x999999999x1")
run(2, r"argument --shape: 3x4 is not like", "write", work / "refused", "--shape", "3x4")
if (work / "refused").exists():
    failures += 1
    print("WRONG something was written though it was refused")

if septet:  # what the sizes do not say is in the manifest
    exported, operands = work / "exported", [work / "a_dense.npy", work / "b.npy"]
    def export(*options):
        subprocess.run([septet, "export", *operands, "-o", exported, "--array", "4x8", "--dataflow", "csOS", *options],
                       check=True, stdout=subprocess.DEVNULL)
    export("--combine", "first-fit", "--window", "5")
    run(0, "csOS: 480 values equal", "check", exported, exported / "c_expected.hex")
    run(1, r"of 480 values differ \(septet compare", "check", exported, exported / "c_start.hex")
    export("--accumulator", "s16")
    run(2, "manifest.json: not of sums of 32 bits that wrap", "check", exported, exported / "c_expected.hex")
    export("--accumulator", "s32,clamp")
    run(2, "manifest.json: not of sums of 32 bits that wrap", "check", exported, exported / "c_expected.hex")

shutil.copy(changed("a", 3, ["55"]), folder / "a.hex")
run(1, "a.hex is not what sWS streams", "check", folder, folder / "c_expected.hex")
shutil.copy(changed("sizes", 2, ["00000009"]), folder / "sizes.hex")
run(2, "sizes.hex: not of int8", "check", folder, folder / "c_expected.hex")
sys.exit(1 if failures else 0)
