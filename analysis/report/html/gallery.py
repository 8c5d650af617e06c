"""The gallery: items to filter, and to step through with every peer's answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from outvoted.analysis.report.html.assets import asset
from outvoted.analysis.report.html.escaping import escape
from outvoted.analysis.report.html.exhibits import Exhibit, Exhibits, Facet
from outvoted.analysis.report.html.packing import packed, per_mille
from outvoted.analysis.report.html.parts import Section, Widget
from outvoted.analysis.report.html.sheets import LARGEST, Sheets, sheets
from outvoted.search.arrays import AnyArray, Ints

MOST_BYTES = 8_000_000
"""Bytes of images in a gallery; a third more as text."""


def gallery(exhibits: Exhibits, title: str, text: str, most: int = MOST_BYTES) -> Section:
    """Make a section in which items are filtered and looked at one by one.

    Items whose images do not fit ``most`` bytes are left out, the last first, and the section says so.
    """
    files = sheets([item.images for item in exhibits.items], most)
    shown = exhibits.items[: files.items]
    widget = Widget(_markup(exhibits.what), _values(exhibits, shown, files), *_code())
    return Section(title, " ".join([text, *_remarks(exhibits, shown, files)]), (widget,))


def _code() -> tuple[str, str]:
    script = "\n".join(asset(name) for name in ("gallery-data.js", "gallery-view.js", "gallery.js"))
    return script, asset("gallery.css")


def _remarks(exhibits: Exhibits, shown: Sequence[Exhibit], files: Sheets) -> list[str]:
    said = []
    if len(shown) < exhibits.of:
        said.append(
            f"Of {exhibits.of:,} {exhibits.what}s these are {len(shown):,}, an even sample over network, "
            "label and wrong class, the clearest of each; all of them are in the run's Parquet files."
        )
    if shown and max(shown[0].images.shape[2:]) > LARGEST:
        said.append(f"Images are shrunk to {LARGEST} pixels; the originals are in the Parquet files.")
    elif not files.lossless:
        said.append("Images are compressed with slight loss; the originals are in the Parquet files.")
    return said


def _markup(what: str) -> str:
    return (
        f'<div class="gallery" data-what="{escape(what)}"><form class="filters" aria-label="Filter"></form>'
        '<p class="found quiet" aria-live="polite"></p><ul class="tiles"></ul>'
        '<div class="pager"></div><dialog class="climb" aria-label="Step by step"></dialog></div>'
    )


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
