"""Several transforms one after the other."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import accumulate, groupby, pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import numpy as np
import torch
from pydantic import AfterValidator

from outvoted.search.arrays import Bools, Floats
from outvoted.search.settings import choice
from outvoted.search.transforms.additive import Photometric
from outvoted.search.transforms.base import Shape, Transform
from outvoted.search.transforms.colour import ChannelGain, HueSaturation
from outvoted.search.transforms.corruptions import Blur, GaussianNoise, Occlusion
from outvoted.search.transforms.geometric import Affine, Crop, Geometric
from outvoted.search.transforms.jpeg import Jpeg
from outvoted.search.transforms.motion_blur import MotionBlur
from outvoted.search.transforms.pixel_swap import PixelSwap
from outvoted.search.transforms.resampling import Border, after, resample
from outvoted.search.transforms.warps import GridDistortion, Perspective
from outvoted.search.transforms.weather import Fade, Fog

SIMPLE = (
    Affine,
    Crop,
    Perspective,
    GridDistortion,
    Photometric,
    ChannelGain,
    HueSaturation,
    Fade,
    Fog,
    Blur,
    MotionBlur,
    GaussianNoise,
    Jpeg,
    Occlusion,
    PixelSwap,
)
"""All transforms that are not made of others."""

Rows = TypeVar("Rows", Floats, torch.Tensor)

if TYPE_CHECKING:
    Part = Transform
else:
    Part = choice(Transform, *SIMPLE)


def _some(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Refuse a chain of nothing; afterwards, so that a wrong part is not also told to be missing."""
    if not parts:
        raise ValueError("a chain needs at least one part")
    return parts


class Chain(Transform):
    """Applies its parts in order; a move moves all of them.

    Parts that only move pixels about, follow each other and have the same border are multiplied into one
    map, so that the image is resampled once for them. Nothing is rounded between parts.
    """

    kind: Literal["chain"] = "chain"
    parts: Annotated[tuple[Part, ...], AfterValidator(_some)]
    """Any transforms but chains."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parts' parameters, each after its part's kind."""
        return self._named(lambda part: part.parameters)

    @property
    def measures(self) -> tuple[str, ...]:
        """The parts' measures, each after its part's kind."""
        return self._named(lambda part: part.measures)

    @property
    def size(self) -> int:
        """All parts' numbers."""
        return sum(part.size for part in self.parts)

    @property
    def draws(self) -> int:
        """All parts' uniforms."""
        return sum(part.draws for part in self.parts)

    @property
    def home(self) -> tuple[float, ...]:
        """All parts' knobs; none if a part has none."""
        homes = [part.home for part in self.parts]
        return tuple(knob for home in homes for knob in home) if all(homes) else ()

    @property
    def differentiable(self) -> bool:
        """Whether all parts are."""
        return all(part.differentiable for part in self.parts)

    @property
    def continuous(self) -> bool:
        """Whether all parts are."""
        return all(part.continuous for part in self.parts)

    def check(self, shape: Shape) -> None:
        """Fit what all parts fit."""
        for part in self.parts:
            part.check(shape)

    def identity(self, n: int) -> Floats:
        """Return every part's identity, side by side."""
        return np.concatenate([part.identity(n) for part in self.parts], axis=1)

    def sample(self, uniform: Floats) -> Floats:
        """Draw a move of every part."""
        return self._joined("sample", _split(uniform, [part.draws for part in self.parts]))

    def place(self, knobs: Floats) -> Floats:
        """Place every part by its own knobs; without knobs every part stays at home."""
        if not self.home:
            knobs = np.tile([knob for part in self.parts for knob in part.home], (len(knobs), 1))
        return self._joined("place", _split(knobs, [part.knobs for part in self.parts]))

    def compose(self, composed: Floats, moves: Floats) -> Floats:
        """Compose every part with its own move."""
        widths = [len(part.parameters) for part in self.parts]
        return self._joined("compose", self._own(composed), _split(moves, widths))

    def describe(self, composed: Floats) -> Floats:
        """Describe every part."""
        return self._joined("describe", self._own(composed))

    def within_budget(self, composed: Floats) -> Bools:
        """Tell where every part stays within its own budget."""
        own = zip(self.parts, self._own(composed), strict=True)
        return np.asarray(np.logical_and.reduce([part.within_budget(rows) for part, rows in own]))

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Apply the parts in order, resampling once for neighbours that move pixels about."""
        _, channels, height, width = images.shape

        def border(pair: tuple[Transform, torch.Tensor]) -> Border | None:
            return pair[0].border_of(channels) if isinstance(pair[0], Geometric) else None

        own = zip(self.parts, self._own(composed), strict=True)
        for beyond, group in groupby(own, key=border):
            if beyond is not None:
                maps = [part.inverse_map(rows, height, width) for part, rows in group]  # type: ignore[attr-defined]
                *_, inverse = accumulate(maps, after)
                images = resample(images, inverse, beyond)
            else:
                for part, rows in group:
                    images = part.apply(images, rows)
        return images

    def _own(self, composed: Rows) -> Iterator[Rows]:
        return _split(composed, [part.size for part in self.parts])

    def _joined(self, method: str, *arguments: Iterator[Floats]) -> Floats:
        """Call a method of every part with its own arguments."""
        rows = [getattr(part, method)(*own) for part, *own in zip(self.parts, *arguments, strict=True)]
        return np.concatenate(rows, axis=1)

    def _named(self, names: Callable[[Transform], tuple[str, ...]]) -> tuple[str, ...]:
        return tuple(
            f"{label}_{name}"
            for label, part in zip(self._labels(), self.parts, strict=True)
            for name in names(part)
        )

    def _labels(self) -> Iterator[str]:
        """Name every part by its kind, numbered from 1 if it occurs more than once."""
        kinds = [_kind(part) for part in self.parts]
        total, seen = Counter(kinds), Counter[str]()
        for kind in kinds:
            seen[kind] += 1
            yield f"{kind}{seen[kind]}" if total[kind] > 1 else kind


def _kind(part: Any) -> str:
    """Return a part's kind; of a user's own the class's name."""
    return str(part.kind).rpartition(":")[2]


def _split(rows: Rows, widths: list[int]) -> Iterator[Rows]:
    """Cut columns into groups of some widths."""
    for first, end in pairwise(accumulate(widths, initial=0)):
        yield rows[:, first:end]
