"""Mistakes per second of the main job on Ray, against the paper's procedure one candidate at a time.

    make bench

Same panel, same seeds and moves, both in one run and in turn. One at a time, all five networks see every
candidate, as the paper counts; lazily, the target is asked first, then its peers until one objects. Other
strategies run on the same panel. The whole command includes the start of the cells, the referee and
the report; Ray itself runs already.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from rich.console import Console

from outvoted.actors.mining.planning import MiningFigures
from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import MINE
from outvoted.cluster.ray.connect import LOCAL, connected
from tests.benchmarks.panels import CONFIGS
from tests.benchmarks.sequential import InProcess, Sequential

REPLICAS = 60
"""Replicas (searches for each of the five targets) that each sequential round gets."""
STRATEGIES = ("hillclimb", "genetic", "auto", "map-elites")


@dataclass(frozen=True)
class Rate:
    """What was done in a time; ``inferences`` are forward passes that were really run."""

    seconds: float
    mistakes: int
    candidates: int
    inferences: int


def sequential(run: OpenedRun, round_: int, lazy: bool) -> Rate:
    """Time the reference on the next replicas."""
    data, search = run.data, run.search
    networks = InProcess([member.build(data.shape, data.classes).eval() for member in run.peers])
    images = torch.tensor(data.train.images).float()
    reference = Sequential(
        networks, images, data.train.labels.tolist(), search.transform, search.patience, search.seed, lazy
    )
    began = time.perf_counter()
    with torch.inference_mode():
        replicas = range(round_ * REPLICAS, (round_ + 1) * REPLICAS)
        ended = [
            found
            for replica in replicas
            for target in range(networks.size)
            if (found := reference.search(replica, target)) is not None
        ]
    return Rate(
        time.perf_counter() - began,
        sum(search.mistake for search in ended),
        sum(search.candidates for search in ended),
        sum(search.inferences for search in ended),
    )


def mined(store: RunFolder, strategy: str, per_target: int) -> tuple[Rate, Rate]:
    """Time a run: mining alone, and the whole command."""
    overrides = [f"search.strategy.kind={strategy}", f"search.per_target={per_target}"]
    config = read(MineConfig, CONFIGS / "mnist.yaml", overrides)
    began = time.perf_counter()
    launch(Job(MINE, config, store), Console(quiet=True))
    whole = time.perf_counter() - began
    rows = Shards(store.path).frame("searches")
    counts = (
        Shards(store.path).units.read_all("mistakes", columns=["search_id"]).num_rows,
        int(rows["candidates"].sum()),
        int((rows["inferences_target"] + rows["inferences_peers"]).sum()),
    )
    return Rate(MiningFigures.of(store.read_record()).seconds, *counts), Rate(whole, *counts)


def measured(folder: Path, rounds: int, per_target: int, console: Console) -> Iterator[dict[str, Any]]:
    """Let all take turns, round after round; the first run, which trains the panel, is not counted."""
    mined(RunFolder(folder / "warm-up"), "hillclimb", 20)
    for number in range(rounds):
        found: dict[str, Rate] = {}
        for strategy in STRATEGIES:
            store = RunFolder(folder / f"{strategy}-{number}")
            found[f"`{strategy}` on Ray"], whole = mined(store, strategy, per_target)
            if strategy == STRATEGIES[0]:
                found[f"the whole command, `{strategy}`"] = whole
                run = OpenedRun(store)
        found["one at a time, all networks see every candidate"] = sequential(run, number, lazy=False)
        found["one at a time, lazily"] = sequential(run, number, lazy=True)
        for name in sorted(found, key=lambda name: not name.startswith("one")):
            console.print(name, found[name])
            yield {"contender": name, "round": number, **asdict(found[name])}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("bench/mining.parquet"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--searches", type=int, default=1000, help="for each target")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, connected(LOCAL):
        rows = [*measured(Path(folder), given.rounds, given.searches, Console())]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_parquet(given.out)


if __name__ == "__main__":
    main()
