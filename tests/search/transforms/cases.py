"""The transforms that are held to the laws, and what the laws put to them."""

import itertools
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from outvoted.search.arrays import AnyArray, Floats
from outvoted.search.errors import OutvotedError
from outvoted.search.transforms import (
    Additive,
    Affine,
    AffineRange,
    Blur,
    BlurRange,
    Border,
    Chain,
    ChannelGain,
    Crop,
    CropRange,
    Fade,
    FadeRange,
    Fog,
    FogRange,
    GaussianNoise,
    GridDistortion,
    GridRange,
    HueRange,
    HueSaturation,
    Jpeg,
    MotionBlur,
    MotionRange,
    Occlusion,
    OcclusionRange,
    Perspective,
    PerspectiveRange,
    Photometric,
    PhotometricRange,
    PixelSwap,
    Shape,
    SwapBudget,
    Transform,
)
from outvoted.search.transforms.patterns import Patterned

AnyBorder = Border | Literal["auto"]
BORDERS: tuple[Border, ...] = get_args(Border)


@dataclass(frozen=True)
class Case:
    """A transform and what is known of it.

    Attributes:
        still: the move that changes nothing, or None if every move changes something.
        plain: what "no change" measures.
        lowest: the least values of a move.
        highest: the greatest values of a move.
        smooth: the places in a composed transform along which the picture changes smoothly.
    """

    name: str
    transform: Transform
    still: tuple[float, ...] | None
    plain: tuple[float, ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]
    smooth: tuple[int, ...]


def affine(name: str, move: AffineRange, budget: AffineRange, border: AnyBorder = "auto") -> Case:
    """Affine moves: three that add, two that multiply, one that adds."""
    low, high = (
        (sign * move.rotation, *2 * (sign * move.translation,), *2 * (move.scale**sign,), sign * move.shear)
        for sign in (-1, 1)
    )
    still = (0, 0, 0, 1, 1, 0)
    transform = Affine(move=move, budget=budget, border=border)
    return Case(name, transform, still, still, low, high, tuple(range(6)))


def additive(name: str, transform: Additive) -> Case:
    """Numbers that add up, factors in their logarithms."""
    reach = tuple(axis.reach for axis in transform.axes)
    plain = tuple(float(axis.factor) for axis in transform.axes)
    still, low = (0.0,) * len(reach), tuple(-each for each in reach)
    return Case(name, transform, still, plain, low, reach, tuple(range(len(reach))))


def patterned(name: str, transform: Patterned) -> Case:
    """An amount, and a pattern with no smooth way to another."""
    reach = transform.amount.reach
    return Case(name, transform, (0, 0), (0, 0), (-reach, 0), (reach, 2**24 - 1), (0,))


def swaps(name: str, most: int) -> Case:
    """Places in [0, 1)."""
    transform = PixelSwap(budget=SwapBudget(swaps=most))
    return Case(name, transform, None, (0,), (0,) * 4, (1 - 2.0**-24,) * 4, ())


def chain(*cases: Case) -> Case:
    """Cases side by side."""
    transform = Chain(parts=tuple(case.transform for case in cases))
    stills = [case.still for case in cases if case.still is not None]
    sizes = [case.transform.size for case in cases]
    return Case(
        f"chain of {', '.join(case.name for case in cases)}",
        transform,
        tuple(chained(stills)) if len(stills) == len(cases) else None,
        tuple(chained(case.plain for case in cases)),
        tuple(chained(case.lowest for case in cases)),
        tuple(chained(case.highest for case in cases)),
        tuple(sum(sizes[:k]) + place for k, case in enumerate(cases) for place in case.smooth),
    )


def fits(case: Case, shape: Shape) -> bool:
    """Whether a transform is made for images of a shape."""
    try:
        case.transform.check(shape)
    except OutvotedError:
        return False
    return True


