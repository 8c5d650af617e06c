"""Overriding a configuration from the command line: ``--set key.path=value``."""

import re
from typing import Any

from outvoted.cluster.configuration.key_paths import TAGS, models_at, variant
from outvoted.cluster.configuration.strict_yaml import NotPlainYamlError, parse
from outvoted.cluster.console.shown import shown
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

_DEEPEST = 20


def apply(form: type[Settings], values: dict[str, Any], override: str) -> None:
    """Set one key of a configuration (as JSON) to another value.

    Raises:
        OutvotedError: it is not a key path and a value, or the path leads nowhere.
    """
    key, equals, text = override.partition("=")
    parts = key.split(".")
    if not equals or not re.fullmatch(r"\w+(\.\w+)*", key) or len(parts) > _DEEPEST:
        raise _no_override(override, f"no path of a key: {shown(key)}" if equals else "no '=' in it")
    try:
        value = parse(text)
    except NotPlainYamlError as error:
        raise _no_override(
            override, str(error).replace(", on line 1", "").replace(" on line 1", "")
        ) from error
    *parents, last = parts
    here: Any = values
    for depth, parent in enumerate(parents):
        here = _inside(here, parent, parents[:depth], override)
    if isinstance(here, list):
        here[_index(here, last, parents, override)] = value
    elif isinstance(here, dict):
        models = models_at(form, parents)
        if last in TAGS and variant(models, str(here.get(last))) != variant(models, str(value)):
            here.clear()  # another variant: the settings of the old one mean nothing to it
        here[last] = value
    else:
        raise _no_keys(here, last, override)


def _inside(here: Any, key: str, path: list[str], override: str) -> Any:
    if isinstance(here, list):
        return here[_index(here, key, path, override)]
    if isinstance(here, dict):
        if here.get(key) is None:
            here[key] = {}
        return here[key]
    raise _no_keys(here, key, override)


def _index(here: list[Any], key: str, path: list[str], override: str) -> int:
    if key.isascii() and key.isdigit() and len(key) < 10 and int(key) < len(here):
        return int(key)
    place = ".".join(path)
    numbered = f"numbered 0 to {len(here) - 1}" if here else "an empty list"
    raise OutvotedError(
        expected=f"one of the {len(here)} in {place}, {numbered}",
        found=f"{shown(key)} in --set {shown(override)}",
        remedy=f"choose one of them, or write the whole list: --set {place}=[...]",
    )


def _no_keys(here: Any, key: str, override: str) -> OutvotedError:
    return _no_override(override, f"{shown(key)} inside {shown(here)}, which has no keys")


def _no_override(override: str, found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"--set key.path=value, say --set search.patience=100, in --set {shown(override)}",
        found=found,
        remedy="write the path of a key as it stands in the configuration, '=', and its value",
    )
