"""The picture of the random vectors there are to choose from."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from outvoted.actors.data.datasets import Dataset
from outvoted.analysis.studies.base import Ingredients
from outvoted.analysis.studies.boundary import figures
from outvoted.analysis.studies.boundary.figures import draw_latents
from outvoted.analysis.studies.boundary.study import Pairs, proposals
from outvoted.analysis.studies.latents import Latents
from outvoted.search.arrays import Floats, Pixels, Singles


def generate(latents: Floats) -> Pixels:
    return np.where(latents[:, 0, None, None, None] > 0, np.full((1, 8, 8), 255), 0).astype(np.uint8)


def vote(images: Pixels) -> Singles:
    bright = images[:, 0, 0, 0] > 0
    return np.stack([~bright, bright], axis=1).astype(np.float32)


def test_each_class_has_a_line_led_by_its_own_vector(
    digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(figures, "save", lambda figure, path: drawn.append(figure))
    latents = Latents(candidates=12, chosen={1: 99})
    proposed = proposals(Ingredients(digits, generate, vote), latents, Pairs(chosen=((0, 1),)))
    draw_latents(proposed.to_pandas(), "0123456789", tmp_path / "a.png")
    bright = np.flatnonzero(latents.vectors(np.arange(12))[:, 0] > 0).tolist()
    dark = [number for number in range(12) if number not in bright]
    said = [axes.get_xlabel() for axes in drawn[0].axes]
    first, second = said[:11], said[11:]
    assert [text for text in first if text] == [str(number) for number in dark]
    assert [text for text in second if text] == ["99", *(str(number) for number in bright)]
    assert [drawn[0].axes[place].get_ylabel() for place in (0, 11)] == ["0", "1"]
