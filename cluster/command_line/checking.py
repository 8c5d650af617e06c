"""`outvoted check`, and `--dry-run`: all that a run checks before it starts, and what was understood."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.room import available
from outvoted.actors.networks.computing import use_one_thread
from outvoted.actors.panel.cost import cost
from outvoted.actors.runs.files import write_atomically
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.report.contact_sheet import contact_sheet
from outvoted.analysis.report.numbers import COUNT, PERCENT
from outvoted.analysis.report.table import Column, Table
from outvoted.cluster.command_line.launching import Given, run_folder
from outvoted.cluster.console.terminal import command, console, phase
from outvoted.cluster.jobs.calibration import seeds_asked, tested, undisputed
from outvoted.cluster.jobs.job import Job, ReadyJob, readied
from outvoted.cluster.jobs.kinds import KINDS, configured
from outvoted.cluster.jobs.measuring import KnownPanel, Speeds, speeds
from outvoted.cluster.jobs.nodes import BYTES_OF_A_WEIGHT, START_SECONDS
from outvoted.cluster.jobs.run_settings import device_taken, usable
from outvoted.cluster.jobs.workload import MinedPart, Timed, Workload
from outvoted.cluster.ray.connect import LOCAL, connected
from outvoted.cluster.ray.machines import machines
from outvoted.search.errors import OutvotedError

_SECONDS = 2.0
"""For each of: testing a network, asking about seeds, training, mining."""
_MOST_CLASSES = 20


def check_run(kind_name: str, keys: Mapping[str, Any], given: Given) -> None:
    """Check all that a run checks before it starts, and say what was understood; nothing is started.

    Raises:
        OutvotedError: what the run itself would say.
    """
    use_one_thread()
    kind = KINDS[kind_name]
    settings = configured(kind, keys, given.config, given.override)
    path = run_folder(given.config, given.name, given.runs, given.resume)
    ready = readied(Job(kind, settings, RunFolder(path), given.address, given.resume), console)
    is_here, device = given.address == LOCAL, ready.job.config.device
    with nullcontext() if is_here else connected(given.address, given.debug, device):
        there = usable(device, this_machine() if is_here else machines(), is_here)
        console.print(device_taken(device, there), soft_wrap=True)
        ready.place(there)
    say_images(ready.data, given.config)
    _say_work(ready, kind.workload(ready.job.config), there)
    sets = [part for item in given.override for part in ("--set", item)]
    again = command("outvoted", kind.command, given.config, *sets)
    console.print(f"All is well; nothing was started. {again} starts it.", soft_wrap=True)


def say_images(data: Dataset, config: Path) -> None:
    """Print how many images there are of each class, and leave a contact sheet in the working folder."""
    train, test = (np.bincount(split.labels, minlength=data.classes) for split in (data.train, data.test))
    names = data.class_names or tuple(map(str, range(data.classes)))
    rows = [(names[label], int(train[label]), int(test[label])) for label in range(data.classes)]
    note = ""
    if len(rows) > _MOST_CLASSES:
        note = f"and {len(rows) - _MOST_CLASSES:,} more classes"
    columns = Column("class"), Column("training", COUNT), Column("test", COUNT)
    console.print(Table("images", columns, rows[:_MOST_CLASSES], note))
    path = Path(f"{config.stem}.check.png")
    try:
        write_atomically(path, lambda partial: contact_sheet(data).save(partial, "PNG"))
    except OutvotedError as error:  # the run itself may go elsewhere
        console.print(f"no contact sheet: {error.expected}: {error.found}", soft_wrap=True)
    else:
        console.print(
            f"Some of each class are in {path}: look whether names and images fit.\n", soft_wrap=True
        )


def _say_work(ready: ReadyJob[Any], work: Workload, there: Mapping[str, float]) -> None:
    data, config = ready.data, ready.job.config
    panel = KnownPanel.of(ready.job.store, work.networks, data)
    if work.networks:
        with phase(console, "testing the networks"):
            columns = Column("network"), Column("test images correct")
            table = Table("networks", columns, list(_states(panel)))
        console.print(table)
    peers, (first, *_) = panel.peers, work.mined.values() or (None,)
    batch = getattr(getattr(config, "panel", None), "batch", "auto")
    if peers is not None and first is not None:
        with phase(console, "asking about seeds"):
            _say_seeds(peers, first, data, batch)
    with phase(console, "measuring this machine's speed"):
        found = speeds(panel, work, batch, _SECONDS)
        besides = list(ready.job.kind.timed(config, data, found.peers, _SECONDS))
    console.print("\n".join(_estimate(work, found, besides, there)), soft_wrap=True)
    console.print(_memory(panel, ready, there), soft_wrap=True)


def _states(panel: KnownPanel) -> Iterator[tuple[str, str]]:
    for recipe, member in zip(panel.recipes, panel.members, strict=True):
        if member is None:
            epochs = recipe.training.epochs
            said = f"will be trained: {epochs} epochs of {len(panel.data.train):,} images"
        elif member.test_accuracy is not None:
            said = f"{member.test_accuracy:.1%} (trained before)"
        else:
            found = tested(panel.built(member), panel.data.test, _SECONDS)
            said = "no test images" if found is None else f"{found[0]:.1%} of {found[1]:,}"
        yield recipe.name, said


def _say_seeds(peers: Mapping[str, nn.Module], mined: MinedPart, data: Dataset, batch: Any) -> None:
    """Print how many seeds each network disputes, and how many all classify correctly."""
    found = seeds_asked(peers, mined.search, data.train, batch, _SECONDS)
    rows = [(one.name, 1 - one.accuracy, one.lost / found.images) for one in found.networks]
    columns = Column("network"), Column("disputes %", PERCENT), Column("alone %", PERCENT)
    console.print(Table(f"{found.images:,} seeds", columns, rows))
    share = undisputed(found)
    if share is not None:
        console.print(f"{share:.1%} of seeds are undisputed; searches start from these.", soft_wrap=True)
    found.check()
    for concern in found.concerns():
        console.print(f"warning: {concern}", soft_wrap=True)


def _estimate(
    work: Workload, found: Speeds, besides: Sequence[Timed], there: Mapping[str, float]
) -> Iterator[str]:
    """Say in lines what the start, training, mining, and what a run does besides will take on all CPUs."""
    yield f"starting Ray and its processes: about {duration(START_SECONDS)}"
    trained, mining = found.training, found.mining
    cpus = max(1.0, there.get("CPU", 1.0))
    names = [one.name for one in work.networks if one.role == "peer"]
    costs = [
        trained[one.name].seconds * (one.training.epochs * (work.panels if one.role == "peer" else 1))
        for one in work.networks
        if one.name in trained
    ]
    more = sum(trained[name].seconds for name in names if name in trained) * work.epochs
    if costs:
        training = max(max(costs) / work.panels, (sum(costs) + more) / cpus)
        yield f"training: about {duration(training)} on {cpus:g} CPUs"
    for name, mined in work.mined.items():
        turns = len(mined.search.turns(names))
        searches, speed = mined.times * mined.search.per_target * turns, mining[name]
        part = f"mining{f' with {name}' if name else ''}: {searches:,} searches"
        if speed.inferences is None:
            rate = f" at {speed.rate:,.0f} inferences a second" if speed.rate else ""
            yield f"{part}{rate}; no search ended in the time of the measurement"
            continue
        took = duration(searches * speed.seconds / cpus)
        yield (
            f"{part}, at most about {took} on {cpus:g} CPUs; {searches * speed.inferences:,.0f} inferences, "
            f"{speed.inferences:,.0f} a search"
        )
    yield from (_besides(one, cpus) for one in besides)
    if mining and found.briefly:
        yield "(measured with networks that were trained for a moment; trained ones take more inferences)"
    later = f", {work.besides}" * bool(work.besides)
    yield f"not counted: drawing the report{later}"


def _besides(one: Timed, cpus: float) -> str:
    if not one.seconds:
        return f"{one.what}; no estimate from so short a measurement"
    places = max(1.0, min(one.parts, cpus // one.cpus))
    return f"{one.what}: {'at most ' * one.at_most}about {duration(one.seconds / places)} on {cpus:g} CPUs"


def duration(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds" if seconds >= 1.5 else "a second"


def _memory(panel: KnownPanel, ready: ReadyJob[Any], there: Mapping[str, float]) -> str:
    data, processes, networks = panel.data, max(1, int(there.get("CPU", 1))), panel.recipes
    images = sum(split.nbytes for split in (data.train, data.test) if split.held)
    weights = cost([one.network for one in networks], data.shape, data.classes).weights if networks else 0
    own = ready.job.kind.memory(ready.job.config, data, there)
    total = images + own + processes * BYTES_OF_A_WEIGHT * weights
    of_panel = f", {weights:,} weights" * bool(networks)
    return (
        f"memory: about {total / 2**20:,.0f} MiB: {images / 2**20:,.0f} MiB of images{of_panel}, "
        f"{processes} processes; {there.get('memory', 0) / 2**20:,.0f} MiB are free"
    )


def this_machine() -> dict[str, float]:
    """Return what `ray.cluster_resources()` would say of a Ray instance on this machine, about."""
    gpus = {"GPU": float(torch.cuda.device_count())} if torch.cuda.is_available() else {}
    return {"CPU": float(len(os.sched_getaffinity(0))), "memory": float(available())} | gpus
