"""Mistakes per second of Outvoted's strategies and of what a user would pick instead; in turn, in one run.

    make bench

or a part of it: python -m tests.benchmarks.engine --panels "small CNNs" --rounds 1 --seeds 20

On one core, everything runs in this process with one thread: Outvoted by `LocalMining`, the others as
``tests.benchmarks.baselines`` has them. On all cores, Outvoted runs on Ray as `outvoted mine` does and in a
process for each core without Ray, and the others with as many threads. Which seeds the whole panel classifies
correctly is found out before either side's clock starts; verification, judging and rows are on Outvoted's.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from rich.console import Console

from outvoted.actors.networks.computing import keep_freed_memory
from outvoted.cluster.ray.connect import LOCAL, connected
from outvoted.search.errors import OutvotedError
from tests.benchmarks import baselines
from tests.benchmarks.baselines import Problem
from tests.benchmarks.contenders import Contender, baseline, call_by_call, in_process, in_processes, on_ray
from tests.benchmarks.floor import Machine, floor
from tests.benchmarks.panels import FAR, IMAGENET, NARROW, PANELS, SMALL_CNNS, WIDE, agreed, trained

SEEDS, PHOTOGRAPHS = 60, 4
RANGES = {"±15°, ±2 px": NARROW, "±30°, ±3 px": WIDE}
FULL = "small CNNs"
"""The panel that is measured in all ranges, against everyone, and on all cores."""
ON_RAY = {"random": 400, "auto": 400}
"""Searches for each target."""

Contenders = dict[str, Contender]


def problems(name: str, seeds: int) -> dict[str, Problem]:
    """Return a panel, trained, in each range of moves that it is measured in.

    Raises:
        OutvotedError: its images or weights are not at hand.
    """
    networks, data = trained(name)
    agreeing = agreed(networks, data.test, min(seeds, PHOTOGRAPHS) if name == IMAGENET else seeds)
    ranges = (
        {"±15°, ±26 px": FAR} if name == IMAGENET else RANGES if name == FULL else dict([*RANGES.items()][:1])
    )
    return {where: Problem(networks, agreeing, moves, data.classes) for where, moves in ranges.items()}


def alone(name: str) -> Contenders:
    """Return what is compared on one core."""
    plain: Contenders = {"plain PyTorch, 128 random": baseline(baselines.random_moves)}
    if name == IMAGENET:
        return plain | {"auto": in_process("auto")}
    few: Contenders = {
        "one candidate at a time": baseline(baselines.one_at_a_time, few=2),
        "Foolbox, grid": baseline(baselines.foolbox(grid=True, target_first=False), few=8),
        **plain,
        **{strategy: in_process(strategy) for strategy in ("random", "hillclimb", "genetic", "auto")},
    }
    if name != FULL:
        return few
    return few | {
        "Foolbox, grid, target first": baseline(baselines.foolbox(grid=True, target_first=True), few=16),
        "Foolbox, 100 random": baseline(baselines.foolbox(grid=False, target_first=False), few=8),
        **({"ART, grid": baseline(baselines.art, few=2)} if find_spec("art") else {}),
        "DeepXplore's objective": baseline(baselines.joint_gradients, few=12),
    }


def on_all_cores(problem: Problem, cores: int, folder: Path, stack: ExitStack) -> Contenders:
    """Return what is compared on all cores; what has to be started is stopped with the stack."""
    train = trained(FULL)[1].train
    return {
        "one Ray call for each peer and candidate": stack.enter_context(call_by_call(problem, few=1)),
        "Foolbox, grid": baseline(baselines.foolbox(grid=True, target_first=False), few=8),
        "plain PyTorch, 128 random": baseline(baselines.random_moves),
        **{
            f"{name}, {how}": contender
            for name, searches in ON_RAY.items()
            for how, contender in (
                ("without Ray", in_processes(name, cores, train, searches)),
                ("on Ray", on_ray(name, SMALL_CNNS, searches, folder)),
            )
        },
    }


def measured(
    contenders: Contenders, problem: Problem, rounds: int, console: Console
) -> Iterator[dict[str, Any]]:
    """Let contenders take turns, round after round."""
    for number in range(rounds):
        for name, contender in contenders.items():
            found = contender(problem, number)
            console.print(name, found)
            yield {"contender": name, "round": number, **asdict(found)}


def rows(name: str, seeds: int, rounds: int, machine: Machine, console: Console) -> Iterator[dict[str, Any]]:
    """Measure a panel in all that it is measured in."""
    rounds = 1 if name == IMAGENET else rounds
    for where, problem in problems(name, seeds).items():
        least = asdict(floor(machine, problem.networks, problem.seeds.images.shape[1:]))
        torch.set_num_threads(1)
        known = {"panel": name, "range": where, "cores": 1}
        for row in measured(alone(name), problem, rounds, console):
            yield known | row | {f"floor_{key}": value for key, value in least.items()}
        if name == FULL:
            yield from shared(problem, known, rounds, console)


def shared(
    problem: Problem, known: dict[str, Any], rounds: int, console: Console
) -> Iterator[dict[str, Any]]:
    """Measure on all cores."""
    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(cores)
    with tempfile.TemporaryDirectory() as folder, connected(LOCAL), ExitStack() as stack:
        contenders = on_all_cores(problem, cores, Path(folder), stack)
        next(measured({"": contenders["random, on Ray"]}, problem, 1, console))  # trains the panel
        for row in measured(contenders, problem, rounds, console):
            yield known | {"cores": cores} | row


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("bench/engine.parquet"))
    parser.add_argument("--panels", nargs="*", default=[*PANELS], choices=[*PANELS])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    given = parser.parse_args()
    console = Console()
    keep_freed_memory()
    if not find_spec("art"):
        console.print("without ART, which is not installed: pip install 'outvoted[bench]'", markup=False)
    machine = Machine.measured()
    console.print(machine)
    found: list[dict[str, Any]] = []
    for name in given.panels:
        console.rule(name)
        try:
            found += rows(name, given.seeds, given.rounds, machine, console)
        except OutvotedError as error:
            console.print(f"left out: {error}", markup=False)
        table = pd.DataFrame(found).assign(operations_per_s=machine.operations, bytes_per_s=machine.bytes)
        given.out.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(given.out)  # after each panel, so that little is lost if the next is cut off


if __name__ == "__main__":
    main()
