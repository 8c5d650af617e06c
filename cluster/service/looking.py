"""Runs as they are: what their folders say, and what the cluster says of their jobs."""

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from outvoted.actors.runs.run_folder import DataRecord, ProgressRecord, RunFolder, RunRecord, State
from outvoted.cluster.jobs.glancing import DIED, UNREADABLE, Glance, glance
from outvoted.cluster.service.errors import NotFoundError
from outvoted.cluster.service.job_words import explained_end
from outvoted.cluster.service.named import TRIALS, name_of, run_folder
from outvoted.cluster.service.service import Service
from outvoted.cluster.submitting.dashboard import JobSeen
from outvoted.search.errors import OutvotedError

PENDING, STUCK, STOPPED = "pending", "stuck", "stopped"
_ENDING = {State.FINISHED: "its report is being written", DIED: "its process was lost; it begins again"}
"""What a job does that goes on though nobody is at work on its run."""
_RESUMABLE = frozenset({State.INTERRUPTED, State.FAILED, DIED})


class RunSummary(BaseModel):
    """A run at a glance.

    Attributes:
        name: as it stands in URLs.
        kind: of the run; empty where its `run.json` can't be read.
        state: pending (its job has not begun yet), running, stuck (at work, but silent or stalled),
            finished, interrupted, failed, died (its process is gone), stopped (before it began), unreadable.
        task: what it is doing, or did last.
        mistakes, failed: searches of all its tasks; None in a run that looks for none.
        age: seconds since it last said anything; None where it never did.
        message: what is wrong with it.
        job: the newest job that makes it, if it was submitted to this service's cluster.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: str
    state: str
    task: ProgressRecord | None = None
    mistakes: int | None = None
    failed: int | None = None
    age: float | None = None
    message: str | None = None
    job: str | None = None


class RunDetails(RunSummary):
    """A run with all that its `run.json` says.

    Attributes:
        tasks: how far each of its tasks is.
        counts: searches and mistakes in words, once it has finished.
        parts: runs within it, by their names in URLs.
        may: of stop, resume and extend, what can be asked of it now.
        exit_code: of its newest job, if that has ended by itself.
    """

    created_at: datetime | None = None
    updated_at: datetime | None = None
    tasks: tuple[ProgressRecord, ...] = ()
    counts: tuple[str, str] | None = None
    versions: Mapping[str, str] = {}
    data: DataRecord | None = None
    panel_fingerprint: str | None = None
    config: Mapping[str, Any] = {}
    parts: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    exit_code: int | None = None


def summaries(service: Service) -> list[RunSummary]:
    """Return every run: those at work first, each group with the latest first.

    Raises:
        OutvotedError: the folder of runs cannot be read.
    """
    jobs = dict(service.table.newest())
    found = [_joined(one, jobs.pop(one.name, None)) for one in service.glances.take()]
    elsewhere = service.settings.address is not None  # here, whoever removes a folder wants the run gone
    unbegun = [_without_folder(name, job) for name, job in jobs.items() if elsewhere or not _went_well(job)]
    return sorted([*unbegun, *found], key=lambda one: not goes_on(one.state))


def summary(service: Service, name: str) -> RunSummary:
    """Return one run; see :func:`details`."""
    job = service.table.newest().get(name)
    try:
        path = run_folder(service, name)
    except NotFoundError:
        if job is None:
            raise
        return _without_folder(name, job)
    found = _joined(glance(path), job)
    return found.model_copy(update={"name": name})


def details(service: Service, name: str) -> RunDetails:
    """Return all that is known of a run.

    Raises:
        NotFoundError: there is none.
    """
    brief = summary(service, name)
    job = service.table.newest().get(name)
    known: dict[str, Any] = brief.model_dump()
    known["exit_code"] = None if job is None or not job.ended else job.code
    try:
        path = run_folder(service, name)
        record = RunFolder(path).glance()
    except OutvotedError:
        return RunDetails(**known, may=_may(brief, None, job))
    return RunDetails(
        **known,
        created_at=record.created_at,
        updated_at=record.updated_at,
        tasks=record.progress,
        counts=record.counts,
        versions=record.versions,
        data=record.data,
        panel_fingerprint=record.panel_fingerprint,
        config=record.config,
        parts=tuple(name_of(service, part) for part in _parts(path)),
        may=_may(brief, record, job),
    )


def goes_on(state: str) -> bool:
    """Return whether a run of this state is under way, or about to be."""
    return state in (PENDING, State.RUNNING, STUCK)


def _joined(seen: Glance, job: JobSeen | None) -> RunSummary:
    """Say what a run is, from what its folder says and, where there is one, its newest job."""
    state, message = STUCK if seen.stuck else seen.state, seen.message
    age = seen.age if math.isfinite(seen.age) else None
    if job is not None and not job.ended and not seen.at_work and state != UNREADABLE:
        begun = seen.said_at >= job.began
        state, message = (
            (State.RUNNING, _ENDING.get(seen.state, "it is ending")) if begun else (PENDING, None)
        )
    elif job is not None and job.state == "FAILED" and (seen.said_at < job.began or state == State.FINISHED):
        message = explained_end(job) or message  # it was refused before it began, or after it had finished
    return RunSummary(
        name=seen.name,
        kind=seen.kind,
        state=str(state),
        task=seen.task,
        mistakes=seen.mistakes,
        failed=seen.failed,
        age=age,
        message=None if message is None else _without_options(message),
        job=None if job is None else job.id,
    )


def _without_options(message: str) -> str:
    """Say without words of a shell how a run goes on."""
    for words in ("continue with --resume", "--resume continues"):
        message = message.replace(words, "it can be resumed")
    return message


def _without_folder(name: str, job: JobSeen) -> RunSummary:
    """Say what a run is that has a job, but nothing on disk yet, or never had."""
    state, message = PENDING, None
    if _went_well(job):
        state, message = State.FINISHED, "its folder is not here: the cluster must see the folder of runs too"
    elif job.ended:
        state = STOPPED if job.state == "STOPPED" else State.FAILED
        message = explained_end(job)
    kind = job.notes.get("kind", "")
    return RunSummary(name=name, kind=kind, state=str(state), message=message, job=job.id)


def _went_well(job: JobSeen) -> bool:
    return job.state == "SUCCEEDED"


def _may(seen: RunSummary, record: RunRecord | None, job: JobSeen | None) -> tuple[str, ...]:
    if job is not None and not job.ended:
        return ("stop",)
    whole = record is not None and "~" not in seen.name
    if not whole or goes_on(seen.state):
        return ()
    return ("resume", "extend") if seen.state in _RESUMABLE else ("extend",)


def _parts(path: Path) -> list[Path]:
    """Return the folders of the runs within a run."""
    within = [path] if (path / TRIALS).is_symlink() else [path, path / TRIALS]
    found = (file.parent for folder in within for file in folder.glob("*/run.json"))
    return sorted(part for part in found if not part.is_symlink())