chained = itertools.chain.from_iterable
SMALL = AffineRange(rotation=10, translation=1, scale=1.1, shear=10)
LARGE = AffineRange(rotation=60, translation=9.5, scale=2.5, shear=40)
NONE = AffineRange(rotation=0, translation=0, scale=1, shear=0)
AFFINE = affine("affine", Affine().move, Affine().budget)
CROP = additive("crop", Crop())
PHOTOMETRIC = additive("photometric", Photometric())
PERSPECTIVE = additive("perspective", Perspective())
GRID = additive("grid distortion", GridDistortion())
HUE = additive("hue and saturation", HueSaturation())
GAIN = additive("channel gain", ChannelGain())
BLUR = additive("blur", Blur())
NOISE = patterned("noise", GaussianNoise())
FADE = additive("fade", Fade())
FOG = patterned("fog", Fog())
MOTION = additive("motion blur", MotionBlur())
JPEG = replace(additive("jpeg", Jpeg()), smooth=())
OCCLUSION = additive("occlusion", Occlusion())
SWAP = swaps("pixel swap", 100)
STRONG = PhotometricRange(brightness=120, contrast=3, gamma=3)
CASES = (
    AFFINE,
    affine("affine, large moves", LARGE, SMALL),
    affine("affine, large budget", LARGE, LARGE),
    affine("affine, translation alone", NONE.model_copy(update={"translation": 2.0}), SMALL),
    affine("affine, no change allowed", SMALL, NONE),
    *(affine(f"affine, {border}", LARGE, LARGE, border) for border in BORDERS),
    CROP,
    additive("crop, large", Crop(budget=CropRange(zoom=4, position=0.5))),
    PHOTOMETRIC,
    additive("photometric, strong", Photometric(move=STRONG, budget=STRONG)),
    PERSPECTIVE,
    additive("perspective, large", Perspective(budget=PerspectiveRange(keystone=0.49), border="edge")),
    GRID,
    additive("grid distortion, large", GridDistortion(budget=GridRange(shift=0.15), border="mean")),
    GAIN,
    HUE,
    additive("hue and saturation, strong", HueSaturation(budget=HueRange(hue=180, saturation=9))),
    BLUR,
    additive("blur, wide", Blur(move=BlurRange(sigma=2), budget=BlurRange(sigma=3.3))),
    additive("blur, no change allowed", Blur(budget=BlurRange(sigma=0))),
    NOISE,
    OCCLUSION,
    additive("occlusion, large", Occlusion(budget=OcclusionRange(position=0.1, side=1, grey=10))),
    FADE,
    additive("fade, none allowed", Fade(budget=FadeRange(contrast=1))),
    FOG,
    patterned("fog, dense", Fog(budget=FogRange(density=1))),
    MOTION,
    additive("motion blur, far", MotionBlur(budget=MotionRange(way=0.3))),
    JPEG,
    SWAP,
    swaps("pixel swap, two at most", 2),
    swaps("pixel swap, none allowed", 0),
    chain(AFFINE),
    chain(CROP, AFFINE, PHOTOMETRIC, AFFINE),
    chain(AFFINE, PERSPECTIVE, GRID, CROP),
    chain(GRID, affine("affine, large", LARGE, LARGE), PERSPECTIVE),
    chain(PHOTOMETRIC, affine("affine, mean", SMALL, SMALL, "mean")),
    chain(OCCLUSION, BLUR, NOISE, PHOTOMETRIC),
    chain(FADE, FOG, MOTION),
    replace(chain(AFFINE, JPEG, PHOTOMETRIC), smooth=(7, 8, 9)),  # what follows the roundings
    chain(SWAP, AFFINE),
)
SHAPES = ((1, 28, 28), (3, 20, 31), (3, 9, 4), (1, 1, 7), (3, 224, 260))
EVERY_CASE = [(case, shape) for case in CASES for shape in SHAPES if fits(case, shape)]

ROWS = st.integers(1, 40)
SEEDS = st.integers(0, 2**32 - 1)
every_transform = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
every_image = pytest.mark.parametrize(
    ("case", "shape"), EVERY_CASE, ids=lambda given: getattr(given, "name", str(given))
)


def uniform(case: Case, n: int, seed: int) -> Floats:
    """Uniforms in the open interval (0, 1), as streams draw them."""
    words = np.random.default_rng(seed).integers(0, 2**32, (n, case.transform.draws))
    return np.asarray((words + 0.5) / 2**32)


def moves(case: Case, n: int, seed: int) -> Floats:
    return case.transform.sample(uniform(case, n, seed))


def knobs(case: Case, n: int, seed: int) -> Floats:
    """Knobs in [0, 1], often at their ends."""
    rng = np.random.default_rng(seed)
    drawn = rng.uniform(-0.5, 1.5, (n, case.transform.knobs)).clip(0, 1)
    return np.asarray(np.where(rng.uniform(size=drawn.shape) < 0.1, case.transform.home, drawn))


def composed(case: Case, n: int, seed: int, times: int = 3) -> Floats:
    """Several moves, composed."""
    found = case.transform.identity(n)
    for time in range(times):
        found = case.transform.compose(found, moves(case, n, seed + time))
    return found


def images(n: int, shape: tuple[int, ...], seed: int) -> torch.Tensor:
    pixels = np.random.default_rng(seed).integers(0, 256, (n, *shape), np.uint8)
    return torch.from_numpy(pixels)


def small(case: Case) -> Shape:
    """A shape of images that the transform is made for."""
    return (1, 6, 9) if fits(case, (1, 6, 9)) else (3, 6, 9)


def singles(rows: Floats) -> torch.Tensor:
    """Composed transforms in the form that reaches ``render``."""
    return torch.from_numpy(rows.astype(np.float32))


def render(case: Case, seeds: torch.Tensor, rows: Floats) -> AnyArray:
    return case.transform.render(seeds, singles(rows)).numpy()
