"""`outvoted mine`: from a configuration to a finished run."""

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ray
from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors import datasets, members, panel_settings
from outvoted.actors.datasets import Dataset
from outvoted.actors.members import Member
from outvoted.actors.planning import count_replicas
from outvoted.actors.progress import Progress
from outvoted.actors.run_record import DataRecord, RunRecord, State
from outvoted.actors.shell import Images
from outvoted.actors.store import RunStore
from outvoted.analysis.report import write_report
from outvoted.cluster.bars import bars
from outvoted.cluster.cells import Cell, lease, result, start_cells, start_recorder
from outvoted.cluster.config import MineConfig
from outvoted.cluster.connect import connected
from outvoted.cluster.panel_training import trained
from outvoted.cluster.placement import Share, share
from outvoted.cluster.runs import open_record, panels
from outvoted.search import plan
from outvoted.search.errors import OutvotedError
from outvoted.search.plan import Shard


@dataclass(frozen=True)
class Job:
    """A run that is about to be mined: what to do, and where it goes."""

    config: MineConfig
    store: RunStore
    address: str
    resume: bool
    debug: bool = False


def mine(job: Job, console: Console) -> RunStore:
    """Mine a run to its end and write its report.

    Raises:
        OutvotedError: something in the configuration, the data, the folder or the cluster must be mended.
        KeyboardInterrupt: the run was cut off; it can be resumed.
    """
    data = datasets.load(job.config.data)
    record = open_record(job.store, job.config, job.resume, _data_record(data), versions())
    with connected(job.address, job.debug):
        each = share(job.config.cluster, len(job.config.panel.networks), ray.cluster_resources())
        with _recorded(job.store, record), bars(console) as progress:
            _search(job, record, data, each, progress)
    with console.status("drawing the report"):
        write_report(job.store)
    return job.store


def versions() -> dict[str, str]:
    """Return the versions a run's results may depend on."""
    packages = ("outvoted", "torch", "numpy", "ray", "pyarrow")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def _search(job: Job, record: RunRecord, data: Dataset, each: Share, progress: Bars) -> None:
    config = job.config
    wanted = panel_settings.recipes(config.panel, config.referee)
    peers = len(config.panel.networks)
    recorder = start_recorder(job.store.path, peers)
    found = _members(job, record, data, wanted, each, progress, recorder)
    record.panel_fingerprint = members.fingerprint(found)
    rules = config.search.rules(peers)
    images = Images(data.train, data.shape, data.classes)
    starting = progress.add_task("starting", total=1, details="peers and coordinators")
    cells = start_cells(config.cluster, each, rules, found, images)
    record.replicas = count_replicas(cells[0].panel, rules, data.train.labels, config.search.per_target)
    progress.update(starting, completed=1)
    work = plan.searches(config.search.seed, record.replicas, peers, len(data.train))
    record.searches = len(work)
    job.store.write_record(record)
    began = time.monotonic()
    try:
        _lease_all(job, cells, recorder, work, progress)
    finally:
        record.seconds_mining += time.monotonic() - began
    ray.get(recorder.close.remote())


def _members(
    job: Job,
    record: RunRecord,
    data: Dataset,
    wanted: Sequence[panel_settings.Recipe],
    each: Share,
    progress: Bars,
    recorder: Any,
) -> list[Member]:
    """Return the run's networks: its own if it is resumed, else from the shelf of trained panels."""
    if (job.store.peers / members.TABLE).exists():
        found = members.load(job.store.peers)
        if record.panel_fingerprint not in (None, members.fingerprint(found)):
            raise OutvotedError(
                expected=f"the panel {record.panel_fingerprint} that {job.store.path} was mined with",
                found=f"other weights in {job.store.peers}",
                remedy="restore the weights, or start a new run under another --name",
            )
        return found
    shelf = panels(job.store.path.parent) / panel_settings.key(tuple(wanted), data.fingerprint)
    found = trained(shelf, wanted, data, each, progress, recorder.epoch.remote)
    members.save(job.store.peers, found)
    return found


def _lease_all(job: Job, cells: Sequence[Cell], recorder: Any, work: Shard, progress: Bars) -> None:
    before: Progress = result(recorder.progress.remote())
    shards = plan.shards(work, job.store.done(), job.config.cluster.shard_size)
    bar = progress.add_task("searches", total=len(work), completed=before.searches, details="")
    lease(cells, recorder, shards, job.config.cluster.shards_in_flight, _reporter(progress, bar, before))


def _reporter(progress: Bars, bar: Any, before: Progress) -> Callable[[Progress], None]:
    began = time.monotonic()

    def report(now: Progress) -> None:
        rate = (now.searches - before.searches) / (time.monotonic() - began)
        details = f"[b]{now.mistakes}[/b] mistakes, {rate:.0f} searches/s"
        progress.update(bar, completed=max(now.searches, progress.tasks[bar].completed), details=details)

    return report


@contextmanager
def _recorded(store: RunStore, record: RunRecord) -> Iterator[None]:
    """Keep `run.json` true to what happens within the block."""
    store.write_record(record)
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        _close(store, record, State.INTERRUPTED, "cut off; go on with --resume")
        raise
    except Exception as error:
        _close(store, record, State.FAILED, str(error))
        raise
    _close(store, record, State.FINISHED, None)


def _close(store: RunStore, record: RunRecord, state: State, message: str | None) -> None:
    record.state, record.message, record.updated_at = state, message, datetime.now(UTC)
    try:
        store.write_record(record)
    except OutvotedError:
        if state == State.FINISHED:
            raise  # else the error that ended the run says more


def _data_record(data: Dataset) -> DataRecord:
    return DataRecord(
        name=data.name, fingerprint=data.fingerprint, train=len(data.train), test=len(data.test)
    )


def default_name(config: Path) -> str:
    """Name a run after its configuration and the time."""
    return f"{config.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
