"""What a page of mistakes can be filtered by: a chip for each, its choices with how many they would leave."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from outvoted.analysis.browsing.counting import Facets, FacetValue
from outvoted.analysis.browsing.filters import Range
from outvoted.analysis.browsing.sources import MEASURE
from outvoted.cluster.service.pages.asked import MistakesAsked
from outvoted.cluster.service.pages.told import figure, words
from outvoted.cluster.service.pages.words import path

_VALUES = {
    **{"target": "target", "label": "label", "predicted": "wrong class", "valid": "referee"},
    **{"part": "part", "voters": "voters", "strategy": "strategy"},
}
_VALID = {"yes": "agrees with the label", "no": "does not agree", "unjudged": "was not asked"}
_OF_SEARCHES = ("realism", "moves")
_SORTS = {
    **{"-margin": "clearest first", "margin": "closest first", "search": "as they were found"},
    **{"-realism": "most realistic first", "realism": "least realistic first"},
    **{"moves": "fewest moves first", "-moves": "most moves first"},
}
_MOST = 300  # choices of one chip


@dataclass(frozen=True)
class FilterOption:
    """One box to tick."""

    value: str
    text: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class NumberFields:
    """Two fields for a range, with what stands in them."""

    name: str
    title: str
    least: str
    most: str


@dataclass(frozen=True)
class FilterChip:
    """What opens to choose from; ``said`` is what is chosen, in a few words."""

    name: str
    title: str
    options: Sequence[FilterOption] = ()
    spans: Sequence[NumberFields] = ()
    said: str = ""
    more: str = ""


@dataclass(frozen=True)
class FilterForm:
    """Everything that the form shows.

    Attributes:
        action: the page's address, without what is asked.
        sorts: orders, (value, text); none where there is nothing to be ordered.
        chosen: what is filtered by, and the address of the page without it.
    """

    action: str
    chips: Sequence[FilterChip]
    sorts: Sequence[tuple[str, str]]
    sort: str
    chosen: Sequence[tuple[str, str]]


def choices(
    asked: MistakesAsked, facets: Facets, measures: Sequence[str], place: str, ordered: bool = True
) -> FilterForm:
    """Return what can be chosen; ``place`` is the last step of the page's address, mistakes or map."""
    mined = bool(facets.fields["voters"])  # scans look at images as they are
    numbers = ["margin", *(_OF_SEARCHES if mined else ())]
    changes = [f"{MEASURE}{name}" for name in measures]
    chips = [_of_values(asked, name, facets.fields.get(name, ())) for name in _VALUES]
    chips += [_of_numbers(asked, (name,), name) for name in numbers]
    chips.append(_of_numbers(asked, changes, "changes"))
    sorts = [one for one in _SORTS.items() if mined or one[0].removeprefix("-") not in _OF_SEARCHES]
    return FilterForm(
        path("runs", asked.run, place),
        [chip for chip in chips if len(chip.options) > 1 or chip.spans or chip.said],
        sorts if ordered else (),
        str(asked.sort),
        list(_chosen(asked, facets, place)),
    )


def _of_values(asked: MistakesAsked, name: str, found: Sequence[FacetValue]) -> FilterChip:
    frequent = sorted(found, key=lambda one: (not one.chosen, -one.count))[:_MOST]
    there = found if len(found) <= _MOST else sorted(frequent, key=lambda one: -one.count)
    options = [FilterOption(str(one.value), _named(name, one), one.count, one.chosen) for one in there]
    said = ", ".join(option.text for option in options if option.chosen)
    more = f"Of {len(found):,}, the {_MOST} with most mistakes." if len(found) > _MOST else ""
    return FilterChip(name, _VALUES[name], options, said=said, more=more)


def _named(field: str, one: FacetValue) -> str:
    return _VALID.get(str(one.value), one.name) if field == "valid" else one.name


def _of_numbers(asked: MistakesAsked, names: Sequence[str], title: str) -> FilterChip:
    ranges = asked.filter.ranges
    spans = [_fields(name, ranges.get(name, Range())) for name in names]
    used = [_range_said(name, ranges[name]) for name in names if name in ranges]
    said = "".join(used).removeprefix(f"{title} ") if len(names) == 1 else str(len(used) or "")
    return FilterChip(title, title, spans=spans, said=said)


def _fields(name: str, one: Range) -> NumberFields:
    ends = ["" if end is None else f"{end:.10g}" for end in (one.least, one.most)]
    return NumberFields(name, words(name.removeprefix(MEASURE)), *ends)


def _range_said(name: str, one: Range) -> str:
    title = words(name.removeprefix(MEASURE))
    if one.least is None:
        return f"{title} ≤ {figure(one.most)}"
    if one.most is None:
        return f"{title} ≥ {figure(one.least)}"
    return f"{title} {figure(one.least)} to {figure(one.most)}"


def _chosen(asked: MistakesAsked, facets: Facets, place: str) -> Iterable[tuple[str, str]]:
    """Give what is filtered by, each with the address of the page without it."""
    for name, title in {**_VALUES, "seed": "seed"}.items():
        names = {one.value: _named(name, one) for one in facets.fields.get(name, ())}
        values = getattr(asked.filter, name)
        for value in values:
            rest = asked.having(**{name: tuple(other for other in values if other != value)})
            yield f"{title} {names.get(value, value)}", rest.address(place)
    for name, one in asked.filter.ranges.items():
        yield _range_said(name, one), asked.within(name, None).address(place)
