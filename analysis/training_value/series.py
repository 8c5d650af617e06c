"""Noises that differ in one parameter only: the lines of Fan & Yezzi's figs. 9 to 12."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from outvoted.actors.labels import plain
from outvoted.actors.noise_class import NoiseClass
from outvoted.actors.noises import Gaussian, Uniform

Parameter = Literal["deviation", "mean", "number", "scale"]
PARAMETERS: tuple[Parameter, ...] = ("deviation", "mean", "number", "scale")
_UNFILTERED = 1.0

Values = Mapping[str, float | str]


@dataclass(frozen=True)
class Series:
    """Two noises or more, in ascending order of the parameter in which they differ.

    Attributes:
        parameter: the figure; scale is the side of the filter's window in pixels, 1 without a filter.
        what: the kind, and with scale the filter.
        fixed: the parameters that they share.
        places: each value with its setting.
    """

    parameter: Parameter
    what: str
    fixed: str
    places: tuple[tuple[float, str], ...]

    @property
    def label(self) -> str:
        """Say what is alike."""
        return f"{self.what}, {self.fixed}" if self.fixed else self.what


def series(noises: Sequence[tuple[str, NoiseClass]]) -> tuple[Series, ...]:
    """Find all series among settings and their noises; solid colours and mixtures are in none."""
    scaled = [(label, values) for label, noise in noises if (values := _values(noise)) is not None]
    found = [one for parameter in PARAMETERS[:3] for one in _along(parameter, scaled)]
    for kind in ("median", "mean"):
        found += _scales(kind, scaled)
    return tuple(found)


def _values(noise: NoiseClass) -> Values | None:
    """Return all that tells a noise of independent pixels, filtered or not, from others of its form."""
    one = noise.noise
    if not isinstance(one, Gaussian | Uniform):
        return None
    shared = {"filter": one.filter, "scale": float(one.size or _UNFILTERED), "seed": float(noise.seed)}
    if isinstance(one, Gaussian):
        own: dict[str, float | str] = {"kind": "Gaussian", "mean": one.mean, "deviation": one.deviation}
    else:
        own = {"kind": "uniform", "low": float(one.low), "high": float(one.high)}
    return {**own, "number": noise.number, **shared}


def _along(parameter: Parameter, noises: Sequence[tuple[str, Values]]) -> Iterator[Series]:
    there = [(label, values) for label, values in noises if parameter in values]
    for places, values in _alike(parameter, there, {parameter}):
        yield Series(parameter, str(values["kind"]), _fixed(values, parameter), places)


def _scales(kind: str, noises: Sequence[tuple[str, Values]]) -> Iterator[Series]:
    there = [(label, values) for label, values in noises if values["filter"] in ("none", kind)]
    for places, values in _alike("scale", there, {"scale", "filter"}):
        yield Series("scale", f"{values['kind']}, {kind} filter", _fixed(values, "scale"), places)


def _alike(
    parameter: Parameter, noises: Sequence[tuple[str, Values]], left_out: set[str]
) -> Iterator[tuple[tuple[tuple[float, str], ...], Values]]:
    """Group noises by all their values but those left out."""
    groups: dict[tuple[tuple[str, float | str], ...], list[tuple[float, str, Values]]] = defaultdict(list)
    for label, values in noises:
        key = tuple(sorted((name, one) for name, one in values.items() if name not in left_out))
        groups[key].append((float(values[parameter]), label, values))
    for group in groups.values():
        places = tuple(sorted((value, label) for value, label, _ in group))
        if len(places) > 1:
            yield places, group[0][2]


def _fixed(values: Values, varied: Parameter) -> str:
    words = []
    for name in ("mean", "deviation"):
        if name in values and name != varied:
            words.append(f"{name} {plain(float(values[name]))}")
    if "low" in values and (values["low"], values["high"]) != (0, 255):
        words.append(f"{values['low']:g} to {values['high']:g}")
    if varied != "number":
        words.append(f"{float(values['number']):g}×")
    if varied != "scale" and values["filter"] != "none":
        words.append(f"{values['filter']} filter {float(values['scale']):g}")
    return ", ".join(words)
