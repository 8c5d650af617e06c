"""The kinds of runs: a new one is a folder beside this file, and an entry here.

A kind is imported when it is first asked for: importing torch, Ray and whatever else a run needs takes
seconds, and neither `outvoted --help` nor a mistyped file name should have to wait for that.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from outvoted.actors.runs.commands import command_of
from outvoted.cluster.configuration import reading
from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.settings import Settings
from outvoted.search.shown import shown
from outvoted.search.trust import EVERYTHING, Trust

if TYPE_CHECKING:
    from outvoted.actors.runs.run_folder import RunRecord
    from outvoted.cluster.jobs.job import Kind
    from outvoted.cluster.jobs.run_settings import RunSettings

Config = TypeVar("Config", bound="RunSettings")


@dataclass(frozen=True)
class KindEntry:
    """What is known of a kind of run before it is imported.

    Attributes:
        name: of its folder, whose `kind.py` holds the kind under this name in capitals.
        does: what its command does with such a configuration, in a sentence.
        example: the name of a ready configuration.
        minimal: the lines of a small configuration.
    """

    name: str
    does: str
    example: str
    minimal: Sequence[str]

    @property
    def command(self) -> str:
        """The command that makes such runs; one command may make runs of several kinds."""
        return command_of(self.name)


_DIGITS = "data: {name: mnist-sample}"
_SEARCHES = "search: {per_target: 100}"
_TEMPERATURE = "experiment: {kind: temperature, network: {kind: mlp, activation: sigmoid}}"
_ENTRIES = (
    KindEntry(
        name="mine",
        does="Train a panel (or reuse one), mine it for mistakes, and report.",
        example="mnist",
        minimal=(_DIGITS, _SEARCHES),
    ),
    KindEntry(
        name="scan",
        does="Stream unlabelled images through a panel; keep those on which exactly one peer dissents.",
        example="scan-checkerboard",
        minimal=(_DIGITS, "scan: {source: {kind: folder, path: FOLDER}}"),
    ),
    KindEntry(
        name="compare",
        does="Mine with several strategies on one panel and the same seeds, and compare them.",
        example="compare-mnist",
        minimal=(_DIGITS, _SEARCHES),
    ),
    KindEntry(
        name="heal",
        does="Fine-tune a panel on its mistakes and mine it again, round after round, beside two controls.",
        example="heal-mnist",
        minimal=(_DIGITS, _SEARCHES),
    ),
    KindEntry(
        name="sweep",
        does="Train and measure networks of many settings: temperatures, or classes of noise.",
        example="sweep-temperature-small",
        minimal=(_DIGITS, _TEMPERATURE),
    ),
    KindEntry(
        name="tune",
        does="Vary any keys of a configuration, make a run of each point, and report which do best.",
        example="tune-small",
        minimal=(
            "mine: {data: {name: mnist-sample}}",
            "vary: {search.patience: [50, 100]}",
            "objectives: success",
        ),
    ),
    KindEntry(
        name="study",
        does="Show a panel images between classes: the landscape of its votes, and where peers disagree.",
        example="study-iris",
        minimal=(_DIGITS, "study: {kind: morphs}"),
    ),
)
ENTRIES: Mapping[str, KindEntry] = {entry.name: entry for entry in _ENTRIES}
"""By name; a file with keys that fit several kinds is the first one's."""
COMMANDS: Mapping[str, Sequence[KindEntry]] = {
    command: tuple(entry for entry in _ENTRIES if entry.command == command)
    for command in dict.fromkeys(entry.command for entry in _ENTRIES)
}
"""The kinds of runs that each command makes."""


class _Kinds(Mapping[str, "Kind[Any]"]):
    """The kinds by name, each imported when it is taken."""

    def __getitem__(self, name: str) -> "Kind[Any]":
        module = import_module(f"outvoted.cluster.jobs.{ENTRIES[name].name}.kind")
        kind: Kind[Any] = getattr(module, name.upper())
        return kind

    def __iter__(self) -> Iterator[str]:
        return iter(ENTRIES)

    def __len__(self) -> int:
        return len(ENTRIES)


KINDS: Mapping[str, "Kind[Any]"] = _Kinds()


