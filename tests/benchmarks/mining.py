"""Mistakes per second of the main job on Ray, against the paper's procedure one candidate at a time.

    make bench

Same panel, same seeds and moves, both in one run and in turn; medians over the rounds. One at a time, all
five networks see every candidate, as the paper counts; lazily, the target is asked first, then its peers
until one objects. The whole command includes the start of Ray and of its processes, and the report.
"""

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from outvoted.actors.mining.planning import MiningFigures
from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import MINE
from tests.benchmarks.sequential import Sequential

CONFIG = Path(__file__).parents[2] / "configs" / "mnist.yaml"
ROUNDS = 3
REPLICAS = 20
"""Replicas (searches for each of the five targets) that each sequential round gets."""


@dataclass(frozen=True)
class Rate:
    """What was done in a time; ``inferences`` are forward passes that were really run."""

    seconds: float
    mistakes: int
    candidates: int
    inferences: int

    @property
    def per_second(self) -> float:
        """Mistakes per second."""
        return self.mistakes / self.seconds


def sequential(run: OpenedRun, round_: int, lazy: bool) -> Rate:
    """Time the reference on the next replicas."""
    data = run.data
    networks = [member.build(data.shape, data.classes).eval() for member in run.peers]
    images = torch.tensor(data.train.images).float()
    search = run.search
    reference = Sequential(
        networks, images, data.train.labels.tolist(), search.transform, search.patience, search.seed, lazy
    )
    began = time.perf_counter()
    with torch.inference_mode():
        replicas = range(round_ * REPLICAS, (round_ + 1) * REPLICAS)
        ended = [
            found
            for replica in replicas
            for target in range(len(networks))
            if (found := reference.search(replica, target)) is not None
        ]
    return Rate(
        time.perf_counter() - began,
        sum(search.mistake for search in ended),
        sum(search.candidates for search in ended),
        sum(search.inferences for search in ended),
    )


def mined(store: RunFolder) -> tuple[Rate, Rate]:
    """Time the main job: mining alone, and the whole command with Ray's start."""
    began = time.perf_counter()
    launch(Job(MINE, read(MineConfig, CONFIG), store), Console(quiet=True))
    whole = time.perf_counter() - began
    record: RunRecord = store.read_record()
    rows = Shards(store.path).frame("searches")
    counts = (
        int((rows["outcome"] == "mistake").sum()),
        int(rows["candidates"].sum()),
        int((rows["inferences_target"] + rows["inferences_peers"]).sum()),
    )
    return Rate(MiningFigures.of(record).seconds, *counts), Rate(whole, *counts)


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    console = Console()
    rates: dict[str, list[Rate]] = {}
    with tempfile.TemporaryDirectory() as folder:
        mined(RunFolder(Path(folder) / "warm-up"))  # trains the panel
        for number in range(ROUNDS):
            store = RunFolder(Path(folder) / f"round-{number}")
            alone, whole = mined(store)
            opened = OpenedRun(store)
            for name, rate in {
                "one at a time": sequential(opened, number, lazy=False),
                "one at a time, lazily": sequential(opened, number, lazy=True),
                "mining on Ray": alone,
                "the whole command": whole,
            }.items():
                rates.setdefault(name, []).append(rate)
                console.print(name, rate)
    console.print(_table(rates))


def _table(rates: dict[str, list[Rate]]) -> Table:
    base, lazy, *_ = rates.values()
    names = ("", "mistakes/s", "ratio", "to lazily", "candidates/s", "inferences/s")
    table = Table(*names, title=f"medians of {ROUNDS} rounds")
    for name, found in rates.items():
        table.add_row(
            name,
            f"{statistics.median(rate.per_second for rate in found):.1f}",
            *(f"{_ratio(found, other):.1f}" for other in (base, lazy)),
            f"{statistics.median(rate.candidates / rate.seconds for rate in found):,.0f}",
            f"{statistics.median(rate.inferences / rate.seconds for rate in found):,.0f}",
        )
    return table


def _ratio(found: list[Rate], base: list[Rate]) -> float:
    """Compare mistakes per second round by round."""
    return statistics.median(
        one.per_second / other.per_second for one, other in zip(found, base, strict=True)
    )


if __name__ == "__main__":
    main()
