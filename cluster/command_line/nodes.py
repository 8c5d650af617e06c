"""`outvoted plan`: what a run would take on so many machines, and what holds it up first."""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from outvoted.actors.networks.computing import use_one_thread
from outvoted.actors.panel.cost import cost
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.report.numbers import COUNT, Form
from outvoted.analysis.report.table import Column, Table
from outvoted.cluster.command_line.checking import duration, this_machine
from outvoted.cluster.command_line.launching import Given, run_folder
from outvoted.cluster.console.terminal import console, errors, phase
from outvoted.cluster.jobs.job import Job, readied
from outvoted.cluster.jobs.kinds import configured
from outvoted.cluster.jobs.measuring import KnownPanel, measured_run, speeds
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import MINE
from outvoted.cluster.jobs.nodes import GPU_BYTES, Machine, MinedRun, NodePlan, node_plan
from outvoted.cluster.ray.layout import shard_size
from outvoted.search.errors import OutvotedError

MOST_NODES = 1000
_NEAR = 1.05
_MIB, _GIB = 1 / 2**20, 1 / 2**30


@dataclass(frozen=True)
class Asked:
    """What is asked about; sizes in GiB, the network in Gbit/s. None stands for what this machine has."""

    nodes: str
    cpus: float | None
    gpus: float | None
    memory: float | None
    network: float
    speed: float
    seconds: float
    json: bool

    def machine(self, device: str) -> Machine:
        """Return what each machine has."""
        here = this_machine()
        gpus = here.get("GPU", 0.0) if self.gpus is None else self.gpus
        return Machine(
            here["CPU"] if self.cpus is None else self.cpus,
            0.0 if device == "cpu" else gpus,
            here["memory"] if self.memory is None else self.memory * 2**30,
            self.network * 1e9 / 8,
        )

    def counts(self) -> list[int]:
        """Return the numbers of machines, ascending.

        Raises:
            OutvotedError: they are none.
        """
        found = re.fullmatch(r"\s*\d{1,9}(\s*,\s*\d{1,9})*\s*", self.nodes)
        counts = sorted({int(one) for one in self.nodes.split(",")}) if found else []
        if not counts or not 1 <= counts[0] <= counts[-1] <= MOST_NODES:
            raise OutvotedError(
                f"numbers of machines from 1 to {MOST_NODES:,}, with commas between them",
                self.nodes,
                "--nodes 1,4,64",
            )
        return counts


def say_plan(keys: Mapping[str, Any], given: Given, asked: Asked) -> None:
    """Measure for some seconds, and print what follows for so many machines; nothing is started.

    Raises:
        OutvotedError: what the run itself would say; the configuration is for another command; no search
            ended in the time of the measurement; no number of machines has room for the configured cells.
    """
    use_one_thread()
    counts = asked.counts()
    told = errors if asked.json else console
    settings = configured(MINE, keys, given.config, given.override)
    path = run_folder(given.config, given.name, given.runs, given.resume)
    ready = readied(Job(MINE, settings, RunFolder(path)), told)
    config: MineConfig = ready.job.config
    machine = asked.machine(config.device)
    panel, work = (
        KnownPanel.of(ready.job.store, MINE.workload(config).networks, ready.data),
        MINE.workload(config),
    )
    with phase(told, "measuring this machine's speed"):
        found = speeds(panel, work, config.panel.batch, asked.seconds)
    shape, classes = ready.data.shape, ready.data.classes
    weights = cost([one.network for one in panel.recipes], shape, classes).weights
    panel_cost = cost(config.panel.networks, shape, classes)
    run = measured_run(panel, work, found, shard_size(config.cluster, panel_cost))
    mined = MinedRun(run, config.cluster, len(config.panel.networks), panel_cost, weights)
    plans = _plans(mined, machine, counts, asked.speed)
    if asked.json:
        _print_json(mined, machine, plans, found.briefly)
        return
    console.print(_table(plans))
    for line in _remarks(mined, machine, plans, asked.speed, found.briefly):
        console.print(line, soft_wrap=True)


