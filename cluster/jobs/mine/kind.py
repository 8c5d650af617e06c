"""`outvoted mine`: from a configuration to a finished run."""

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import ray
from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, Images
from outvoted.actors.mining.planning import planned
from outvoted.actors.panel import panel_settings
from outvoted.actors.runs.progress import Progress
from outvoted.actors.runs.run_record import RunRecord
from outvoted.actors.runs.store import RunStore
from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.console.bars import bars, phase
from outvoted.cluster.console.terminal import warn
from outvoted.cluster.jobs.loading import loaded
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.networks import check_user_networks, run_members
from outvoted.cluster.jobs.runs import data_record, open_record, recorded
from outvoted.cluster.ray.cells import Cell, Live, lease, running_cells, running_recorder
from outvoted.cluster.ray.connect import connected
from outvoted.cluster.ray.placement import Share, share
from outvoted.search import plan
from outvoted.search.climb import Outcome
from outvoted.search.plan import Shard
from outvoted.search.trust import named_by


@dataclass(frozen=True)
class Job:
    """A run that is about to be mined: what to do, and where it goes."""

    config: MineConfig
    store: RunStore
    address: str
    resume: bool
    debug: bool = False
    told: bool = False
    """What the data were understood to be has been said already."""


def mine(job: Job, console: Console) -> RunStore:
    """Mine a run to its end and write its report.

    Raises:
        OutvotedError: something in the configuration, the data, the folder or the cluster must be mended.
        KeyboardInterrupt: the run was cut off; it can be resumed.
    """
    data = loaded(lambda: datasets.load(job.config.data), Console(quiet=True) if job.told else console)
    job.config.search.check(data.shape, job.config.panel.names)
    check_user_networks(
        job.store, job.config.panel, job.config.referee, data, console, job.config.search.strategy.gradients
    )
    record = open_record(job.store, job.config, job.resume, data_record(data), versions())
    with connected(job.address, job.debug):
        each = share(job.config.cluster, len(job.config.panel.networks), ray.cluster_resources())
        with recorded(job.store, record), bars(console) as progress:
            _search(job, record, data, each, progress)
    with phase(console, "drawing the report"):
        mining_report(OpenedRun(job.store, named_by(job.config))).write(job.store.path)
    return job.store


def versions() -> dict[str, str]:
    """Return the versions a run's results may depend on."""
    packages = ("outvoted", "torch", "numpy", "ray", "pyarrow")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def _search(job: Job, record: RunRecord, data: Dataset, each: Share, progress: Bars) -> None:
    config = job.config
    rules = config.search.rules(len(config.panel.networks))
    images = Images(data.train, data.shape, data.classes)
    with running_recorder(job.store.path) as recorder:
        recipes = panel_settings.recipes(config.panel, config.referee)
        found = run_members(job.store, record, recipes, data, each, progress, recorder.epoch.remote)
        starting = progress.add_task("starting", total=1, details="peers and coordinators")
        with running_cells(config.cluster, each, rules, found, images, config.panel.arithmetic) as cells:
            plans = planned(cells[0].panel, config.search, data.train.labels, config.panel.names)
            plans.standings.check()
            for concern in plans.standings.concerns():
                warn(progress.console, concern)
            record.replicas = plans.replicas
            progress.update(starting, completed=1)
            record.searches = len(plans.searches)
            job.store.write_record(record)
            _lease_all(job, record, cells, recorder, plans.searches, progress)


def _lease_all(
    job: Job, record: RunRecord, cells: Sequence[Cell], recorder: Any, work: Shard, progress: Bars
) -> None:
    done = job.store.done()
    shards = plan.shards(work, done, job.config.cluster.shard_size)
    bar = progress.add_task("searches", total=len(work), completed=len(done), details="")
    began, before = time.monotonic(), record.seconds_mining

    def tell(searches: int, mistakes: int, skipped: int) -> None:
        record.seconds_mining = before + time.monotonic() - began
        rate = (searches - len(done)) / (time.monotonic() - began)
        progress.update(bar, completed=searches, details=_details(mistakes, skipped, rate))

    def report(recorded: Progress, live: Live) -> None:
        searches = max(recorded.searches + live.searches, int(progress.tasks[bar].completed))
        tell(searches, recorded.mistakes + live.mistakes, recorded.outcomes[Outcome.SKIPPED])

    lease(cells, recorder, shards, job.config.cluster.shards_in_flight, report)
    outcomes = job.store.table("searches")["outcome"].to_pylist() if len(job.store.done()) else []
    mistakes = job.store.table("mistakes").num_rows
    tell(len(outcomes), mistakes, outcomes.count(Outcome.SKIPPED))  # as the summary will count them


def _details(mistakes: int, skipped: int, rate: float) -> str:
    """Say what came of searches; the table leaves out those whose seed not all networks get right."""
    left_out = f"{skipped} skipped, " if skipped else ""
    return f"{mistakes} mistakes, {left_out}{rate:.0f} searches/s"
