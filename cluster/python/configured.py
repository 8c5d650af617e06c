"""Configurations, runs and keywords as calls from Python name them."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from outvoted.actors.runs.commands import command_of
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.configuration import reading
from outvoted.cluster.storage.at_hand import fetched
from outvoted.cluster.storage.urls import run_folder_of
from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.settings import Settings

Config = str | Path | Mapping[str, Any] | Settings
"""The path of a YAML file, the name of a configuration that comes with outvoted, its keys, or a value."""
RUNS = Path("runs")
"""The folder around runs."""


@dataclass(frozen=True)
class Where:
    """Where a run is made: the address of Ray (None: of this machine), its name, the folder around it."""

    address: str | None = None
    name: str | None = None
    resume: bool = False
    runs: Path = RUNS
    progress: bool = True


def settings(
    config: Config, kind: str, where: str, overrides: str | Iterable[str] = (), *, of_any_kind: bool = False
) -> Settings:
    """Return what configures a kind of run, with ``"key.path=value"`` overrides.

    Args:
        where: the call, for messages.
        of_any_kind: take configurations of other kinds as well, where a file or value is one.

    Raises:
        OutvotedError: it cannot be read, is for another kind, or a key or value is not what it must be.
    """
    kinds = import_module("outvoted.cluster.jobs.kinds")  # which takes a while
    sets = (overrides,) if isinstance(overrides, str) else tuple(overrides)
    if isinstance(config, Settings):
        if not (of_any_kind or type(config) is kinds.KINDS[kind].form):
            raise OutvotedError(
                expected=f"a configuration of outvoted.{command_of(kind)}(...)",
                found=f"a {type(config).__name__}",
                remedy=f"pass a configs.{kinds.KINDS[kind].form.__name__}, or the path of a file",
            )
        return reading.overridden(config, sets, where)
    if isinstance(config, Mapping):
        made: Settings = reading.validated(kinds.KINDS[kind].form, config, where)
        return reading.overridden(made, sets, where)
    path = Path(config)
    wanted = kinds.kind_at(path) if of_any_kind else kinds.KINDS[kind]
    found: Settings = kinds.read(wanted.form, path, sets)
    return found


def kind_wanted(config: Config, kind: str | None = None) -> str:
    """Name the kind of run that a configuration is of; ``kind`` is what the call was told, or None.

    Raises:
        OutvotedError: there is no such kind, or the file cannot be read.
    """
    kinds = import_module("outvoted.cluster.jobs.kinds")  # which takes a while
    found: str
    if isinstance(config, Settings):
        found = kinds.kind_of(config).name
        return found
    name = None if kind is None else kinds.kind_called(kind)
    keys = config if isinstance(config, Mapping) else kinds.keys_in(Path(config), name or "mine")
    found = kinds.kind_meant(name, keys)
    return found


def stem(config: Config, kind: str) -> Path:
    """Return what a run is named after where it gets no name: its file, or its kind."""
    return Path(config) if isinstance(config, str | Path) else Path(kind)


def run_at(run: str | Path) -> RunFolder:
    """Return a run by its folder or URL, or by its name in the folder ``runs``.

    Raises:
        OutvotedError: it is at a URL, and the store refuses.
    """
    path, named = run_folder_of(run), RUNS / run
    return RunFolder(fetched(path) if path.exists() or not named.is_dir() else named)


def given(**keywords: Any) -> dict[str, Any]:
    """Return the keywords that were given: those that are not None."""
    return {name: value for name, value in keywords.items() if value is not None}


def refuse_unknown(function: Callable[..., Any], unknown: Mapping[str, Any], where: str) -> None:
    """Refuse keywords that a function doesn't have.

    Raises:
        OutvotedError: it says which one was meant.
    """
    if unknown:
        found = inspect.signature(function).parameters.values()
        known = [one.name for one in found if one.kind is one.KEYWORD_ONLY]
        first = next(iter(unknown))
        raise OutvotedError(
            f"only known keywords in {where}", f"the unknown keyword '{first}'", suggestion(first, known)
        )
