"""Turning ended searches into rows of the run's tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from outvoted.actors.mining.shards import ShardResult
from outvoted.actors.mining.verification import Verification
from outvoted.actors.runs import png, schema
from outvoted.search.arrays import AnyArray, Ints, Pixels, Singles
from outvoted.search.climb import ShardState
from outvoted.search.consensus import is_voter
from outvoted.search.messages import probability
from outvoted.search.outcome import Outcome

_TALLY = (
    "candidates",
    "unrealistic",
    "voted_on",
    "consensus",
    "inferences_target",
    "inferences_peers",
)


@dataclass(frozen=True)
class Finding:
    """What verification and the referee say of a climb's candidates for a mistake.

    Attributes:
        finds: shape (m,), which finds of the climb they are.
        seeds: shape (m, channels, height, width).
        referee: shape (m,), the referee's class, or None where the run has no referee.
        realism: shape (peers, m), how realistic each peer finds them, or None where none was asked.
    """

    finds: Ints
    verification: Verification
    seeds: Pixels
    referee: Ints | None
    realism: Singles | None = None


def shard_result(climb: ShardState, names: Sequence[str], finding: Finding | None) -> ShardResult:
    """Make the tables of a shard; a search none of whose mistakes was verified becomes a failed one."""
    outcome, reason = climb.outcome.copy(), climb.reason.copy()
    if finding is not None:
        found = climb.finds.search[finding.finds]
        refused = np.setdiff1d(found, found[finding.verification.verified])
        outcome[refused] = Outcome.FAILED
        reason[refused] = "not verified: the panel's votes on the stored pixels differ from the search's"
    columns = _search_columns(climb, names, np.arange(len(climb.shard)))
    now = datetime.now(UTC)
    searches = columns | {
        "outcome": [str(value) for value in outcome],
        "reason": [value or None for value in reason],
        "finished_at": [now] * len(outcome),
    }
    return ShardResult(
        climb.shard.name,
        pa.table(searches, schema=schema.SEARCHES.arrow),
        _mistakes(climb, names, finding),
    )


def _search_columns(climb: ShardState, names: Sequence[str], rows: Ints) -> dict[str, Any]:
    shard, tally = climb.shard, climb.tally
    return {
        "search_id": shard.search_id[rows],
        "replica": shard.replica[rows],
        "target": shard.target[rows],
        "target_name": [names[target] for target in shard.target[rows]],
        "voters": shard.voters[rows],
        "seed_id": shard.seed_id[rows],
        "label": climb.labels[rows],
        "strategy": [climb.rules.strategy.label] * len(rows),
        "moves": climb.position.moves[rows],
        **{name: getattr(tally, name)[rows] for name in _TALLY},
        "start_probability": _nullable(probability(climb.start_score[rows])),
        "end_probability": _nullable(probability(climb.position.score[rows])),
    }


def _mistakes(climb: ShardState, names: Sequence[str], finding: Finding | None) -> pa.Table:
    form = schema.mistakes(climb.rules.transform.parameters, climb.rules.transform.measures).arrow
    if finding is None:
        return form.empty_table()
    kept = np.flatnonzero(finding.verification.verified)
    finds, verification = finding.finds[kept], finding.verification
    rows, composed = climb.finds.search[finds], climb.finds.composed[finds]
    transform, trails = climb.rules.transform, climb.finds.trails
    referee = None if finding.referee is None else finding.referee[kept]
    seeds = _stored_seeds(finding.seeds[kept], climb.shard.seed_id[rows])
    columns = _search_columns(climb, names, rows) | {
        "number": climb.finds.number[finds],
        "end_probability": probability(climb.finds.score[finds]),
        "predicted": verification.predicted[climb.shard.target[rows], kept],
        "image": [stored_image(verification.stored[k]) for k in kept],
        "seed_image": [stored_image(seed) for seed in seeds],
        "move_parameters": [_named(trails[find], transform.parameters) for find in finds],
        "composed": list(composed.astype(np.float32)),
        "measures": _named(transform.describe(composed), transform.measures),
        "probabilities": [verification.probabilities[:, k].tolist() for k in kept],
        "margin": verification.margin[kept],
        "realism": _realism(climb, finding, rows, kept),
        "referee_predicted": [None] * len(kept) if referee is None else referee,
        "valid": [None] * len(kept) if referee is None else referee == climb.labels[rows],
    }
    return pa.table(columns, schema=form)


def _stored_seeds(seeds: Pixels, seed_id: Ints) -> list[bytes]:
    """Encode seeds (m, channels, height, width), each of their images once."""
    _, first, each = np.unique(seed_id, return_index=True, return_inverse=True)
    encoded = [png.encode(seeds[row]) for row in first]
    return [encoded[place] for place in each]


def _realism(climb: ShardState, finding: Finding, rows: Ints, kept: Ints) -> list[float | None]:
    """Return the mean over the voters that know it; the target's own is no evidence, for it is mistaken."""
    if finding.realism is None:
        return [None] * len(kept)
    shard, found = climb.shard, finding.realism[:, kept].astype(np.float64)
    known = is_voter(len(found), shard.target[rows], shard.voters[rows]) & np.isfinite(found)
    total, count = np.where(known, found, 0).sum(0), known.sum(0)
    return _nullable(np.where(count, total / np.maximum(count, 1), np.nan))


def _named(values: AnyArray, names: Sequence[str]) -> list[dict[str, float]]:
    return [dict(zip(names, map(float, row), strict=True)) for row in values]


def stored_image(data: bytes) -> dict[str, Any]:
    """Return an image file as a value of the Hugging Face `Image` layout."""
    return {"bytes": data, "path": None}


def _nullable(values: AnyArray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