def _plans(mined: MinedRun, machine: Machine, counts: Sequence[int], speed: float) -> list[NodePlan]:
    """Plan for each number of machines that the configured cells fit on."""
    plans, refused = list[NodePlan](), list[OutvotedError]()
    for nodes in counts:
        try:
            plans.append(node_plan(mined, machine, nodes, speed))
        except OutvotedError as error:
            refused.append(error)
    if not plans:
        raise refused[-1]
    return plans


def _table(plans: Sequence[NodePlan]) -> Table:
    columns = (
        Column("nodes", COUNT),
        Column("cells", COUNT),
        Column("time"),
        Column("searches/s", COUNT),
        Column("GiB", Form(1)),
        Column("MB/s", Form(1)),
        Column("busy %", Form(0, 100)),
        Column("binds"),
    )
    rows = [
        (
            one.nodes,
            one.cells,
            duration(one.total),
            one.searches / one.seconds["mining"],
            one.memory["first machine"] * _GIB,
            one.traffic["a second"] / 1e6,
            max(one.load("driver"), one.load("recorder")),
            one.binds,
        )
        for one in plans
    ]
    note = (
        "time: of the whole run; searches/s, MB/s and busy: while it mines;\n"
        "GiB, MB/s, busy: of the first machine, where driver and recorder are: memory,\n"
        "network, and the time in which the busier of the two has something to do;\n"
        "binds: what takes the largest part of the time"
    )
    return Table("", columns, rows, note)


def _remarks(
    mined: MinedRun, machine: Machine, plans: Sequence[NodePlan], speed: float, briefly: bool
) -> Iterator[str]:
    run, last = mined.run, plans[-1]
    training = f", {duration(sum(run.training_seconds.values()))} of training" if run.training_seconds else ""
    yield f"measured on one CPU here: {run.search_seconds * 1e3:,.2g} ms a search{training}"
    enough = _enough(mined, machine, speed)
    if enough is not None:
        yield (
            f"more than {enough.nodes:,} nodes save less than 5% of the time "
            f"({duration(enough.total)}): what binds there is {enough.binds}"
        )
    first, most = last.memory["process"] * _MIB, max(one.memory["machine"] for one in plans) * _GIB
    yield f"memory: {first:,.0f} MiB for a process, {most:,.1f} GiB for a machine but the first"
    if last.gpu_memory["GPU"]:
        yield (
            f"GPU memory: about {last.gpu_memory['process'] * _MIB:,.0f} MiB for a process, of which "
            f"{GPU_BYTES * _MIB:,.0f} are assumed for CUDA; {last.gpu_memory['GPU'] * _GIB:,.1f} GiB for a "
            "GPU; the time is that of CPUs, unless --speed says more"
        )
    between = f"{last.traffic['a round'] / 1e3:,.0f} kB a round" if last.traffic["a round"] else "nothing"
    yield (
        f"network: {last.traffic['start'] / 1e6:,.1f} MB to each machine at the start; "
        f"{between} between a coordinator and its networks"
    )
    yield (
        f"Parquet: {run.parquet:,.0f} MB for a million searches, {last.parquet / 1e6:,.1f} MB for this run"
    )
    if briefly:
        yield "(measured with networks that were trained for a moment; trained ones take more inferences)"
    yield "not counted: drawing the report; machines that are waited for"


def _enough(mined: MinedRun, machine: Machine, speed: float) -> NodePlan | None:
    """Return the plan for the fewest machines that are about as fast as any number; None if none fits."""

    @cache
    def of(nodes: int) -> NodePlan | None:
        with suppress(OutvotedError):
            return node_plan(mined, machine, nodes, speed)
        return None

    most = of(MOST_NODES)
    if most is None:
        return None

    def is_enough(nodes: int) -> bool:  # more machines are never slower
        found = of(nodes)
        return found is not None and found.total <= _NEAR * most.total

    return of(1 + bisect_left(range(1, MOST_NODES), True, key=is_enough))


def _print_json(mined: MinedRun, machine: Machine, plans: Sequence[NodePlan], briefly: bool) -> None:
    told = {
        "machine": asdict(machine),
        "measured": asdict(mined.run) | {"briefly_trained": briefly},
        "plans": [asdict(one) | {"total": one.total} for one in plans],
    }
    print(json.dumps(told, indent=2))
