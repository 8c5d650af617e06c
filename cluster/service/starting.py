"""Runs started, stopped, resumed and extended: submitted to the cluster as `outvoted submit` does."""

import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from outvoted.actors.networks.computing import use_one_thread
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.configuration.reading import keys_of
from outvoted.cluster.console.terminal import Terminal
from outvoted.cluster.jobs.kinds import ENTRIES, KINDS, configured, kind_called, kind_meant
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.jobs.runs import check_same_settings
from outvoted.cluster.service.errors import ConflictError, NotFoundError
from outvoted.cluster.service.guard.configurations import Allowed, check_from_network
from outvoted.cluster.service.job_table import place_of
from outvoted.cluster.service.keeping import keep_private, private_folder
from outvoted.cluster.service.looking import details, summary
from outvoted.cluster.service.named import run_folder
from outvoted.cluster.service.service import Service
from outvoted.cluster.submitting.dashboard import JobSeen
from outvoted.cluster.submitting.entry import job_name, newest
from outvoted.cluster.submitting.logs import plain
from outvoted.cluster.submitting.submitting import Submission, check_here, submit
from outvoted.search.errors import OutvotedError
from outvoted.search.key_paths import may_change
from outvoted.search.shown import shown

_RETRY = "cluster.retry_failed=true"


@dataclass(frozen=True)
class NewRun:
    """A run that somebody wants to be started.

    Attributes:
        config: YAML.
        kind: None for the first that the keys fit.
        name: None for one made of the kind and the time.
        overrides: key.path=value.
    """

    config: str
    kind: str | None = None
    name: str | None = None
    overrides: Sequence[str] = ()


@dataclass(frozen=True)
class _Checked:
    """A configuration that may be submitted; ``keys`` are all, with overrides applied."""

    kind: str
    keys: Mapping[str, Any]
    settings: RunSettings


def check(service: Service, wanted: NewRun) -> list[str]:
    """Check a configuration as starting it would, and return what was understood, line by line.

    Raises:
        OutvotedError: what `outvoted check` would say.
    """
    use_one_thread()
    name = job_name(wanted.name or "new", "name")
    found = _checked(service, wanted, name)
    said = io.StringIO()
    check_here(KINDS[found.kind], found.settings, name, Terminal(file=said, width=200))
    return [line for line in said.getvalue().splitlines() if line.strip()]


def start(service: Service, wanted: NewRun) -> str:
    """Start a run as a job of the cluster; return its name.

    Raises:
        ConflictError: there is a run of this name.
        BusyError: as many runs as there may be are under way.
        NotReadyError: the cluster can't be reached; one that is starting is waited for.
        OutvotedError: what the command line would say of the configuration.
    """
    name = job_name(wanted.name, "name") if wanted.name else None
    found = _checked(service, wanted, name or "new")
    name = name or f"{found.kind}-{time.strftime('%Y%m%d-%H%M%S')}"
    service.wait()
    with service.claiming(name):
        _refuse_taken(service, name)
        _submit(service, name, found, resume=False)
    return name


def stop(service: Service, name: str) -> None:
    """Ask a run to end as Ctrl-C would: what was found is kept, and it can be resumed.

    Raises:
        NotFoundError: there is no such run.
        ConflictError: it is not under way, or was started in a shell.
    """
    service.wait()
    seen = details(service, name)
    if "stop" not in seen.may:
        at_work = seen.state in ("running", "stuck")
        raise ConflictError(
            expected=f"a run {shown(name)} that is under way and was started here",
            found="one that a shell started" if at_work else f"one that is {seen.state}",
            remedy="end it there with Ctrl-C" if at_work else "nothing has to be stopped",
        )
    with service.asking() as jobs:
        jobs.stop(newest(jobs, name).id)
    service.table.forget()


def resume(service: Service, name: str, retry_failed: bool = False) -> None:
    """Go on with a run that ended early.

    Args:
        retry_failed: run searches that failed again.

    Raises:
        NotFoundError: there is no such run.
        ConflictError: it is under way, or a part of another.
        OutvotedError: its configuration may not come from the network, or can't be read.
    """
    _go_on(service, name, (_RETRY,) if retry_failed else ())


def extend(service: Service, name: str, overrides: Sequence[str]) -> None:
    """Go on with a run with other values of keys that a resumed run may change.

    Raises:
        NotFoundError: there is no such run.
        ConflictError: it is under way, or a part of another.
        OutvotedError: a key may not change, or its value is none.
    """
    if not overrides:
        raise OutvotedError(
            expected="at least one override, say search.per_target=500",
            found="none",
            remedy=f"GET /v1/runs/{name}/changeable lists the keys that a resumed run may change",
        )
    _go_on(service, name, overrides)


