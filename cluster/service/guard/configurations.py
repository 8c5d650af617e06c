"""What a configuration from the network may name: no code, and files in some folders alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from outvoted.actors.data.files import expanded
from outvoted.cluster.configuration.keys import packaged
from outvoted.cluster.configuration.reading import apply, check_meant
from outvoted.cluster.jobs.kinds import KINDS, kind_called
from outvoted.cluster.jobs.tune import TuneConfig
from outvoted.cluster.service.guard.varied import confined_values, names_of_paths
from outvoted.search.errors import OutvotedError
from outvoted.search.explaining import explained
from outvoted.search.settings import Settings
from outvoted.search.shown import shown
from outvoted.search.trust import EVERYTHING, Trust

_SENT = Path("the configuration that was sent")
_CODE = (
    "leave it out, or ask whoever runs the service to start it with --allow-code: "
    "then whoever may start runs can run any code that is installed there"
)


@dataclass(frozen=True)
class Allowed:
    """What configurations may name.

    Attributes:
        folders: in which the files lie that they name, at any depth.
        code: whether they may name anything, code too.
    """

    folders: Sequence[Path] = ()
    code: bool = False

    @property
    def trust(self) -> Trust:
        """The trust in what is sent."""
        return (
            EVERYTHING if self.code else Trust(frozenset(), str(_SENT), _CODE, "it runs as the service does")
        )


def check_from_network(
    kind: str, keys: Mapping[str, Any], overrides: Sequence[str], allowed: Allowed
) -> dict[str, Any]:
    """Return the keys of a configuration that may be run, with overrides applied and paths absolute.

    Nothing is imported before it is known to be allowed.

    Raises:
        OutvotedError: there is no such kind of run, a key or value is not what it must be, or one names what
            it may not.
    """
    form = KINDS[kind_called(kind)].form
    check_meant(kind, keys, _SENT, KINDS)
    allowed.trust.check_all(keys)
    settings = _made(form, keys, allowed.trust)
    if overrides:
        values = settings.model_dump(mode="json")
        for override in overrides:
            apply(form, values, override)
        settings = _made(form, values, allowed.trust)
    allowed.trust.check_all(settings.model_dump(mode="json"))
    found: dict[str, Any] = _confined(settings.model_dump(exclude_unset=True), "", allowed)
    if isinstance(settings, TuneConfig):
        names = names_of_paths(packaged(kind))
        found["vary"] = confined_values(found["vary"], names, partial(_within, allowed=allowed))
        settings.space(allowed.trust)
    return found


def _made(form: type[Settings], values: Mapping[str, Any], trust: Trust) -> Settings:
    try:
        return form.model_validate(values, context=trust.context)
    except ValidationError as error:
        raise explained(form, error, _SENT) from None


def _confined(value: Any, key: str, allowed: Allowed) -> Any:
    """Return plain values with every path in an allowed folder, absolute and without links."""
    if isinstance(value, Path):
        return str(_within(value, key, allowed))
    if isinstance(value, Mapping):
        return {
            name: _confined(one, f"{key}.{name}" if key else str(name), allowed)
            for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_confined(one, f"{key}.{index}", allowed) for index, one in enumerate(value)]
    return value


def _within(path: Path, key: str, allowed: Allowed) -> Path:
    """Find a path in the allowed folders; a relative one starts in each of them, in their order.

    What is there without being allowed, and what is not there at all, is told alike.
    """
    place = next(_places(path, allowed.folders), None)
    if place is not None:
        return place
    if allowed.code:
        return path.absolute()
    folders = ", ".join(map(shown, allowed.folders)) or "none: the service was started without --data"
    raise OutvotedError(
        expected=f"{key}: a file or folder in one of the service's folders of data ({folders})",
        found=f"{shown(path)}, which is not in any, or not there",
        remedy="put it there, name what is there, or ask whoever runs the service for --data FOLDER",
    )


def _places(path: Path, folders: Sequence[Path]) -> Iterator[Path]:
    """Yield what a path names in each of the folders, where that is there."""
    for folder in folders:
        root = expanded(folder).resolve()
        try:
            place = (root / path).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):  # nothing, a loop of links, or no name of a file
            continue
        if place.is_relative_to(root):
            yield place
