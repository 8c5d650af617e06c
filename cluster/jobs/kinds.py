"""The kinds of runs: a new one is a folder beside this file, and a line here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from outvoted.actors.runs.run_folder import RunRecord
from outvoted.cluster.configuration import reading
from outvoted.cluster.jobs.compare.kind import COMPARE
from outvoted.cluster.jobs.heal.kind import HEAL
from outvoted.cluster.jobs.job import Kind
from outvoted.cluster.jobs.mine.kind import MINE
from outvoted.cluster.jobs.scan.kind import SCAN
from outvoted.cluster.jobs.study.kind import STUDY
from outvoted.cluster.jobs.sweep.kind import SWEEP
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

KINDS: Mapping[str, Kind[Any]] = {kind.name: kind for kind in (MINE, SCAN, COMPARE, HEAL, SWEEP, STUDY)}
"""By name; a file with keys that fit several is the first one's."""
_FORMS = {kind.name: reading.ConfigForm(kind.form, kind.minimal) for kind in KINDS.values()}
Config = TypeVar("Config", bound=Settings)


def kind_of(config: Settings | RunRecord) -> Kind[Any]:
    """Return the kind of run that a configuration, or a record, is of.

    Raises:
        OutvotedError: there is none.
    """
    if isinstance(config, RunRecord):
        found = KINDS.get(config.kind)
    else:
        found = next((kind for kind in KINDS.values() if kind.form is type(config)), None)
    if found is None:
        raise OutvotedError(
            expected=f"a run or a configuration of {', '.join(KINDS)}",
            found=config.kind if isinstance(config, RunRecord) else type(config).__name__,
            remedy="use the version of outvoted that it was written for",
        )
    return found


def read(form: type[Config], path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a configuration of a kind of run from YAML; see :func:`reading.read`.

    Raises:
        OutvotedError: the file or an override cannot be read, a key or value is not what it must be, or the
            file is for another command.
    """
    return reading.read(form, path, overrides, _FORMS)


def kind_at(path: Path) -> Kind[Any]:
    """Return the kind of run that a file configures.

    Raises:
        OutvotedError: the file cannot be read.
    """
    return KINDS[reading.command_at(path, _FORMS)]


def check_offers(record: RunRecord, command: str, purpose: str) -> None:
    """Refuse a run of a kind that a command has no use for.

    Args:
        purpose: what the command does with the run, after "a run of ..., ".

    Raises:
        OutvotedError: it says which kinds the command is for.
    """
    if command not in kind_of(record).offers:
        fit = " or ".join(f"`outvoted {kind.name}`" for kind in KINDS.values() if command in kind.offers)
        raise OutvotedError(
            expected=f"a run of {fit}, {purpose}",
            found=f"{record.name}, a run of `outvoted {record.kind}`",
            remedy="choose another run: `outvoted runs` lists them",
        )
