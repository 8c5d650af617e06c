"""Everything that a boundary study shows, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from outvoted.analysis.studies.boundary.agreement import KappaMeans, Kappas
from outvoted.analysis.studies.boundary.entropies import Entropies
from outvoted.analysis.studies.boundary.groups import Diverse, OverSeeds, People
from outvoted.analysis.studies.boundary.networks import PanelFindings, Reached
from outvoted.search.arrays import Floats, Ints


@dataclass(frozen=True)
class Ways:
    """The images, pair by pair.

    Attributes:
        images: the image at each step, shape (pairs, steps).
        ends: the two classes of each pair.
        alphas: how far each step is on the way, 0 to 1, shape (steps,).
        class_names: of all classes.
    """

    images: Ints
    ends: tuple[tuple[int, int], ...]
    alphas: Floats
    class_names: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Name every pair by its classes."""
        return [f"{self.class_names[first]} → {self.class_names[second]}" for first, second in self.ends]

    def place(self, image: int) -> str:
        """Say where an image lies: its pair, and how far on the way."""
        pair, step = np.argwhere(self.images == image)[0]
        return f"{self.names[pair]}, α = {self.alphas[step]:g}"


@dataclass(frozen=True)
class BoundaryFindings:
    """What networks and people make of the images between classes.

    Attributes:
        ways: the images.
        people: the labellers; None where nobody has labelled every image.
        reached: how many trainings were stopped at each target.
        diverse: tables 2 to 4, by target; only targets that two models or more reached.
        seeds: figs. 2 and 4 and table 5, by family and target.
        focus: the target that most models reached, the highest of several; None without networks.
        kappas: agreement beyond chance between labellers and the diverse group at ``focus``.
        kappa_means: the same at every target, averaged.
        entropies: by family and target; only with labels.
        panel: what the panel of mining does.
        missing: what could not be shown, and why.
    """

    ways: Ways
    people: People | None
    reached: Sequence[Reached]
    diverse: Sequence[Diverse]
    seeds: Sequence[OverSeeds]
    focus: float | None
    kappas: Kappas | None
    kappa_means: Sequence[KappaMeans]
    entropies: Sequence[Entropies]
    panel: PanelFindings | None
    missing: Sequence[str]

    @property
    def simulated(self) -> bool:
        """Whether what is said of people is said of simulated labellers."""
        return self.people is not None and self.people.simulated

    @property
    def families(self) -> tuple[str, ...]:
        """The families of which something is shown over seeds."""
        return tuple(dict.fromkeys(one.family for one in self.seeds))

    def to_json(self) -> dict[str, Any]:
        """Return plain values; arrays as lists, what is undefined as None."""
        return {"simulated": self.simulated, **_plain(self)}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and np.isnan(value) else value
