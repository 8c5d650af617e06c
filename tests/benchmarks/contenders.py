"""Who is measured: a baseline, Outvoted in this process, in a process for each core, and on Ray."""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from rich.console import Console

from outvoted.actors.data.datasets import Split
from outvoted.actors.mining.local_mining import LocalMining
from outvoted.actors.mining.planning import MiningFigures
from outvoted.actors.mining.shards import ShardResult, Shards
from outvoted.actors.networks.computing import keep_freed_memory, use_one_thread
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.configuration.reading import validated
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import MINE
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Affine
from tests.benchmarks import baselines
from tests.benchmarks.baselines import Counted, Problem, Search
from tests.benchmarks.sequential import OnRay


@dataclass(frozen=True)
class Measured:
    """What was done in a time; searches are those whose seeds all networks classify correctly.

    Attributes:
        candidates: those that were rendered; 0 where it isn't known.
        computed: CPU seconds of all processes together; 0 where it isn't known.
    """

    seconds: float
    searches: int
    mistakes: int
    inferences: int
    candidates: int = 0
    computed: float = 0.0


Contender = Callable[[Problem, int], Measured]
"""Takes part in a round, whose number decides on the seeds of those who get few."""


def baseline(search: Search, few: int | None = None) -> Contender:
    """Time a baseline on every target; where it is slow on ``few`` seeds, others in every round."""

    def measured(problem: Problem, number: int) -> Measured:
        n = len(problem.seeds)
        part = problem if few is None else problem.rows(np.arange(number * few, (number + 1) * few) % n)
        panel = Counted(part.networks)
        began = time.perf_counter()
        with torch.no_grad():
            found = [search(part, target, panel) for target in range(len(part.networks))]
        seconds = time.perf_counter() - began
        mistakes = sum(part.verified(target, images) for target, images in enumerate(found))
        return Measured(seconds, len(found) * len(part.seeds), mistakes, panel.inferences)

    return measured


@contextmanager
def call_by_call(problem: Problem, few: int) -> Iterator[Contender]:
    """Follow the paper's procedure with one Ray call for each peer and candidate."""
    peers = OnRay(problem.networks)
    try:
        peers.every(problem.pixels[:1] / 255)  # they have started
        yield baseline(partial(baselines.climbed, peers), few)
    finally:
        peers.stop()


def in_process(strategy: str) -> Contender:
    """Time Outvoted in this process, on the problem's seeds."""

    def measured(problem: Problem, number: int) -> Measured:
        return _mined(settings(strategy, problem.transform, len(problem.seeds)), problem)

    return measured


def _mined(search: SearchSettings, problem: Problem, written: bool = False) -> Measured:
    networks = {str(number): network for number, network in enumerate(problem.networks)}
    mining = LocalMining(search, networks, problem.seeds)
    plan = mining.plan()
    with tempfile.TemporaryDirectory() as folder:
        began, computed = time.perf_counter(), time.process_time()
        mined = mining.mine(plan)
        if written:
            Shards(Path(folder)).write(ShardResult("shard-0", mined.searches, mined.mistakes))
        seconds, computed = time.perf_counter() - began, time.process_time() - computed
    found = _measured(seconds, mined.searches.to_pandas(), mined.mistakes.num_rows, plan.inferences)
    return replace(found, computed=computed)


def in_processes(strategy: str, cores: int, seeds: Split, per_target: int) -> Contender:
    """Time Outvoted in a process for each core, without Ray; seeds are drawn from ``seeds``.

    Each writes its rows into a file of each table, as cells do, and starts for a round, as they do for a run.
    """
    spawn = multiprocessing.get_context("spawn")

    def measured(problem: Problem, number: int) -> Measured:
        search = settings(strategy, problem.transform, per_target // cores)
        drawn = replace(problem, seeds=seeds)
        each = [search.model_copy(update={"seed": number * cores + core}) for core in range(cores)]
        with ProcessPoolExecutor(cores, spawn, _begin) as pool:
            parts = list(pool.map(partial(_mined, written=True), each, [drawn] * cores))
        total = pd.DataFrame(parts).sum()
        whole = {name: int(total[name]) for name in ("searches", "mistakes", "inferences", "candidates")}
        longest = max(part.seconds for part in parts)
        return Measured(longest, **whole, computed=float(total["computed"]))

    return measured


def _begin() -> None:
    use_one_thread()
    keep_freed_memory()


def on_ray(strategy: str, panel: PanelSettings, per_target: int, folder: Path) -> Contender:
    """Time Outvoted as a run on all cores of this machine, mining alone; the first run trains the panel."""
    runs = count()

    def measured(problem: Problem, number: int) -> Measured:
        search = settings(strategy, problem.transform, per_target).model_copy(update={"seed": number})
        wanted = {"panel": panel, "search": search, "referee": None}
        store = RunFolder(folder / f"{strategy}-{problem.transform.budget.rotation}-{next(runs)}")
        launch(Job(MINE, validated(MineConfig, wanted, "the bench"), store), Console(quiet=True))
        figures, shards = MiningFigures.of(store.read_record()), Shards(store.path)
        mistakes = shards.table("mistakes").num_rows
        return _measured(figures.seconds, shards.frame("searches"), mistakes, figures.seed_inferences)

    return measured


def settings(strategy: str, transform: Affine, per_target: int) -> SearchSettings:
    """Give random search the range and the number of moves that it has in plain PyTorch."""
    wanted = {"transform": transform, "strategy": {"kind": strategy}, "per_target": per_target}
    if strategy == "random":
        everywhere = Affine(move=transform.budget, budget=transform.budget, border=transform.border)
        wanted |= {"transform": everywhere, "patience": baselines.WORST_OF}
    return SearchSettings.model_validate(wanted)


def _measured(seconds: float, rows: pd.DataFrame, mistakes: int, seeds: int) -> Measured:
    tried = rows[rows["outcome"] != "skipped"]
    target, peers = (int(tried[f"inferences_{who}"].sum()) for who in ("target", "peers"))
    return Measured(seconds, len(tried), mistakes, target + peers + seeds, target)
