"""A result as a notebook shows it: the tables of its kind, and a grid of mistakes."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup
from PIL import Image

from outvoted.actors.runs import png
from outvoted.analysis.report.table import Table
from outvoted.analysis.report.templating import rendered
from outvoted.search.arrays import Pixels

_LARGEST = 128  # pixels of a side: larger images are shrunk
_LEAST = 56  # pixels that a side takes on the screen


@dataclass(frozen=True)
class _Tile:
    """A mistake: its images as data URIs, the seed first where it has one; and what is said below them."""

    images: Sequence[str]
    width: int
    caption: str


@dataclass(frozen=True)
class Shown:
    """What is shown of a result: tables of its kind, rows of mistakes, pictures; any of them may be none.

    ``class_names`` are those of the classes, where they have any.
    """

    tables: Sequence[Table]
    rows: pd.DataFrame
    pictures: Sequence[Image.Image]
    class_names: Sequence[str] | None


def result_html(title: str, shown: Shown, note: str) -> Markup:
    """Return HTML without scripts, whose colours are the notebook's; ``note`` says what else must be said."""
    tiles = [_tile(row, shown.class_names) for row in shown.rows.to_dict("records")]
    pictures = list(map(_data, shown.pictures))
    return rendered(
        "notebook.html", title=title, tables=shown.tables, tiles=tiles, pictures=pictures, note=note
    )


def _tile(row: Mapping[Any, Any], names: Sequence[str] | None) -> _Tile:
    shown = [png.decode(row[name]["bytes"]) for name in ("seed_image", "image") if name in row]
    label, wrong = (_name(names, row[which]) for which in ("label", "predicted"))
    width = max(_LEAST, min(_LARGEST, shown[0].shape[2]))
    return _Tile([_uri(pixels) for pixels in shown], width, f"{row['target_name']}: {label} → {wrong}")


def _name(names: Sequence[str] | None, label: int) -> str:
    return str(label) if names is None or label >= len(names) else names[label]


def _uri(pixels: Pixels) -> str:
    image = Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))
    image.thumbnail((_LARGEST, _LARGEST))
    return _data(image)


def _data(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
