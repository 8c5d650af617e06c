"""The dissents of a scan as a gallery shows them."""

from typing import Any

import numpy as np
import pandas as pd

from outvoted.actors.mining.scan_store import ScanStore
from outvoted.actors.runs import png
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.html.exhibits import Exhibit, Exhibits, Facet
from outvoted.analysis.report.html.naming import class_names
from outvoted.analysis.report.html.sampling import varied_order
from outvoted.search.arrays import Ints, Singles

KINDS = ("target", "label", "predicted")
MOST = 5_000
"""Dissents in a gallery."""
_RIGHT = ("the others", "the dissenter", "neither", "unknown")
_UNKNOWN = 3


def dissents_exhibits(run: OpenedRun, most: int = MOST) -> Exhibits:
    """Read as many of a scan's dissents as ``most``, an even sample over target, label and wrong class."""
    scan = ScanStore(run.store.path)
    every = scan.dissents()
    kept = every.iloc[varied_order(every, KINDS, "margin")[:most]]
    positions = kept["position"].to_numpy(np.int64)
    images, votes = scan.images(positions), scan.votes(positions)
    target, label, predicted = (kept[name].to_numpy(np.int64) for name in KINDS)
    peers = [member.name for member in run.peers]
    voting = np.ones((len(kept), len(peers)), np.int64)
    voting[np.arange(len(kept)), target] = 0
    classes = next(iter(votes.values())).shape[1] if votes else 1
    who = _who_is_right(kept)
    items = [
        _exhibit(row, right, images[position], votes[position])
        for row, right, position in zip(kept.itertuples(), who, positions.tolist(), strict=True)
    ]
    return Exhibits(
        what="dissent",
        of=len(every),
        items=items,
        target=target,
        label=label,
        predicted=predicted,
        voting=voting,
        facets=(Facet("who is right", _RIGHT, who),) if (who != _UNKNOWN).any() else (),
        peers=peers,
        classes=class_names(run.record, classes),
        measures=(),
    )


def _who_is_right(rows: pd.DataFrame) -> Ints:
    true = rows["true_label"]
    conditions = [true.isna(), true == rows["label"], true == rows["predicted"]]
    return np.select(conditions, [_UNKNOWN, 0, 1], default=2).astype(np.int64)


def _exhibit(row: Any, right: int, image: bytes, votes: Singles) -> Exhibit:
    facts = [("margin", f"{row.margin:.3f}"), ("position", f"{row.position:,}")]
    if row.path is not None:
        facts.append(("file", row.path))
    if right != _UNKNOWN:
        facts.append(("right:", _RIGHT[right]))
    return Exhibit(
        name=str(row.position),
        facts=facts,
        steps=np.zeros(1, np.int64),
        moves=0,
        images=png.decode(image)[None],
        votes=votes[:, None],
        measures=np.empty((1, 0), np.float32),
    )
