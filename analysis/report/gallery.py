"""The gallery of a page: items to filter, and to step through with every peer's answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from outvoted.analysis.report.packing import LARGEST, Sheets, packed, per_mille, sheets
from outvoted.analysis.report.report import Section, Widget
from outvoted.analysis.report.templating import asset, rendered
from outvoted.search.arrays import AnyArray, Ints, Pixels, Singles

MOST_BYTES = 8_000_000
"""Bytes of images in a gallery; a third more as text."""


@dataclass(frozen=True)
class Facet:
    """Something to filter by; ``index`` (items,) says which of the ``values`` an item has."""

    name: str
    values: Sequence[str]
    index: Ints


@dataclass(frozen=True)
class Exhibit:
    """One item.

    Attributes:
        name: short and unique; the page's address of the item ends with it.
        facts: what else to say of it, (name, value).
        steps: shape (frames,), which step of its climb each frame is.
        moves: steps of the whole climb, all of which need not have a frame.
        images: shape (frames, channels, height, width).
        votes: shape (peers, frames, classes).
        measures: shape (frames, measures), what each frame's transform is described by.
    """

    name: str
    facts: Sequence[tuple[str, str]]
    steps: Ints
    moves: int
    images: Pixels
    votes: Singles
    measures: Singles


@dataclass(frozen=True)
class Exhibits:
    """All items of a gallery.

    Attributes:
        what: one of them, say "mistake"; addresses begin with it.
        of: how many there are, of which these are a sample if they are fewer.
        target: shape (items,), the dissenting peer.
        label, predicted: shape (items,), the others' class and the target's.
        voting: shape (items, peers), whether a peer is the target (0), votes (1), or is held out (2).
        facets: what to filter by beside target, label and predicted.
        peers, classes, measures: their names.
    """

    what: str
    of: int
    items: Sequence[Exhibit]
    target: Ints
    label: Ints
    predicted: Ints
    voting: Ints
    facets: Sequence[Facet]
    peers: Sequence[str]
    classes: Sequence[str]
    measures: Sequence[str]


def varied_order(rows: pd.DataFrame, kinds: Sequence[str], clearest: str) -> Ints:
    """Order rows so that any number of the first are an even sample over their kinds.

    A kind is what ``kinds``, columns, tell apart. First comes the row of each kind with the largest
    ``clearest``, then the second of each, and so on. Of each such round, the clearest come first.

    Returns:
        Positions of rows, each once.
    """
    sorted_rows = rows.reset_index(drop=True).sort_values(clearest, ascending=False, kind="stable")
    place = sorted_rows.groupby(list(kinds), sort=False).cumcount()
    return sorted_rows.index.to_numpy()[np.argsort(place.to_numpy(), kind="stable")].astype(np.int64)


def thinned(steps: int, most: int) -> Ints:
    """Choose at most ``most`` of the numbers 0 to ``steps`` - 1, the first and the last among them."""
    if steps <= most:
        return np.arange(steps)
    return np.unique(np.linspace(0, steps - 1, most).round().astype(np.int64))


def gallery(exhibits: Exhibits, title: str, text: str, most: int = MOST_BYTES) -> Section:
    """Make a section in which items are filtered and looked at one by one.

    Items whose images do not fit ``most`` bytes are left out, the last first, and the section says so.
    """
    files = sheets([item.images for item in exhibits.items], most)
    shown = exhibits.items[: files.items]
    widget = Widget(rendered("gallery.html", what=exhibits.what), _values(exhibits, shown, files), *_code())
    return Section(title, " ".join([text, *_remarks(exhibits, shown, files)]), (widget,))


def _code() -> tuple[str, str]:
    script = "\n".join(asset(name) for name in ("gallery-data.js", "gallery-view.js", "gallery.js"))
    return script, asset("gallery.css")


def _remarks(exhibits: Exhibits, shown: Sequence[Exhibit], files: Sheets) -> list[str]:
    said = []
    if len(shown) < exhibits.of:
        said.append(
            f"Shown are {len(shown):,} of {exhibits.of:,} {exhibits.what}s, an even sample over network, "
            "label and wrong class, the clearest of each; the run's Parquet files hold all of them."
        )
    if shown and max(shown[0].images.shape[2:]) > LARGEST:
        said.append(f"Images are shrunk to {LARGEST} pixels; the originals are in the Parquet files.")
    elif not files.lossless:
        said.append("Images are compressed with a slight loss; the originals are in the Parquet files.")
    return said


def _values(exhibits: Exhibits, shown: Sequence[Exhibit], files: Sheets) -> dict[str, Any]:
    count = len(shown)
    return {
        "what": exhibits.what,
        "peers": list(exhibits.peers),
        "classes": list(exhibits.classes),
        "measures": list(exhibits.measures),
        "names": [item.name for item in shown],
        "facts": [[list(fact) for fact in item.facts] for item in shown],
        "facets": [_facet(facet, count) for facet in _facets(exhibits)],
        "target": packed(exhibits.target[:count], "u2"),
        "label": packed(exhibits.label[:count], "u2"),
        "predicted": packed(exhibits.predicted[:count], "u2"),
        "voting": packed(exhibits.voting[:count], "u1"),
        "moves": packed([item.moves for item in shown], "u4"),
        "frames": packed([len(item.steps) for item in shown], "u2"),
        **_by_frame(exhibits, shown),
        "sheets": {
            "width": files.width,
            "height": files.height,
            "columns": files.columns,
            "counts": list(files.counts),
            "files": list(files.files),
        },
    }


def _facets(exhibits: Exhibits) -> list[Facet]:
    return [
        Facet("target", exhibits.peers, exhibits.target),
        Facet("label", exhibits.classes, exhibits.label),
        Facet("wrong class", exhibits.classes, exhibits.predicted),
        *exhibits.facets,
    ]


def _facet(facet: Facet, count: int) -> dict[str, Any]:
    return {
        "name": facet.name,
        "values": list(facet.values),
        "index": packed(facet.index[:count], "u2"),
    }


def _by_frame(exhibits: Exhibits, shown: Sequence[Exhibit]) -> dict[str, Any]:
    """Pack what there is for each frame, item after item; votes are (frames, peers)."""
    heads = list(zip(shown, exhibits.label, exhibits.predicted, strict=False))
    return {
        "steps": packed(_joined([item.steps for item in shown]), "u4"),
        "for_label": per_mille(_joined([item.votes[:, :, label].T for item, label, _ in heads])),
        "for_predicted": per_mille(_joined([item.votes[:, :, wrong].T for item, _, wrong in heads])),
        "answers": packed(_joined([_answers(item) for item in shown]), "i2"),
        "described": packed(_joined([item.measures for item in shown]), "f4"),
    }


def _answers(item: Exhibit) -> Ints:
    """Return every peer's class, (frames, peers); -1 where a network failed."""
    failed = np.isnan(item.votes).any(axis=2)
    return np.asarray(np.where(failed, -1, item.votes.argmax(axis=2)).T)


def _joined(parts: Sequence[AnyArray]) -> AnyArray:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
