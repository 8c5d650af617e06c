"""Runs from Python: what the command line does, into a folder of runs."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from outvoted.actors.networks.computing import undisturbed
from outvoted.actors.runs.commands import command_of
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.command_line.launching import run_folder
from outvoted.cluster.configuration import reading
from outvoted.cluster.console.terminal import Terminal
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import KINDS
from outvoted.cluster.python import configured
from outvoted.cluster.python.configured import RUNS, Config, Where
from outvoted.cluster.python.panel import Panel
from outvoted.cluster.python.result import Result
from outvoted.cluster.storage.urls import folder_of, given_as

LOCAL = "local"


@undisturbed()
def run(
    config: Config,
    overrides: str | Iterable[str] = (),
    *,
    kind: str | None = None,
    name: str | None = None,
    address: str = LOCAL,
    resume: bool = False,
    runs: str | Path = RUNS,
) -> Result:
    """Make a run of any kind, as the command line does, on Ray, into a folder of ``runs``.

    Args:
        config: a value, say ``configs.MineConfig(...)``, its keys as a mapping, the path of a YAML file, or
            the name of a configuration that comes with outvoted.
        overrides: one or more of ``"key.path=value"``, as after ``--set``.
        kind: mine, scan, compare, heal, sweep or study, for a file that would do for several.
        name: of the run; after its configuration and the time if left out.
        address: "local", "auto" or the HOST:PORT of a Ray cluster.
        resume: continue the run of that name, or the newest one of the configuration.
        runs: the folder around the run's, or its URL: ``s3://BUCKET/PREFIX``, ``gs://BUCKET/PREFIX``.

    Raises:
        OutvotedError: what the command line would print; also where every search of a target failed.
    """
    wanted = configured.kind_wanted(config, kind)
    settings = configured.settings(config, wanted, "run(...)", overrides)
    stem = configured.stem(config, wanted)
    return launched(wanted, settings, stem, Where(address, name, resume, folder_of(runs)))


def on_ray(kind: str, subject: Panel | Config, sections: Mapping[str, Any], where: Where) -> Result:
    """Make a run of a kind, of a panel in hand or a configuration, with other values in its sections.

    Args:
        sections: by key of the configuration; those of a mapping replace single keys of a section.

    Raises:
        OutvotedError: a value is not what it must be, a network can't be written down, or what
            :func:`run` raises.
    """
    call, form = f"{command_of(kind)}(...)", KINDS[kind].form
    if isinstance(subject, Panel):
        from outvoted.cluster.python.shipped import shipped

        values = {**shipped(subject, where.runs), **{key: value for key, value in sections.items() if value}}
        return launched(kind, reading.validated(form, values, call), Path(kind), where)
    config = configured.settings(subject, kind, call)
    values = _values(config) | {key: _changed(getattr(config, key), one) for key, one in sections.items()}
    settings = reading.validated(form, values, call) if any(sections.values()) else config
    return launched(kind, settings, configured.stem(subject, kind), where)


def launched(kind: str, settings: Any, stem: Path, where: Where) -> Result:
    """Make a run of checked settings; its folder is called after ``stem`` where it gets no name.

    Raises:
        OutvotedError: what :func:`run` raises.
    """
    folder = run_folder(stem, where.name, where.runs, where.resume)
    job = Job(KINDS[kind], settings, RunFolder(folder), where.address or LOCAL, where.resume)
    report = launch(job, Terminal(quiet=not where.progress))
    report.check(f"all rows are kept in {given_as(folder)}")
    return Result.load(folder)


def _changed(part: Any, new: Any) -> Any:
    """Return a section with the keys of a mapping in place of its own; anything else replaces it."""
    if new is None or new == {}:
        return part
    return _values(part) | dict(new) if isinstance(part, BaseModel) and isinstance(new, Mapping) else new


def _values(settings: BaseModel) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in type(settings).model_fields}
