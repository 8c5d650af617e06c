"""A run from its configuration to its report, the same way for every kind of run."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.computing import check_device
from outvoted.actors.runs.commands import command_of
from outvoted.actors.runs.ray_metrics import Meter
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.actors.runs.units import UnitTables
from outvoted.actors.runs.watching import unmeasured
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.console.terminal import bars, phase, warn, warn_if
from outvoted.cluster.jobs.glancing import died
from outvoted.cluster.jobs.pulse import pulse, stands
from outvoted.cluster.jobs.room import machines_for
from outvoted.cluster.jobs.run_settings import RunSettings, device_taken, usable
from outvoted.cluster.jobs.runs import data_record, open_record, recorded
from outvoted.cluster.jobs.workload import Timed, Workload
from outvoted.cluster.ray.connect import LOCAL, connected, disconnecting
from outvoted.cluster.ray.head import head_watched
from outvoted.cluster.ray.placement import PROCESS_BYTES
from outvoted.cluster.storage.alive import DEAD_SECONDS
from outvoted.cluster.storage.at_hand import check_alone, check_store, fetched, may_live, put_back
from outvoted.cluster.storage.urls import given_as, url_of
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import named_by

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

    from outvoted.analysis.report.report import Report

Config = TypeVar("Config", bound=RunSettings)

Work = Callable[[Bars], None]
"""Does what is not done yet and records it; shows how far it is."""
Place = Callable[[Mapping[str, float]], Work]
"""Divides what is there, machine by machine; raises OutvotedError where it is too little."""


@dataclass(frozen=True)
class Job(Generic[Config]):
    """A run that is about to start or resume: what to do, and where its results go."""

    kind: "Kind[Config]"
    config: Config
    store: RunFolder
    address: str = LOCAL
    resume: bool = False
    debug: bool = False


@dataclass(frozen=True)
class Recorded:
    """Tables of a run in which mistakes are.

    Attributes:
        mistakes, searches: their names; a run of some kinds keeps no table of searches.
        run: the part of the run that they are of, where it has several.
        asked: of which mistakes people are asked: values of columns of the key; all if it names none.
    """

    units: UnitTables
    mistakes: str = "mistakes"
    searches: str | None = "searches"
    run: str | None = None
    asked: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def frame(self, table: str) -> "pd.DataFrame":
        """Read a table whole; where the run has parts, ``run`` says which rows are whose."""
        rows: pd.DataFrame = self.units.read_all(table).to_pandas()
        if self.run is not None:
            rows.insert(0, "run", self.run)
        return rows


class Kind(ABC, Generic[Config]):
    """What is peculiar to one kind of run, beside its entry in the registry."""

    name: str
    """Of its folder and its entry in the registry; in `run.json` as well."""
    form: type[Config]
    """The configuration."""
    written: str
    """What is found in the folder of a finished run."""
    summary: str = "summary.json"
    """The file with its figures."""
    offers: frozenset[str] = frozenset()
    """What, beside `outvoted report`, such a run can be used for."""

    @property
    def command(self) -> str:
        """The command that makes such runs."""
        return command_of(self.name)

    def load(self, config: Any) -> Dataset:
        """Load the labelled images.

        Raises:
            OutvotedError: they cannot be had, or a file is missing or corrupt.
        """
        return datasets.load(config.data)

    @abstractmethod
    def prepare(self, job: Job[Config], record: RunRecord, data: Dataset, console: Console) -> Place:
        """Refuse whatever can be refused before anything is written or started.

        Args:
            record: of the run; what the work adds to it is written when the work writes it, or ends.

        Raises:
            OutvotedError: configuration, data, networks or what a resumed run has recorded don't fit.
        """

    def workload(self, config: Config) -> Workload:
        """Return how much a run will do, for an estimate before it starts."""
        return Workload()

    def timed(
        self, config: Config, data: Dataset, peers: "Mapping[str, nn.Module]", seconds: float
    ) -> Iterator[Timed]:
        """Time what a run does beside training its panel and mining, each for about so many seconds."""
        yield from ()

    def memory(self, config: Config, data: Dataset, there: Mapping[str, float]) -> int:
        """Return the bytes that processes take, with what is theirs beside the weights."""
        return max(1, int(there.get("CPU", 1))) * PROCESS_BYTES

    @abstractmethod
    def report(self, run: OpenedRun) -> "Report":
        """Return what a run, finished or under way, has to say.

        Raises:
            OutvotedError: it has nothing to say yet, or a file is missing or damaged.
        """

    def next(self, job: Job[Config], again: str) -> Sequence[str]:
        """Return commands to try once a run has ended; ``again`` is the one that resumes it."""
        return ()

    def recorded(self, store: RunFolder, record: RunRecord) -> "Sequence[Recorded]":
        """Return the tables in which the run's mistakes are.

        Raises:
            OutvotedError: such a run looks for none.
        """
        raise OutvotedError(
            expected="a run that looks for mistakes",
            found=f"{record.name}, a run of `outvoted {self.command}`",
            remedy=f"read what else is in {given_as(store.path)}: {self.written}",
        )

    def counts(self, store: RunFolder, record: RunRecord) -> tuple[str, str]:
        """Return what `outvoted runs` says in its columns searches and mistakes.

        Raises:
            OutvotedError: a table is damaged.
        """
        return "", ""


@dataclass(frozen=True)
class ReadyJob(Generic[Config]):
    """A run of which all is checked that can be before it starts; nothing is written yet.

    Attributes:
        job: with settings that follow from the data filled in.
    """

    job: Job[Config]
    data: Dataset
    record: RunRecord
    place: Place


def readied(job: Job[Config], console: Console, data: Dataset | None = None) -> ReadyJob[Config]:
    """Check everything that can be checked before a run starts.

    Args:
        data: the labelled images, if the caller has loaded them already.

    Raises:
        OutvotedError: something in the configuration, the data or the folder must be fixed.
    """
    kind, store = job.kind, job.store
    _at_hand(store, job.resume, console)
    found = loaded(lambda: kind.load(job.config), console) if data is None else data
    config = job.config.settled(found.shape[0])
    job = replace(job, config=config)
    before = _last_said(store) if job.resume else None
    record = open_record(store, kind.name, config, job.resume, data_record(found))
    if before is not None and before.state == State.RUNNING:
        console.print(f"{store.title}: {died(before)}", soft_wrap=True)
    if job.address == LOCAL and config.device == "mps":
        check_device(config.device)
    return ReadyJob(job, found, record, kind.prepare(job, record, found, console))


def launch(job: Job[Config], console: Console, data: Dataset | None = None) -> "Report":
    """Do a run, or what is left of it, and write its report.

    Args:
        data: the labelled images, if the caller has loaded them already.

    Raises:
        OutvotedError: something in the configuration, the data, the folder or the cluster must be fixed.
        KeyboardInterrupt: the run was interrupted; it can be resumed.
    """
    ready, kind, store = readied(job, console, data), job.kind, job.store
    config = ready.job.config
    Thread(target=_import_what_draws, daemon=True).start()  # while Ray starts, and this process waits
    with connected(job.address, job.debug, config.device) as own:
        found = machines_for(config, job.address, partial(warn, console))
        there = usable(config.device, found, job.address == LOCAL)
        console.print(device_taken(config.device, there), soft_wrap=True)
        work = ready.place(there)
        meter = Meter(store.title, kind.name)
        with (
            recorded(store, ready.record) as kept,
            bars(console) as progress,
            pulse(store, ready.record, progress, meter, lambda: kept.refusals),
            _head_watched(store, ready.record, console, job.address == LOCAL),
        ):
            work(progress)
            ready.record.counts = kind.counts(store, ready.record)
        if (silent := unmeasured(meter.refused)) is not None:
            warn(console, silent)
        with disconnecting() if own else nullcontext(), phase(console, "drawing the report"):
            report = kind.report(OpenedRun(store, named_by(config)))
            report.write(store.path)
            refused = put_back(store.path)
    if refused is not None:
        warn(console, f"the report is in {store.path} only: {refused.found}")
    return report


def _import_what_draws() -> None:
    """Import what reports are drawn with; where that fails, it fails again when it is needed."""
    with suppress(Exception):
        for name in ("pandas", "outvoted.analysis.report.drawing"):
            import_module(name)


def _head_watched(
    store: RunFolder, record: RunRecord, console: Console, alone: bool
) -> AbstractContextManager[None]:
    """Within the block have the terminal and `run.json` say that the head of the cluster is lost."""

    def say(how: str | None, aloud: str | None) -> None:
        stands(store, record, how)
        warn_if(console, aloud)

    def close(error: OutvotedError) -> None:
        record.state = State.FAILED
        stands(store, record, str(error))

    return head_watched(say, close, alone)


def _last_said(store: RunFolder) -> RunRecord | None:
    with suppress(OutvotedError):  # which says more where the run is opened
        return store.glance()
    return None


def _at_hand(store: RunFolder, resume: bool, console: Console) -> None:
    """Have what is at the URL of a run here, once nobody else is at work on it.

    Raises:
        OutvotedError: bucket, credentials or endpoint are not right; or another process works on the run.
    """
    url = url_of(store.path)
    if url is not None:
        with phase(console, f"looking at {url}"):
            check_store(store.path)
    there = may_live(store.path) if resume else None
    if there is not None:
        with phase(console, f"watching for {DEAD_SECONDS:.0f} s whether it is still at work: {there}"):
            check_alone(store.path)
    if url is not None:
        with phase(console, f"fetching what is at {url}"):
            fetched(store.path)


def loaded(load: Callable[[], Dataset], console: Console) -> Dataset:
    """Load the labelled images, and say what they were understood to be before anything starts.

    Raises:
        OutvotedError: see :func:`outvoted.actors.data.datasets.load`.
    """
    with phase(console, "reading the images"):
        data = load()
        words = data.understood
    console.print(words, soft_wrap=True)
    return data
