"""Reading a configuration from YAML, with overrides from the command line."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from outvoted.cluster.configuration.ready import file_of, names
from outvoted.cluster.configuration.strict_yaml import MOST_BYTES, NotPlainYamlError, parse
from outvoted.cluster.console.terminal import command
from outvoted.search.errors import OutvotedError
from outvoted.search.explaining import explained
from outvoted.search.key_paths import NoSuchPlaceError, holds_settings_by_name, put
from outvoted.search.settings import Settings
from outvoted.search.shown import shown, visible
from outvoted.search.trust import EVERYTHING, Trust

Config = TypeVar("Config", bound=Settings)


class Configured(Protocol):
    """What is configured by a file of its own: a kind of run."""

    @property
    def form(self) -> type[Settings]:
        """The configuration."""

    @property
    def command(self) -> str:
        """The command that takes it."""


Kinds = Mapping[str, Configured]
"""The kinds of runs by name."""


def check_meant(own: str, keys: Mapping[str, Any], path: Path, kinds: Kinds) -> None:
    """Refuse the keys of a file that was written for another command than that of the kind ``own``.

    Raises:
        OutvotedError: it says for which.
    """
    meant = meant_for(keys, own, kinds)
    wanted, other = kinds[own].command, None if meant is None else kinds[meant].command
    if other is not None and other != wanted:
        raise OutvotedError(
            expected=f"a configuration of `outvoted {wanted}` at {path}",
            found=f"one of `outvoted {other}`",
            remedy=f"{command('outvoted', other, path)}, or another file",
        )


def meant_for(keys: Mapping[Any, Any], own: str, kinds: Kinds) -> str | None:
    """Name the other kind of run that keys were written for, if they don't fit the one that is wanted."""
    if _fits(keys, kinds[own].form):
        return None
    for name, other in kinds.items():
        if _fits(keys, other.form):
            return name
    distinct = {
        name: _required(other.form) - kinds[own].form.model_fields.keys() for name, other in kinds.items()
    }
    candidates = {name: kinds[name] for name, required in distinct.items() if required & keys.keys()}
    return nearest(keys, candidates) if candidates else None


def nearest(keys: Mapping[Any, Any], kinds: Kinds) -> str:
    """Name the kind of run, of at least one, that knows most of some keys; of several the first."""
    return max(kinds, key=lambda name: len(keys.keys() & kinds[name].form.model_fields.keys()))


def _fits(keys: Mapping[Any, Any], form: type[Settings]) -> bool:
    return _required(form) <= keys.keys() <= form.model_fields.keys()


def _required(form: type[Settings]) -> set[str]:
    """Return the keys that may not be left out."""
    return {name for name, field in form.model_fields.items() if field.is_required()}


def overridden(
    config: Config, overrides: Sequence[str], path: Path | str, trust: Trust = EVERYTHING
) -> Config:
    """Return a configuration with ``key.path=value`` overrides applied; the rest is as in :func:`validated`.

    Raises:
        OutvotedError: an override cannot be read, or a key or value is not what it must be.
    """
    if not overrides:
        return config
    values = config.model_dump(mode="json")
    for override in overrides:
        apply(type(config), values, override)
    return validated(type(config), values, path, trust)


def validated(
    form: type[Config], values: Mapping[str, Any], path: Path | str, trust: Trust = EVERYTHING
) -> Config:
    """Return the user's own settings made of values; what they name by import path is imported.

    ``path`` says in errors where they stand: a file, or a Python call. What lies in a run's folder is read
    by ``OpenedRun.configured`` instead.

    Args:
        trust: what may be imported, where somebody else may have written the values.

    Raises:
        OutvotedError: a key or value is not what it must be.
    """
    try:
        return form.model_validate(values, context=trust.context)
    except ValidationError as error:
        raise explained(form, error, path) from None
    except RecursionError as error:
        raise OutvotedError(
            expected=f"values nested only a few levels deep in {path}",
            found="lists or keys nested without end",
            remedy="flatten them",
        ) from error


