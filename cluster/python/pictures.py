"""Pictures of a result: a grid of mistakes, one search, the surroundings of a seed."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from outvoted.actors.runs import png
from outvoted.analysis.mining.directions import two_directions
from outvoted.analysis.mining.surroundings import climbs, grid, images, surroundings
from outvoted.analysis.mining.surroundings_report import around, surroundings_figure
from outvoted.analysis.opened.scene import Scene
from outvoted.analysis.report import drawing
from outvoted.search.arrays import Pixels

_ACROSS = 4  # pairs of a seed and a mistake on a line
_DPI = 110
_PHOTO = 64  # pixels from which an image is a photo, and drawn larger


def varied(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """Choose rows of different labels and wrong classes first, then others, the clearest first."""
    if rows.empty or most < 1:
        return rows.iloc[:0]
    clearest = rows.sort_values("margin", ascending=False, kind="stable")
    first = clearest.drop_duplicates(["label", "predicted"])
    return pd.concat([first, clearest.drop(first.index)]).head(most)


def pair(row: Mapping[Any, Any]) -> Pixels:
    """Return a mistake beside its seed, or alone where it has none."""
    mistake = png.decode(row["image"]["bytes"])
    if "seed_image" not in row:
        return mistake
    channels, height, width = mistake.shape
    gap = np.full((channels, height, max(2, width // 16)), 255, np.uint8)
    return np.concatenate([png.decode(row["seed_image"]["bytes"]), gap, mistake], axis=2)


def mistakes_picture(rows: pd.DataFrame, class_names: Sequence[str] | None) -> Image.Image:
    """Draw mistakes, at least one, each beside its seed."""
    pairs = [pair(row) for row in rows.to_dict("records")]
    across = min(_ACROSS, len(pairs))
    down = -(-len(pairs) // across)
    high = 1.0 if pairs[0].shape[1] < _PHOTO else 1.7
    wide = max(1.5, high * pairs[0].shape[2] / pairs[0].shape[1])
    lines = 1 if class_names is None else 2
    figure = Figure(
        figsize=((wide + 0.3) * across, (high + 0.14 + 0.16 * lines) * down), layout="constrained"
    )
    cells = figure.subplots(down, across, squeeze=False).ravel()
    for axes, row, pixels in zip(cells, rows.to_dict("records"), pairs, strict=False):
        drawing.show(axes, pixels)
        what = drawing.confusion(class_names, row["label"], row["predicted"])
        axes.set_title(f"{row['target_name']}: {what}", fontsize=8)
    for axes in cells[len(pairs) :]:
        axes.set_axis_off()
    return picture(figure)


def landscape_picture(
    scene: Scene, mistake: Mapping[str, Any], along: tuple[str | None, str | None], points: int
) -> Image.Image:
    """Draw what each network predicts around a mistake's seed, along two directions of the transform.

    Raises:
        OutvotedError: the transform has no such directions.
    """
    directions = two_directions(scene.transform, *along)
    seed = int(mistake["seed_id"])
    found = surroundings(scene, seed, directions, points)
    ways = climbs(scene, seed, directions)
    corners = images(scene, seed, grid(scene.transform, directions, 3))
    title = around(found, ways, scene.classes[found.label])
    return picture(surroundings_figure(found, ways, corners, title))


def picture(figure: Figure) -> Image.Image:
    """Return a figure as a picture, which a notebook shows."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)
    return Image.open(buffer)
