"""Networks trained together against a process for each network, on two cores; on a GPU against one by one.

    python -m tests.benchmarks.sweeping                       # or, with networks, epochs and images of a job:
    python -m tests.benchmarks.sweeping --job 12x1x2000 --rounds 1

784-256-10 with sigmoids, batches of 64, Adam. Both sides use two processes at a time with one thread each.
Stacked: each of two processes trains half of the networks as one stack. One by one: every network gets a
fresh process, which trains a plain torch network as `actors/training.py` does. The whole job counts from
before the first process starts to the end of the last; steps are what the processes themselves time around
their training. Sides take turns; ratios are medians over the rounds. Nothing is measured after epochs but
what either side trains with: `outvoted sweep` adds the same measures to both.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import torch
from rich.console import Console
from rich.table import Table
from torch.nn import functional

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, DataSettings, Split
from outvoted.actors.networks import MLP
from outvoted.actors.training.stacked_training import StackedTraining, Trainee
from outvoted.actors.training.steps import Training

FORM = MLP(hidden=256, activation="sigmoid")
PROCESSES = 2
TOGETHER = 33  # on a GPU: eleven temperatures, three seeds


@dataclass(frozen=True)
class Job:
    """How many networks are trained for how many epochs on how many images."""

    networks: int
    epochs: int
    images: int

    @classmethod
    def read(cls, text: str) -> "Job":
        """Read NETWORKSxEPOCHSxIMAGES."""
        return cls(*map(int, text.split("x")))

    def __str__(self) -> str:
        return f"{self.networks}x{self.epochs}x{self.images}"

    @property
    def steps(self) -> int:
        """Steps of all networks."""
        return self.networks * self.epochs * -(-self.images // Training().batch_size)


JOBS = (Job(6, 3, 10_000), Job(12, 3, 10_000), Job(6, 1, 60_000))


@dataclass(frozen=True)
class Times:
    """Seconds of the whole job, and of its training in the processes' own time, summed over them."""

    whole: float
    training: float


def main() -> None:
    """Measure and print, or be one of the processes that are measured."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--job", type=Job.read, action="append", help="NETWORKSxEPOCHSxIMAGES; repeatable")
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--train", choices=SIDES, help=argparse.SUPPRESS)
    asked = words.parse_args()
    torch.set_num_threads(1)
    if asked.train:
        print(json.dumps(SIDES[asked.train](asked.job[0])))
        return
    console = Console()
    table = Table("job", *(f"{what}, {side}" for what in ("whole s", "µs a step") for side in SIDES))
    for name in ("whole", "steps"):
        table.add_column(f"{name}: ratio")
    for job in asked.job or JOBS:
        table.add_row(str(job), *_measured(job, asked.rounds, console))
    console.print(table)
    if torch.cuda.is_available():
        for job in asked.job or JOBS:
            _on_a_gpu(Job(TOGETHER, job.epochs, job.images), asked.rounds, console)


def _measured(job: Job, rounds: int, console: Console) -> list[str]:
    """Let both sides take turns; return cells of the table: medians, and medians of the rounds' ratios."""
    found: dict[str, list[Times]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side, times in found.items():
            times.append(_timed(side, job))
            console.print(f"{job}, {side}: {times[-1]}")
    medians = [statistics.median(one.whole for one in times) for times in found.values()]
    steps = [statistics.median(one.training for one in times) / job.steps * 1e6 for times in found.values()]
    pairs = list(zip(*found.values(), strict=True))
    ratios = [
        statistics.median(alone.whole / stacked.whole for stacked, alone in pairs),
        statistics.median(alone.training / stacked.training for stacked, alone in pairs),
    ]
    return [*(f"{m:.1f}" for m in medians), *(f"{s:.0f}" for s in steps), *(f"{r:.2f}" for r in ratios)]


def _timed(side: str, job: Job) -> Times:
    """Run a side's processes, two at a time."""
    if side == "stacked":
        first = job.networks // PROCESSES
        sizes = [size for size in (first, job.networks - first) if size]
    else:
        sizes = [1] * job.networks
    began = time.perf_counter()
    with ThreadPoolExecutor(PROCESSES) as pool:
        parts = [Job(size, job.epochs, job.images) for size in sizes]
        training = sum(pool.map(_process, repeat(side), parts))
    return Times(time.perf_counter() - began, training)


def _process(side: str, job: Job) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.sweeping", "--train", side, "--job", str(job)]
    cores = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    ended = subprocess.run(command, check=True, capture_output=True, text=True, env=cores)
    return float(json.loads(ended.stdout))


def _data(images: int) -> Dataset:
    """Return the packaged digits, or all of MNIST where more are asked for, cut to so many."""
    sample = datasets.load(DataSettings())
    data = sample if images <= len(sample.train) else datasets.load(DataSettings(name="mnist"))
    return Dataset(
        data.name, data.folder, Split(data.train.images[:images], data.train.labels[:images]), data.test
    )


def _stacked(job: Job) -> float:
    """Train a stack, and return the seconds of its epochs."""
    data = _data(job.images)
    trainees = [Trainee(FORM, seed) for seed in range(job.networks)]
    training = StackedTraining(trainees, Training(), data.train, data.shape, data.classes)
    return _seconds(training.advance, job.epochs)


def _plain(job: Job) -> float:
    """Train networks one after the other, plainly, and return the seconds of their epochs."""
    data = _data(job.images)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    images = torch.tensor(data.train.images).to(device)
    labels = torch.tensor(data.train.labels).to(device)
    total = 0.0
    for seed in range(job.networks):
        torch.manual_seed(seed)
        network = FORM.build(data.shape, data.classes).to(device)
        optimizer = torch.optim.Adam(network.parameters())

        def epoch(
            network: torch.nn.Module = network, optimizer: torch.optim.Optimizer = optimizer
        ) -> Sequence[float]:
            loss_sum = 0.0
            order = torch.randperm(len(labels)).to(device)
            for rows in torch.split(order, Training().batch_size):
                loss = functional.cross_entropy(network(images[rows].float() / 255), labels[rows])
                optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(loss)
                optimizer.step()
                loss_sum += float(loss.detach()) * len(rows)
            return [loss_sum / len(labels)]

        total += _seconds(epoch, job.epochs)
    return total


def _seconds(epoch: Callable[[], Sequence[float]], epochs: int) -> float:
    began = time.perf_counter()
    for _ in range(epochs):
        epoch()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def _on_a_gpu(job: Job, rounds: int, console: Console) -> None:
    """Compare one stack with one network after the other, in this process, the first round unmeasured."""
    found = [(_stacked(job), _plain(job)) for _ in range(rounds + 1)][1:]
    ratio = statistics.median(plain / stacked for stacked, plain in found)
    stacked, plain = (statistics.median(times) for times in zip(*found, strict=True))
    console.print(f"{torch.cuda.get_device_name()}, {job}: stacked {stacked:.2f} s, one by one {plain:.2f} s")
    console.print(f"one by one / stacked: {ratio:.1f}, median of {rounds} rounds")


SIDES: dict[str, Callable[[Job], float]] = {"stacked": _stacked, "one by one": _plain}

if __name__ == "__main__":
    main()
