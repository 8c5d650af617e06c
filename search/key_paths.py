"""Keys of a configuration by their paths: what may stand there, what is put there, what may change."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

from outvoted.search.settings import MayChange, NoResult, Settings
from outvoted.search.trust import EVERYTHING

TAGS = ("kind", "name")
"""Keys that tell the variants of a union apart."""
EVERY = "*"
"""Stands in a path for each item of a list."""
Location = Sequence[int | str]
Mark = TypeVar("Mark", MayChange, NoResult)


def place_of(form: type[Settings], location: Location) -> str:
    """Write a location of pydantic's as a key path.

    Pydantic also names the variant of a union, and the kind of value that it tried; users don't.
    """
    keys: list[str] = []
    here: list[Any] = [form]
    for depth, step in enumerate(location, 1):
        inner = _step(here, step)
        if inner is not None:
            keys.append(str(step))
            here = inner
            continue
        named = variant(_models(*here), str(step))
        of_union = len(named) < len(_models(*here)) or not _models(*here)
        if depth == len(location) and not of_union:
            keys.append(str(step))  # an unknown key
        here = named
    return ".".join(keys)


def models_at(form: type[Settings], location: Location) -> list[Any]:
    """Return the settings classes that may stand at a location."""
    here: list[Any] = [form]
    for step in location:
        inner = _step(here, _index_or_key(str(step)))
        here = inner if inner is not None else variant(_models(*here), str(step))
    return _models(*here)


def holds_settings_by_name(form: type[Settings], path: Sequence[str]) -> bool:
    """Return whether a mapping from names to settings stands at a key path."""
    mappings = [part for part in annotations_at(form, path) if get_origin(part) in (dict, Mapping)]
    return any(_models(get_args(part)[1]) for part in mappings)


def length_at(form: type[Settings], location: Location) -> int | None:
    """Return the length of the list around or at a location where only one will do."""
    here: list[Any] = [form]
    found = None
    for step in location:
        found = _length(here) or found
        inner = _step(here, step)
        here = inner if inner is not None else (variant(_models(*here), str(step)) or here)
    return _length(here) or (found if location and isinstance(location[-1], int) else None)


def annotations_at(form: type[Settings], path: Sequence[str]) -> list[Any]:
    """Return the types that may stand at a key path, in whichever variant; none where it leads nowhere."""
    here: list[Any] = [form]
    for key in path:
        here = _step(here, _index_or_key(key)) or []
    return _parts(*here)


def may_change(form: type[Settings], key_path: str) -> bool:
    """Return whether a resumed run may change the value at a key path: the first mark on the way says so."""
    mark = first_mark(form, key_path.split("."), MayChange)
    return mark is not None and mark.allowed


def first_mark(form: type[Settings], path: Sequence[str], kind: type[Mark]) -> Mark | None:
    """Return the first mark of a kind that fields bear on the way along a key path."""
    here: list[Any] = [form]
    for key in path:
        fields = [model.model_fields[key] for model in _models(*here) if key in model.model_fields]
        for mark in (one for field in fields for one in field.metadata):
            if isinstance(mark, kind):
                return mark
        here = _step(here, _index_or_key(key)) or []
    return None


def _index_or_key(key: str) -> int | str:
    return 0 if key == EVERY else int(key) if key.isascii() and key.isdigit() and len(key) < 10 else key


def variant(models: Sequence[Any], tag: str) -> list[Any]:
    """Return the models of a union that go by ``tag``; all of them if none does."""
    named = [
        model
        for model in models
        if any(tag in get_args(field.annotation) for key, field in model.model_fields.items() if key in TAGS)
    ]
    return named or list(models)


def _step(annotations: Sequence[Any], step: int | str) -> list[Any] | None:
    """Return what may stand behind a field's name, a key or a list's index; None if it is none of them."""
    found: list[Any] = []
    for annotation in _parts(*annotations):
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if step in annotation.model_fields:
                found.append(annotation.model_fields[str(step)].annotation)
        elif isinstance(step, int) and get_origin(annotation) in (tuple, list):
            found += [inner for inner in get_args(annotation) if inner is not ...]
        elif get_origin(annotation) in (dict, Mapping):
            found.append(get_args(annotation)[1])
    return found or None


def _parts(*annotations: Any) -> list[Any]:
    """Take unions and what is annotated apart."""
    found: list[Any] = []
    for annotation in annotations:
        if get_origin(annotation) in (Union, UnionType):
            found += _parts(*get_args(annotation))
        elif hasattr(annotation, "__metadata__"):
            found += _parts(get_args(annotation)[0])
        else:
            found.append(annotation)
    return found


def _models(*annotations: Any) -> list[Any]:
    parts = _parts(*annotations)
    return [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]


def _length(annotations: Sequence[Any]) -> int | None:
    lengths = {
        len(get_args(part))
        for part in _parts(*annotations)
        if get_origin(part) is tuple and ... not in get_args(part)
    }
    return lengths.pop() if len(lengths) == 1 else None


class NoSuchPlaceError(Exception):
    """Says at which key a path leads nowhere.

    Attributes:
        place: the keys before it, joined by points.
        key: that key.
        here: what stands at the place: a list without it, or a value without keys.
    """

    def __init__(self, place: str, key: str, here: Any) -> None:
        super().__init__(place, key, here)
        self.place, self.key, self.here = place, key, here

    @property
    def wanted(self) -> str:
        """What would have been a key there."""
        if not isinstance(self.here, list):
            return f"keys in {self.place}"
        numbered = f"numbered 0 to {len(self.here) - 1}" if self.here else "an empty list"
        return f"one of the {len(self.here)} in {self.place}, {numbered}"


def put(form: type[Settings], values: dict[str, Any], path: Sequence[str], value: Any) -> list[str]:
    """Put a value into a configuration (as JSON) in place of another; ``*`` stands for every item of a list.

    A kind that stands there as a word becomes one with settings where the path goes on, and null becomes
    keys. Where another kind is put, the settings of the old one are dropped: they mean nothing to it.

    Returns:
        The key paths at which the value stands now.

    Raises:
        NoSuchPlaceError: the path leads nowhere; values may have changed on the way.
    """
    *parents, last = path
    found: list[tuple[list[str], Any]] = [([], values)]
    for key in parents:
        found = [inner for place, here in found for inner in _entered(form, place, here, key)]
    return [".".join(there) for place, here in found for there in _replace(form, place, here, last, value)]


def found_at(values: Any, path: Sequence[str]) -> list[Any]:
    """Return what stands at a key path of a configuration (as JSON): nothing, or several things for ``*``."""
    found = [values]
    for key in path:
        found = [inner for here in found for inner in _inside(here, key)]
    return found


def _inside(here: Any, key: str) -> list[Any]:
    if isinstance(here, list):
        return here if key == EVERY else [here[int(key)]] if _is_index(key, here) else []
    return [here[key]] if isinstance(here, dict) and key in here else []


def _entered(form: type[Settings], place: list[str], here: Any, key: str) -> Iterator[tuple[list[str], Any]]:
    """Yield the places that a key leads to, and what stands there, with keys where it may have some."""
    steps = _steps(place, here, key)
    for step, name in steps:
        within, value = [*place, name], here[step] if isinstance(here, list) else here.get(step)
        if value is None:
            here[step] = {}
        elif isinstance(value, str) and models_at(form, within):
            here[step] = {"kind": value}
        yield within, here[step]


def _replace(form: type[Settings], place: list[str], here: Any, key: str, value: Any) -> Iterator[list[str]]:
    for step, name in _steps(place, here, key):
        if key in TAGS and isinstance(here, dict):
            models = models_at(form, place)
            if variant(models, str(here.get(key))) != variant(models, str(value)):
                here.clear()
        here[step] = deepcopy(value)
        yield [*place, name]


def _steps(place: list[str], here: Any, key: str) -> list[tuple[Any, str]]:
    """Return what ``here`` is subscripted with for a key of a path, and how a path says it."""
    if isinstance(here, list) and here and key == EVERY:
        return [(index, str(index)) for index in range(len(here))]
    if isinstance(here, list) and _is_index(key, here):
        return [(int(key), str(int(key)))]
    if isinstance(here, dict) and key != EVERY:
        return [(key, key)]
    raise NoSuchPlaceError(".".join(place), key, here)


def _is_index(key: str, items: Sequence[Any]) -> bool:
    return key.isascii() and key.isdigit() and len(key) < 10 and int(key) < len(items)


def differences(old: Mapping[str, Any], new: Mapping[str, Any], within: str = "") -> list[str]:
    """List the key paths at which two configurations (as JSON) differ."""
    found = []
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found += differences(before, after, f"{within}{key}.")
        elif before != after:
            found.append(f"{within}{key}")
    return found


def brief(settings: BaseModel) -> dict[str, Any]:
    """Return the fewest keys (as JSON) that make settings; all of them where fewer would make others."""
    values = settings.model_dump(mode="json")
    short: dict[str, Any] = _without_defaults(settings, values)
    return short if type(settings).model_validate(short, context=EVERYTHING.context) == settings else values


def _without_defaults(value: Any, dumped: Any) -> Any:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields.items()
        kept = [
            name
            for name, field in fields
            if name in TAGS or getattr(value, name) != field.get_default(call_default_factory=True)
        ]
        return {name: _without_defaults(getattr(value, name), dumped[name]) for name in kept}
    if isinstance(value, tuple) and isinstance(dumped, list):
        return [_without_defaults(*pair) for pair in zip(value, dumped, strict=True)]
    return dumped
