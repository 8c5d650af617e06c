"""Mistakes per second of Outvoted's strategies and of what a user would pick instead; in turn, in one run.

    make bench

or with fewer rounds: python -m tests.benchmarks.engine --rounds 1 --out engine.parquet

On one core, everything runs in this process with one thread: Outvoted by `LocalMining`, the others as
``tests.benchmarks.baselines`` has them. On all cores, Outvoted runs on Ray as `outvoted mine` does, and the
others with as many threads. Which seeds the whole panel classifies correctly is found out before either
side's clock starts; verification, judging and rows are on Outvoted's. Ratios are medians over the rounds.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from outvoted.actors.data.datasets import Split
from outvoted.actors.mining.local_mining import LocalMining
from outvoted.actors.mining.planning import MiningFigures
from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.configuration.reading import validated
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import MINE
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Affine
from tests.benchmarks import baselines
from tests.benchmarks.baselines import Counted, Problem, Search
from tests.benchmarks.panels import NARROW, SMALL_CNNS, WIDE, small_cnns

STRATEGIES = ("random", "hillclimb", "genetic", "gradient", "auto")
SEEDS = 100
ON_RAY = {"random": 200, "auto": 800}
"""Searches for each target."""
GRID = "Foolbox, grid"
PLAIN = "plain PyTorch, 128 random"


@dataclass(frozen=True)
class Measured:
    """What was done in a time; searches are those whose seeds all networks classify correctly."""

    seconds: float
    searches: int
    mistakes: int
    inferences: int


Contender = Callable[[Problem], Measured]


def baseline(search: Search, seeds: int | None = None) -> Contender:
    """Time a baseline on every target; on the first ``seeds`` alone where it is slow."""

    def measured(problem: Problem) -> Measured:
        few = slice(None, seeds)
        part = Problem(
            problem.networks, Split(problem.seeds.images[few], problem.seeds.labels[few]), problem.transform
        )
        panel = Counted(part.networks)
        began = time.perf_counter()
        with torch.no_grad():
            found = [search(part, target, panel) for target in range(len(part.networks))]
        seconds = time.perf_counter() - began
        mistakes = sum(part.verified(target, images) for target, images in enumerate(found))
        return Measured(seconds, len(found) * len(part.seeds), mistakes, panel.inferences)

    return measured


def in_process(strategy: str) -> Contender:
    """Time Outvoted in this process."""

    def measured(problem: Problem) -> Measured:
        search = _search(strategy, problem.transform, len(problem.seeds))
        networks = {str(number): network for number, network in enumerate(problem.networks)}
        mining = LocalMining(search, networks, problem.seeds)
        plan = mining.plan()
        began = time.perf_counter()
        mined = mining.mine(plan)
        seconds = time.perf_counter() - began
        rows = mined.searches.to_pandas()
        return _measured(seconds, rows, mined.mistakes.num_rows, plan.inferences)

    return measured


def on_ray(strategy: str, folder: Path) -> Contender:
    """Time Outvoted as a run on all cores of this machine, mining alone."""

    def measured(problem: Problem) -> Measured:
        search = _search(strategy, problem.transform, ON_RAY[strategy])
        wanted = {"panel": SMALL_CNNS, "search": search, "referee": None}
        store = RunFolder(Path(tempfile.mkdtemp(dir=folder)) / "run")
        launch(Job(MINE, validated(MineConfig, wanted, "the bench"), store), Console(quiet=True))
        figures, shards = MiningFigures.of(store.read_record()), Shards(store.path)
        mistakes = shards.table("mistakes").num_rows
        return _measured(figures.seconds, shards.frame("searches"), mistakes, figures.seed_inferences)

    return measured


def _search(strategy: str, transform: Affine, per_target: int) -> SearchSettings:
    """Give random search the range and the number of moves that it has in plain PyTorch."""
    settings = {"transform": transform, "strategy": {"kind": strategy}, "per_target": per_target}
    if strategy == "random":
        settings |= {
            "transform": Affine(move=transform.budget, budget=transform.budget),
            "patience": baselines.WORST_OF,
        }
    return SearchSettings.model_validate(settings)


def _measured(seconds: float, rows: pd.DataFrame, mistakes: int, seeds: int) -> Measured:
    tried = rows[rows["outcome"] != "skipped"]
    spent = int((tried["inferences_target"] + tried["inferences_peers"]).sum())
    return Measured(seconds, len(tried), mistakes, spent + seeds)


def measured(
    where: str, cores: int, problem: Problem, contenders: dict[str, Contender], rounds: int, console: Console
) -> Iterator[dict[str, Any]]:
    """Let contenders take turns, round after round."""
    torch.set_num_threads(cores)
    for number in range(rounds):
        for name, contender in contenders.items():
            found = contender(problem)
            console.print(where, cores, name, found)
            yield {"range": where, "cores": cores, "contender": name, "round": number, **asdict(found)}


def table(rows: pd.DataFrame, where: str, cores: int) -> Table:
    """Show one range on a number of cores: medians over the rounds, of ratios too."""
    part = rows[(rows["range"] == where) & (rows["cores"] == cores)]
    per_second = (part["mistakes"] / part["seconds"]).groupby([part["contender"], part["round"]]).first()
    names = ("", "mistakes/s", "success", "inferences/mistake", "inferences/s", f"to {GRID}", f"to {PLAIN}")
    shown = Table(*names, title=f"{where}, {cores} cores")
    for name, found in part.groupby("contender", sort=False):
        total = found.sum(numeric_only=True)
        ratios = [
            f"{statistics.median(per_second[name] / per_second[other]):.2f}" if other in per_second else ""
            for other in (GRID, PLAIN)
        ]
        shown.add_row(
            str(name),
            f"{statistics.median(per_second[name]):.0f}",
            f"{total['mistakes'] / total['searches']:.1%}",
            f"{total['inferences'] / max(total['mistakes'], 1):.0f}",
            f"{statistics.median(found['inferences'] / found['seconds']):,.0f}",
            *ratios,
        )
    return shown


def problems() -> dict[str, Problem]:
    """Return small CNNs on the packaged digits, with two ranges of moves."""
    networks, seeds = small_cnns()
    modules: Sequence[nn.Module] = [
        network.float().eval().requires_grad_(False) for network in networks.values()
    ]
    with torch.no_grad():
        images = torch.from_numpy(seeds.images).float() / 255
        correct = [network(images).argmax(1) == torch.from_numpy(seeds.labels) for network in modules]
    undisputed = torch.stack(correct).all(0).numpy()
    agreed = Split(seeds.images[undisputed][:SEEDS], seeds.labels[undisputed][:SEEDS])
    ranges = {"±30°, ±3 px": WIDE, "±15°, ±2 px": NARROW}
    return {name: Problem(tuple(modules), agreed, moves) for name, moves in ranges.items()}


def contenders(cores: int, folder: Path) -> dict[str, Contender]:
    """Return what is compared on a number of cores."""
    found: dict[str, Contender] = {
        GRID: baseline(baselines.foolbox(grid=True, target_first=False)),
        PLAIN: baseline(baselines.random_moves),
    }
    if cores > 1:
        return found | {f"{name}, on Ray": on_ray(name, folder) for name in ON_RAY}
    return found | {
        "Foolbox, grid, target first": baseline(baselines.foolbox(grid=True, target_first=True)),
        "Foolbox, 100 random": baseline(baselines.foolbox(grid=False, target_first=False)),
        **({"ART, grid": baseline(baselines.art, seeds=4)} if find_spec("art") else {}),
        "DeepXplore's objective": baseline(baselines.joint_gradients, seeds=64),
        **{name: in_process(name) for name in STRATEGIES},
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("engine.parquet"))
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    console = Console()
    if not find_spec("art"):
        console.print("without ART, which is not installed: pip install 'outvoted[bench]'", markup=False)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for where, problem in problems().items():
            for cores in (1, len(os.sched_getaffinity(0))):
                who = contenders(cores, Path(folder))
                rows += measured(where, cores, problem, who, given.rounds, console)
                console.print(table(pd.DataFrame(rows), where, cores))
    pd.DataFrame(rows).to_parquet(given.out)


if __name__ == "__main__":
    main()