def kind_called(name: str) -> str:
    """Return a name that the user gave if a kind of run has it.

    Raises:
        OutvotedError: none has.
    """
    if name in ENTRIES:
        return name
    raise OutvotedError(
        expected=f"a kind of run: {', '.join(ENTRIES)}", found=shown(name), remedy=suggestion(name, ENTRIES)
    )


def kind_of(config: "Settings | RunRecord") -> "Kind[Any]":
    """Return the kind of run that a configuration, or a record, is of.

    Raises:
        OutvotedError: there is none.
    """
    if isinstance(config, Settings):
        found = next((kind for kind in KINDS.values() if kind.form is type(config)), None)
    else:
        found = KINDS.get(config.kind)
    if found is None:
        raise OutvotedError(
            expected=f"a run or a configuration of {', '.join(KINDS)}",
            found=type(config).__name__ if isinstance(config, Settings) else config.kind,
            remedy="use the version of outvoted that it was written for",
        )
    return found


def keys_in(path: Path, name: str) -> dict[str, Any]:
    """Read what is to configure the kind of run ``name``; no kind is imported for it.

    Args:
        path: of a file, or the name of a ready configuration.

    Raises:
        OutvotedError: the file cannot be read, or holds no keys.
    """
    return reading.keys_in(path, command_of(name), ENTRIES[name].minimal)


def configured(
    kind: "Kind[Any]",
    keys: Mapping[str, Any],
    path: Path,
    overrides: Sequence[str] = (),
    trust: Trust = EVERYTHING,
) -> "RunSettings":
    """Return the configuration of a kind of run that the keys of a file, and overrides, make.

    Args:
        trust: what may be imported, where somebody else may have written the file.

    Raises:
        OutvotedError: an override cannot be read, a key or value is not what it must be, or the file is for
            another command.
    """
    reading.check_meant(kind.name, keys, path, KINDS)
    read = reading.validated(kind.form, keys, path, trust)
    made: RunSettings = reading.overridden(read, overrides, path, trust)
    return made


def read(form: type[Config], path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a configuration of a kind of run from YAML, and apply ``key.path=value`` overrides.

    Raises:
        OutvotedError: the file or an override cannot be read, a key or value is not what it must be, or the
            file is for another command.
    """
    kind = next(kind for kind in KINDS.values() if kind.form is form)
    config = configured(kind, keys_in(path, kind.name), path, overrides)
    assert isinstance(config, form)
    return config


def kind_at(path: Path) -> "Kind[Any]":
    """Return the kind of run that a file configures: the first of those it fits, or the first one.

    Raises:
        OutvotedError: the file cannot be read.
    """
    return KINDS[kind_of_keys(keys_in(path, next(iter(KINDS))))]


def kind_of_keys(keys: Mapping[str, Any]) -> str:
    """Name the kind of run that keys configure: the first of those they fit, or the first one."""
    first = next(iter(KINDS))
    return reading.meant_for(keys, first, KINDS) or first


def kind_meant(name: str | None, keys: Mapping[str, Any]) -> str:
    """Name the kind of run that keys configure.

    Args:
        name: of the kind, or of a command: of its kinds the one that knows most of the keys is meant. None
            for the first that the keys fit.

    Raises:
        OutvotedError: there is no such kind.
    """
    if name is None:
        return kind_of_keys(keys)
    sharing = COMMANDS.get(name, ())
    if len(sharing) < 2:
        return kind_called(name)
    return reading.nearest(keys, {entry.name: KINDS[entry.name] for entry in sharing})


def check_offers(record: "RunRecord", command: str, purpose: str) -> None:
    """Refuse a run of a kind that a command has no use for.

    Args:
        purpose: what the command does with the run, after "a run of ..., ".

    Raises:
        OutvotedError: it says which kinds the command is for.
    """
    if command not in kind_of(record).offers:
        fit = " or ".join(
            dict.fromkeys(f"`outvoted {kind.command}`" for kind in KINDS.values() if command in kind.offers)
        )
        raise OutvotedError(
            expected=f"a run of {fit}, {purpose}",
            found=f"{record.name}, a run of `outvoted {record.command}`",
            remedy="choose another run: `outvoted runs` lists them",
        )