def changeable(service: Service, name: str) -> dict[str, Any]:
    """Return the keys that a resumed run may change, with the values they have.

    Raises:
        OutvotedError: there is no such run, or its `run.json` can't be read.
    """
    record = RunFolder(run_folder(service, name)).glance()
    form = KINDS[kind_called(record.kind)].form
    return {key: value for key, value in _leaves(record.config) if may_change(form, key)}


def log_of(service: Service, name: str) -> str:
    """Return what the newest job of a run has printed.

    Raises:
        NotFoundError: it has no job on this cluster.
    """
    job = job_of(service, name)
    with service.asking() as jobs:
        return plain(jobs.log(job.id))


def job_of(service: Service, name: str) -> JobSeen:
    """Return the newest job of a run.

    Raises:
        NotFoundError: it has none on this cluster.
    """
    job = service.table.newest().get(name)
    if job is None:
        summary(service, name)
        raise NotFoundError(
            expected=f"a run {shown(name)} that was started here",
            found="one that a shell started, or a cluster that has ended",
            remedy="look at what is in its folder",
        )
    return job


def config_of(service: Service, name: str) -> str:
    """Return the configuration of a run as YAML, every key in it.

    Raises:
        OutvotedError: there is no such run, or its `run.json` can't be read.
    """
    return _written(RunFolder(run_folder(service, name)).glance().config)


def _go_on(service: Service, name: str, overrides: Sequence[str]) -> None:
    service.wait()
    seen = details(service, name)
    if "extend" not in seen.may:
        raise ConflictError(
            expected=f"a run {shown(name)} that nobody works on, and that is no part of another",
            found=f"one that is {seen.state}" if "~" not in name else "a part of a run",
            remedy="wait for it to end, or stop it" if "~" not in name else "resume the whole run",
        )
    store = RunFolder(run_folder(service, job_name(name, "the folder")))
    record = store.read_record()
    wanted = NewRun(_written(record.config), kind_called(record.kind), name, overrides)
    found = _checked(service, wanted, name)
    check_same_settings(store, record, found.settings)
    with service.claiming(name):
        _submit(service, name, found, resume=True)


def _checked(service: Service, wanted: NewRun, name: str) -> _Checked:
    """Check a configuration from the network: what it names, and what the command line would check.

    Raises:
        OutvotedError: it says what is wrong, in a file of the run's name.
    """
    file = Path(f"{name}.yaml")
    given = kind_called(wanted.kind) if wanted.kind else None
    entry = ENTRIES[given or next(iter(ENTRIES))]
    keys = keys_of(wanted.config.encode(), file, entry.name, entry.minimal)
    chosen = kind_meant(given, keys)
    allowed = Allowed(service.settings.data, service.settings.allow_code)
    confined = check_from_network(chosen, keys, tuple(wanted.overrides), allowed)
    settings = configured(KINDS[chosen], confined, file, (), allowed.trust)
    return _Checked(chosen, confined, settings)


def _refuse_taken(service: Service, name: str) -> None:
    path = service.runs / name
    job = service.table.newest().get(name)
    if path.exists() or path.is_symlink() or (job is not None and not job.ended):
        raise ConflictError(
            expected=f"no run {shown(name)} yet",
            found="one that is under way"
            if job is not None and not job.ended
            else "one in the folder of runs",
            remedy="choose another name, or resume that run",
        )


def _submit(service: Service, name: str, found: _Checked, resume: bool) -> None:
    use_one_thread()
    folder = private_folder(private_folder(service.settings.own.absolute()) / "submitted")
    file = folder / f"{name}.yaml"
    keep_private(file, _written(found.keys).encode())
    runs = place_of(service.runs)
    wanted = Submission(found.kind, file, found.keys, name, runs=runs, resume=resume, without=None)
    with service.asking() as jobs:
        submit(wanted, jobs, Terminal(quiet=True))


def _written(keys: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(keys), sort_keys=False, allow_unicode=True, width=100)


def _leaves(values: Any, within: str = "") -> list[tuple[str, Any]]:
    """Return the values of a configuration with the paths of their keys; a list is one value."""
    if not isinstance(values, Mapping) or not values:
        return [(within, values)]
    found = []
    for key, value in values.items():
        found += _leaves(value, f"{within}.{key}" if within else str(key))
    return found
