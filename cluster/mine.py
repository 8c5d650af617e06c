"""`outvoted mine`: from a configuration to a finished run."""

import platform
import time
from collections.abc import Iterator, Sequence
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
from outvoted.actors.datasets import Dataset, Images
from outvoted.actors.member import Member, fingerprint
from outvoted.actors.planning import count_replicas
from outvoted.actors.progress import Progress
from outvoted.actors.run_record import DataRecord, RunRecord, State
from outvoted.actors.store import RunStore
from outvoted.analysis.report import write_report
from outvoted.cluster.bars import bars
from outvoted.cluster.cells import Cell, running_cells, running_recorder
from outvoted.cluster.config import MineConfig
from outvoted.cluster.connect import connected
from outvoted.cluster.lease import Live, lease
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
    record = open_record(job.store, job.config, job.resume, data_record(data), versions())
    with connected(job.address, job.debug):
        each = share(job.config.cluster, len(job.config.panel.networks), ray.cluster_resources())
        with recorded(job.store, record), bars(console) as progress:
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
    peers = len(config.panel.networks)
    rules = config.search.rules(peers)
    images = Images(data.train, data.shape, data.classes)
    with running_recorder(job.store.path, peers) as recorder:
        found = _members(job, record, data, each, progress, recorder)
        record.panel_fingerprint = fingerprint(found)
        starting = progress.add_task("starting", total=1, details="peers and coordinators")
        with running_cells(config.cluster, each, rules, found, images) as cells:
            wanted = config.search.per_target
            record.replicas = count_replicas(cells[0].panel, rules, data.train.labels, wanted)
            progress.update(starting, completed=1)
            work = plan.searches(config.search.seed, record.replicas, peers, len(data.train))
            record.searches = len(work)
            job.store.write_record(record)
            _lease_all(job, record, cells, recorder, work, progress)


def _members(
    job: Job,
    record: RunRecord,
    data: Dataset,
    each: Share,
    progress: Bars,
    recorder: Any,
) -> list[Member]:
    """Return the run's networks: its own if it is resumed, else from the shelf of trained panels."""
    if (job.store.peers / members.TABLE).exists():
        found = members.load(job.store.peers)
        if record.panel_fingerprint not in (None, fingerprint(found)):
            raise OutvotedError(
                expected=f"the panel {record.panel_fingerprint} that {job.store.path} was mined with",
                found=f"other weights in {job.store.peers}",
                remedy="restore the weights, or start a new run under another --name",
            )
        return found
    wanted = panel_settings.recipes(job.config.panel, job.config.referee)
    shelf = panels(job.store.path.parent) / panel_settings.key(wanted, data.fingerprint)
    found = trained(shelf, wanted, data, each, progress, recorder.epoch.remote)
    members.save(job.store.peers, found)
    return found


def _lease_all(
    job: Job, record: RunRecord, cells: Sequence[Cell], recorder: Any, work: Shard, progress: Bars
) -> None:
    done = job.store.done()
    shards = plan.shards(work, done, job.config.cluster.shard_size)
    bar = progress.add_task("searches", total=len(work), completed=len(done), details="")
    began, before = time.monotonic(), record.seconds_mining

    def report(recorded: Progress, live: Live) -> None:
        searches, mistakes = recorded.searches + live.searches, recorded.mistakes + live.mistakes
        record.seconds_mining = before + time.monotonic() - began
        rate = (searches - len(done)) / (time.monotonic() - began)
        details = f"[b]{mistakes}[/b] mistakes, {rate:.0f} searches/s"
        progress.update(bar, completed=max(searches, progress.tasks[bar].completed), details=details)

    lease(cells, recorder, shards, job.config.cluster.shards_in_flight, report)


@contextmanager
def recorded(store: RunStore, record: RunRecord) -> Iterator[None]:
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


def data_record(data: Dataset) -> DataRecord:
    """Say which data set a run is made from."""
    return DataRecord(
        name=data.name, fingerprint=data.fingerprint, train=len(data.train), test=len(data.test)
    )


def default_name(config: Path) -> str:
    """Name a run after its configuration and the time."""
    return f"{config.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
