"""A space made of what is varied: keys, values and conditions checked against the settings' own types."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Generic, TypeVar

from outvoted.analysis.tuning.attempts import WHERE, attempt
from outvoted.analysis.tuning.conditions import check_fixed, condition_on, decider, label
from outvoted.analysis.tuning.dimensions import Condition, Dimension
from outvoted.analysis.tuning.points import Value, text_of
from outvoted.analysis.tuning.space import Space, contexts, encloses, options, overlap
from outvoted.analysis.tuning.variation import Variation
from outvoted.search.errors import OutvotedError, Problem
from outvoted.search.key_paths import annotations_at, first_mark
from outvoted.search.settings import NoResult, Settings
from outvoted.search.shown import shown
from outvoted.search.trust import EVERYTHING, Trust

Config = TypeVar("Config", bound=Settings)
REPLICATED = "replicates.keys"
"""Where keys stand whose values tell the runs of one point apart."""
_DEEPEST = 20
_ATTEMPTS = 2000
"""Values tried of a key, at most, times the contexts in which it holds."""
_CONTEXTS = 64
"""Choices of what a key lies within in which it is tried, at most."""
_TOLD = 3
"""Wrong values of a key that are told at once."""


@dataclass(frozen=True)
class VariedKey:
    """A key that is varied, or that replicates vary.

    Attributes:
        place: where it stands in the sweep's configuration.
    """

    path: str
    variation: Variation
    place: str

    @property
    def keys(self) -> list[str]:
        """The path, key by key."""
        return self.path.split(".")


def space_of(
    base: Config,
    vary: Mapping[str, Variation],
    replicated: Mapping[str, Sequence[Value]] | None = None,
    trust: Trust = EVERYTHING,
) -> Space[Config]:
    """Return the space that is made of the keys that vary, in a configuration.

    Args:
        replicated: values of keys that tell the runs of one point apart; they are checked alike.
        trust: what values may import.

    Raises:
        OutvotedError: keys, values or conditions are wrong; it has a problem for each of them.
    """
    varied = [VariedKey(path, one, f"{WHERE}.{path}") for path, one in vary.items()]
    more = (replicated or {}).items()
    seeds = [VariedKey(path, Variation(grid=tuple(values)), REPLICATED) for path, values in more]
    text = json.dumps(base.model_dump(mode="json"))
    maker = _Maker(Space(type(base), text, (), trust), (*varied, *seeds))
    maker.make()
    kept = tuple(one for one in maker.space.dimensions if one.path in vary)
    return replace(maker.space, dimensions=kept)


@dataclass
class _Maker(Generic[Config]):
    """Adds keys to a space, one after another.

    Attributes:
        space: what is made so far.
        problems: by the paths of keys.
    """

    space: Space[Config]
    keys: Sequence[VariedKey]
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    _seen: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    def make(self) -> None:
        """Add all keys.

        Raises:
            OutvotedError: it says what is wrong with which.
        """
        sound = [key for key in self.keys if not self._tell(key, *self._misplaced(key))]
        for key in self._ordered(sound):
            self._add(key)
        paths = dict.fromkeys(key.path for key in self.keys)
        found = [problem for path in paths for problem in self.problems.get(path, ())]
        if found:
            words = zip(*((one.expected, one.found, one.remedy) for one in found), strict=True)
            expected, given, remedy = ("; ".join(dict.fromkeys(part)) for part in words)
            raise OutvotedError(expected, given, remedy, found)

    def _tell(self, key: VariedKey, *problems: Problem) -> bool:
        placed = [replace(one, place=key.place) for one in dict.fromkeys(problems)]
        self.problems.setdefault(key.path, []).extend(placed)
        return bool(placed)

    def _misplaced(self, key: VariedKey) -> Iterator[Problem]:
        """Yield what is wrong with the path of a key, whatever its values."""
        keys, form = key.keys, self.space.form
        if not re.fullmatch(r"\w+(\.(\w+|\*))*", key.path) or len(keys) > _DEEPEST:
            written = "write it as it stands in the configuration, its keys joined by points"
            yield Problem("", "the path of a key, say search.patience", shown(key.path), written)
        elif len(keys) > 1 and keys[0] not in form.model_fields and keys[1] in form.model_fields:
            yield Problem(
                "", f"the path of a key within {keys[0]}", shown(key.path), f"leave out '{keys[0]}.'"
            )
        elif first_mark(form, keys, NoResult) is not None:
            found = f"{key.path}, which says where and how fast runs compute"
            yield Problem("", "keys on which results depend", found, "set it in the configuration itself")
        for other in self.keys[: self.keys.index(key)]:
            if overlap(other.keys, keys):
                found = f"{key.path}, which is varied as {other.path} too"
                if other.path == key.path:
                    found = f"{key.path}, which is varied and told apart by replicates"
                yield Problem("", "each key varied once", found, "leave one of them out")

    def _ordered(self, keys: Sequence[VariedKey]) -> Iterator[VariedKey]:
        """Yield keys behind those that they depend on, as far as that goes, else in their order."""
        names, waiting = [key.path for key in keys], list(keys)
        after = {key.path: self._depends(key, names) for key in keys}
        while waiting:
            left = [key.path for key in waiting]
            free = next((key for key in waiting if not after[key.path] & set(left)), None)
            if free is None:
                self._tell_circle(waiting, after)
                return
            waiting.remove(free)
            yield free

    def _depends(self, key: VariedKey, names: Sequence[str]) -> set[str]:
        around = {name for name in names if encloses(name.split("."), key.keys)}
        return around | {name for path in key.variation.when if (name := decider(path.split("."), names))}

    def _tell_circle(self, waiting: Sequence[VariedKey], after: Mapping[str, set[str]]) -> None:
        way, here = list[str](), waiting[0].path
        names = [key.path for key in waiting]
        while here not in way:
            way.append(here)
            here = next(name for name in names if name in after[here])
        circle = [*way[way.index(here) :], here]
        for key in waiting:
            if key.path in circle:
                found = f"a circle: {' needs '.join(circle)}"
                expected = f"{key.path}: a `when` on keys that don't depend on it"
                self._tell(key, Problem("", expected, found, "leave out one `when` of these"))

    def _add(self, key: VariedKey) -> None:
        conditions: list[Condition] = []
        for path, wanted in key.variation.when.items():
            found = self._condition(path, wanted)
            if isinstance(found, Problem):
                self._tell(key, replace(found, expected=f"{key.path}: {found.expected}"))
            elif found is not None:
                conditions.append(found)
        if any(name in self.problems and self.problems[name] for name in self._depends_on(key)):
            return
        one = _dimension(key, tuple(conditions))
        if not self._tell(key, *self._wrong(key, one)):
            self.space = replace(self.space, dimensions=(*self.space.dimensions, one))

    def _depends_on(self, key: VariedKey) -> set[str]:
        return {key.path} | self._depends(key, [one.path for one in self.keys])

    def _condition(self, path: str, wanted: Any) -> Condition | Problem | None:
        """Return what one line of a `when` means; None where it always holds, or can't be told."""
        names = [key.path for key in self.keys]
        name = decider(path.split("."), names)
        if name is None:
            return check_fixed(json.loads(self.space.base), path, wanted, names)
        one = self.space.paths.get(name)
        return condition_on(one, path, wanted, self._whole) if one is not None else None

    def _whole(self, one: Dimension, value: Value) -> Mapping[str, Any]:
        """Return the configuration in which a key has a value."""
        known = (one.path, text_of(value))
        if known not in self._seen:
            held = next(contexts(one, self.space.dimensions), {})
            made = attempt(self.space, held, one, value).keys
            self._seen[known] = made if made is not None else json.loads(self.space.base)
        return self._seen[known]

    def _held_in(self, one: Dimension, most: int) -> list[dict[str, Value]]:
        """Return contexts in which a key holds: one for each choice of what it lies within."""
        around = [other.path for other in self.space.dimensions if encloses(other.keys, one.keys)]
        found: dict[str, dict[str, Value]] = {}
        for held in islice(contexts(one, [*self.space.dimensions, one]), _ATTEMPTS if around else 1):
            found.setdefault(text_of({path: held[path] for path in around if path in held}), held)
        return list(found.values())[:most]

    def _wrong(self, key: VariedKey, one: Dimension) -> Iterator[Problem]:
        """Yield what is wrong with the values of a key where it holds."""
        if not one.integer and one.values is None:
            kinds = annotations_at(self.space.form, key.keys)
            if int in kinds and float not in kinds:
                whole = f"a range of whole numbers, which {key.path} takes"
                low, high = math.ceil(one.low), math.floor(one.high)
                yield Problem("", whole, key.variation.said, f"write randint: [{low}, {high}]")
                return
        values = options(one)
        held_in = self._held_in(one, max(1, min(_CONTEXTS, _ATTEMPTS // len(values))))
        if not held_in:
            found = f"when: {shown(dict(key.variation.when))}, which never holds"
            together = f"{key.path}: a `when` whose conditions hold together"
            yield Problem("", together, found, "leave one of them out, or the key")
            return
        where = WHERE if key.place != REPLICATED else REPLICATED
        made = [[attempt(self.space, held, one, value, where) for value in values] for held in held_in]
        unknown = [next((one.unknown for one in inner if one.unknown), None) for inner in made]
        if all(unknown):
            yield from [one for one in unknown if one is not None][:1]
        elif any(unknown):
            yield self._sometimes(key, one, held_in, [problem is None for problem in unknown])
        wrong = [problem for inner in made for tried in inner for problem in tried.wrong]
        told = {problem.expected if one.values is None else problem: problem for problem in reversed(wrong)}
        yield from islice(reversed(told.values()), _TOLD)

    def _sometimes(
        self, key: VariedKey, one: Dimension, contexts: Sequence[Mapping[str, Value]], known: Sequence[bool]
    ) -> Problem:
        """Say of a key that belongs to some of the kinds that are chosen what to write in its `when`."""
        around = [other.path for other in self.space.dimensions if encloses(other.keys, one.keys)]
        outer = around[-1] if around else one.path
        with_it, without = (
            dict.fromkeys(label(held[outer]) for held, has in zip(contexts, known, strict=True)
                          if has is wanted and outer in held)
            for wanted in (True, False)
        )  # fmt: skip
        good = [name for name in with_it if name not in without]
        written = good[0] if len(good) == 1 else f"[{', '.join(good)}]"
        return Problem(
            "",
            f"a `when` with {key.path}, which not every {outer} has",
            f"{key.path}, varied with {', '.join(without)} too",
            f"add when: {{{outer}: {written}}}",
        )


def _dimension(key: VariedKey, conditions: tuple[Condition, ...]) -> Dimension:
    variation, ends = key.variation, key.variation.ends
    if ends is None:
        values = variation.listed or ()
        numbers = all(type(value) in (int, float) for value in values)
        rising = variation.grid is not None and numbers and list(values) == sorted(values)
        return Dimension(key.path, values, ordered=rising, conditions=conditions)
    log, integer = variation.log_uniform is not None, variation.randint is not None
    low, high = ends if integer else (float(ends[0]), float(ends[1]))
    return Dimension(key.path, None, low, high, log, integer, conditions=conditions)