def keys_in(path: Path, command: str, minimal: Sequence[str]) -> dict[str, Any]:
    """Read the keys that are to configure a command; the lines ``minimal`` are enough for it.

    Args:
        path: of a file, or the name of a ready configuration.

    Raises:
        OutvotedError: the file cannot be read, or holds no keys.
    """
    try:
        with file_of(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or visible(str(error))
        raise _unreadable(command, minimal, path, found, _nearest(path)) from error
    return keys_of(content, path, command, minimal)


def keys_of(content: bytes, path: Path, command: str, minimal: Sequence[str]) -> dict[str, Any]:
    """Return the keys in what a file holds, which ``path`` names in errors.

    Raises:
        OutvotedError: it is not plain YAML, or holds no keys.
    """
    try:
        values = parse(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _unreadable(command, minimal, path, "a file that is not text in UTF-8") from error
    except NotPlainYamlError as error:
        raise OutvotedError(
            expected=f"a configuration in plain YAML in {path}",
            found=visible(str(error)),
            remedy="correct the file there",
        ) from error
    if not isinstance(values, dict):
        found = f"{'a list' if isinstance(values, list) else 'one value'} instead of keys: {shown(values)}"
        if values is None:
            found = "a file without keys"
        raise _unreadable(command, minimal, path, found)
    return values


def _nearest(path: Path) -> str | None:
    """Name a file beside a missing one, or a ready configuration, that may be meant."""
    try:
        there = [file.name for file in path.parent.glob("*.y*ml")]
    except OSError:
        return None
    close = get_close_matches(path.name, there, n=1)
    if close:
        return f"did you mean {shown(path.with_name(close[0]))}?"
    ready = get_close_matches(path.stem, names(), n=1)
    return f"did you mean {shown(ready[0])}, which comes with outvoted?" if ready else None


def _unreadable(
    name: str, minimal: Sequence[str], path: Path, found: str, remedy: str | None = None
) -> OutvotedError:
    lines = "\n".join(f"          {line}" for line in minimal)
    return OutvotedError(
        expected=f"a YAML file at {path} that configures `outvoted {name}`",
        found=found,
        remedy=remedy
        or f"choose one that `outvoted configs` lists, or write one; these lines are enough:\n{lines}",
    )


_DEEPEST = 20


def apply(form: type[Settings], values: dict[str, Any], override: str) -> None:
    """Set one key of a configuration (as JSON) to another value; ``*`` stands for every item of a list.

    Raises:
        OutvotedError: it is not a key path and a value, or the path leads nowhere.
    """
    key, equals, text = override.partition("=")
    parts = key.split(".")
    if not equals or not re.fullmatch(r"\w+(\.(\w+|\*))*", key) or len(parts) > _DEEPEST:
        raise _no_override(override, f"no path of a key: {shown(key)}" if equals else "no '=' in it")
    try:
        value = parse(text)
    except NotPlainYamlError as error:
        raise _no_override(
            override, str(error).replace(", on line 1", "").replace(" on line 1", "")
        ) from error
    try:
        put(form, values, _keys_of(form, values, parts), value)
    except NoSuchPlaceError as error:
        raise _nowhere(error, override) from None


def _keys_of(form: type[Settings], values: Any, parts: list[str]) -> list[str]:
    """Return the keys that the parts of a path name, where keys of a mapping have dots themselves.

    A key that is there already is meant if the path goes on within it, else all the rest is a new key.
    """
    found: list[str] = []
    here: Any = values
    while parts:
        rest = ".".join(parts)
        key = parts[0]
        if isinstance(here, dict) and holds_settings_by_name(form, found):
            key = next((known for known in here if f"{rest}.".startswith(f"{known}.")), rest)
        parts = rest[len(key) + 1 :].split(".") if len(rest) > len(key) else []
        found.append(key)
        here = here.get(key) if isinstance(here, dict) else None
    return found


def _nowhere(error: NoSuchPlaceError, override: str) -> OutvotedError:
    if not isinstance(error.here, list):
        return _no_keys(error.here, error.key, override)
    return OutvotedError(
        expected=error.wanted,
        found=f"{shown(error.key)} in --set {shown(override)}",
        remedy=f"choose one of them, or write the whole list: --set {error.place}=[...]",
    )


def _no_keys(here: Any, key: str, override: str) -> OutvotedError:
    return _no_override(override, f"{shown(key)} inside {shown(here)}, which has no keys")


def _no_override(override: str, found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"--set key.path=value, say --set search.patience=100, in --set {shown(override)}",
        found=found,
        remedy="write the path of a key as it stands in the configuration, '=', and its value",
    )
