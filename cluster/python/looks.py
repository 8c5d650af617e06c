"""How a panel looks in a notebook: its networks with their accuracies, and how many seeds are undisputed."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.panel.panel import LocalPanel

_LOOKED = 500
"""Images that are looked at: enough for an accuracy to two points, without a wait."""


@dataclass(frozen=True)
class Looks:
    """What a panel answers for some of its images.

    Attributes:
        accuracies: of each network on ``tested`` test images, 0 to 1.
        undisputed: how many of ``seeds`` seeds all networks classify correctly.
    """

    accuracies: tuple[float, ...]
    tested: int
    undisputed: int
    seeds: int


def looks_of(panel: LocalPanel, data: Dataset) -> Looks:
    """Ask every network about up to 500 test images and as many seeds, evenly taken."""
    correct = _correct(panel, data.train)
    tested = correct if _same(data) else _correct(panel, data.test)
    accuracies = tuple(float(share) for share in tested.mean(axis=1))
    return Looks(accuracies, tested.shape[1], int(correct.all(axis=0).sum()), correct.shape[1])


def _correct(panel: LocalPanel, split: Split) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    rows = np.unique(np.linspace(0, len(split) - 1, min(len(split), _LOOKED)).round().astype(np.int64))
    return np.asarray(panel.classify(split.read(rows)) == split.labels[rows])


def text(names: Sequence[str], data: Dataset, device: str, looks: Looks) -> str:
    """Return a line for each network, and what the panel is shown."""
    wide = max(map(len, names))
    lines = [
        f"  {name:<{wide}}  {accuracy:6.1%}" for name, accuracy in zip(names, looks.accuracies, strict=True)
    ]
    return "\n".join(
        [f"Panel of {len(names)} networks on {device}, {_images(data)}", *lines, _seeds(data, looks)]
    )


def page(names: Sequence[str], data: Dataset, device: str, looks: Looks) -> str:
    """Return the same as a table in HTML."""
    rows = "".join(
        f"<tr><td style='text-align:left'>{escape(name)}</td><td>{accuracy:.1%}</td></tr>"
        for name, accuracy in zip(names, looks.accuracies, strict=True)
    )
    head = "<tr><th style='text-align:left'>network</th><th>accuracy</th></tr>"
    said = f"Panel of {len(names)} networks on {escape(device)}, {escape(_images(data))}"
    return f"<div>{said}</div><table>{head}{rows}</table><div>{escape(_seeds(data, looks).strip())}</div>"


def _same(data: Dataset) -> bool:
    return data.test.labels is data.train.labels or not len(data.test)


def _images(data: Dataset) -> str:
    channels, height, width = data.shape
    form = f"{height} x {width} {'grey' if channels == 1 else 'RGB'}"
    return f"{len(data.train):,} images ({form}, {data.classes} classes)"


def _seeds(data: Dataset, looks: Looks) -> str:
    where = "seeds" if _same(data) else "test images"
    undisputed = f"undisputed seeds: {looks.undisputed:,} of {looks.seeds:,}"
    return f"  accuracy on {looks.tested:,} {where}; {undisputed} looked at"
