# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
"""Workers that take turns, and what their times say."""
import dataclasses
import os
import subprocess
import tempfile
import time

import numpy as np

PAUSE_S = 0.02  # idle threads of the program before stop spinning
WARM_UPS = 2
ATTEMPTS, BEARABLE = 4, 0.01  # of a burst of several threads: as in bench/measure.cpp


class Worker:
    """A process of worker.py or bench_network --serve. `missing`: why it is not there, or ""."""

    def __init__(self, name, command, threads):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), PYTHONWARNINGS="ignore",
                           TORCHINDUCTOR_COMPILE_THREADS="1")
        self.name, self.missing, self.difference = name, "", None
        self.errors = tempfile.TemporaryFile("w+")  # compilers and quantisers are talkative: shown if it fails
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True, env=environment)
        word, _, rest = self.answer().partition(" ")
        if word == "missing":
            self.missing = rest
            self.close()
        elif word != "ready":
            raise RuntimeError(f"{name}: '{word} {rest}' instead of 'ready'")
        self.version = rest

    def answer(self):
        line = self.process.stdout.readline()
        if line.startswith("error"):
            raise RuntimeError(f"{self.name}: {line.strip()}")
        if not line:
            self.errors.seek(0)
            last = (self.errors.read().strip().splitlines() or [""])[-1]
            raise RuntimeError(f"{self.name}: has ended with exit code {self.process.wait()}: {last}")
        return line.strip()

    def ask(self, order):
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        return self.answer()

    def logits(self):
        return np.array(self.ask("logits").split(), dtype=np.float64)

    def run(self, count):
        """Milliseconds of all runs, and those for which its threads waited for a core."""
        elapsed, waited = self.ask(f"run {count}").split("|")[1].split()
        return float(elapsed), float(waited)

    def pin(self, cores):
        """All its threads, now that they are there: compiling was free to take what there is."""
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            try:
                os.sched_setaffinity(int(task), cores)
            except ProcessLookupError:
                pass  # the thread has ended

    def close(self):
        self.process.stdin.close()
        self.process.wait()


@dataclasses.dataclass
class Rounds:
    ms: list      # per worker, per round: of one inference
    waited: list  # per worker: share of the time


def burst(worker, count, threads):
    """(ms, waited). With one thread waiting is taken off; a disturbed burst of more is repeated, and the least
    disturbed one counts."""
    if threads == 1:
        ms, waited = worker.run(count)
        return ms - waited, waited
    best = None
    for _ in range(ATTEMPTS):
        ms, waited = worker.run(count)
        if best is None or waited < best[1]:
            best = ms, waited
        if best[1] <= BEARABLE * best[0]:
            break
    return best


def measure(workers, rounds, count, threads, warm_ups=WARM_UPS):
    """Turns; every round begins with another worker, so that none always follows the same one."""
    ms, waited = [[] for _ in workers], [0.0 for _ in workers]
    for number in range(rounds):
        for place in range(len(workers)):
            i = (number + place) % len(workers)
            time.sleep(PAUSE_S)
            workers[i].run(warm_ups)
            took, lost = burst(workers[i], count, threads)
            ms[i].append(took / count)
            waited[i] += lost
    return Rounds(ms, [lost / (sum(took) * count + lost) for took, lost in zip(ms, waited)])


def quartiles(values):
    return [float(value) for value in np.percentile(values, (25, 50, 75))]


def ratios(theirs, ours):
    """Round by round, how many times `ours` goes into `theirs`: above 1, ours took less time."""
    return [a / b for a, b in zip(theirs, ours)]
