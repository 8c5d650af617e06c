"""Rows of healing: what was found of each peer, as samples to train on and as counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.healing.arms import Arm, Step
from outvoted.actors.runs import png, schema, tables
from outvoted.search.arrays import Ints
from outvoted.search.climb import Outcome


@dataclass(frozen=True)
class Found:
    """The mistakes of one peer, and the number of moves each took, shape (n,)."""

    samples: Split
    moves: Ints


def found_of(mistakes: pa.Table, peers: int, data: Dataset) -> tuple[Found, ...]:
    """Return the mistakes of each peer in rows of a `mistakes` table, as samples to train on."""
    rows = mistakes.select(["target", "label", "moves", "image"]).to_pylist()
    return tuple(_found([row for row in rows if row["target"] == peer], data) for peer in range(peers))


def _found(rows: Sequence[dict[str, object]], data: Dataset) -> Found:
    images = [png.decode(row["image"]["bytes"]) for row in rows]  # type: ignore[index]
    pixels = np.stack(images) if images else np.empty((0, *data.shape), np.uint8)
    labels, moves = (np.array([row[name] for row in rows], np.int64) for name in ("label", "moves"))
    return Found(Split(pixels, labels), moves)


def counted(searches: pa.Table, mistakes: pa.Table, peer: int, arm: Arm) -> dict[str, object]:
    """Return what a row says of a peer's searches."""
    rows, found = searches.to_pandas(), mistakes.select(["target", "arm", "valid"]).to_pandas()
    outcomes = rows.loc[rows["target"] == peer, "outcome"].value_counts()
    won = int(outcomes.get(Outcome.MISTAKE, 0))
    climbed = won + int(outcomes.get(Outcome.EXHAUSTED, 0))
    valid = found.loc[(found["target"] == peer) & (found["arm"] == str(arm)), "valid"].dropna()
    return {
        "searches": climbed,
        "mistakes": won,
        "success": won / climbed if climbed else None,
        "validity": float(valid.astype(bool).mean()) if len(valid) else None,
    }


def tagged(mistakes: pa.Table, step: Step, arm: str) -> pa.Table:
    """Say behind their columns whose mistakes these are."""
    return tables.with_values(mistakes, schema.OF_STEP, step.repeat, arm, step.round)
