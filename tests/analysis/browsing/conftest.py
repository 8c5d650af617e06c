"""Made-up runs: rows of the right form whose figures repeat and are missing, as none that is mined has."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outvoted.actors.mining.shards import ShardResult, Shards
from outvoted.actors.runs import png, schema
from outvoted.analysis.browsing.browsed import BrowsedRun
from outvoted.analysis.browsing.sources import MistakeTable
from outvoted.search.plan import shard_name
from outvoted.search.transforms import Affine

PEERS, CLASSES = 4, 5
Write = Callable[..., Shards]


def rows_of(ids: Sequence[int], seed: int = 0) -> list[dict[str, Any]]:
    """Make up a mistake for each id; numbers are few, so that many are alike, and some are unknown."""
    found, transform = [], Affine()
    for number in ids:
        random = np.random.default_rng((seed, number))
        draw = random.integers
        target, label = int(draw(PEERS)), int(draw(CLASSES))
        composed = transform.compose(
            transform.identity(1), transform.sample(random.random((1, transform.draws)))
        )
        referee = None if draw(4) == 0 else label if draw(2) else (label + 1) % CLASSES
        effort = {name: int(draw(1, 9)) for name in ("candidates", "unrealistic", "voted_on", "consensus")}
        found.append(
            {
                "search_id": number,
                "replica": number // PEERS,
                "target": target,
                "target_name": f"peer-{target}",
                "voters": int(draw(1, PEERS)),
                "seed_id": number // PEERS,
                "label": label,
                "strategy": ("hillclimb", "random")[int(draw(2))],
                "number": 0,
                "predicted": (label + 1 + int(draw(CLASSES - 1))) % CLASSES,
                "moves": int(draw(1, 4)),
                **effort,
                "inferences_target": int(draw(1, 9)),
                "inferences_peers": int(draw(1, 9)),
                "start_probability": None if draw(3) == 0 else float(draw(4)) / 4,
                "end_probability": float(draw(4)) / 4,
                "image": {"bytes": png.encode(np.full((1, 4, 4), number % 256, np.uint8)), "path": None},
                "seed_image": {"bytes": png.encode(np.zeros((1, 4, 4), np.uint8)), "path": None},
                "move_parameters": [],
                "composed": composed[0].astype(np.float32).tolist(),
                "measures": dict(zip(transform.measures, transform.describe(composed)[0], strict=True)),
                "probabilities": random.dirichlet(np.ones(CLASSES), PEERS).tolist(),
                "margin": float(draw(5)) / 4,
                "realism": None if draw(3) == 0 else float(draw(5)) / 4,
                "referee_predicted": referee,
                "valid": None if referee is None else referee == label,
            }
        )
    return found


def shard_of(ids: Sequence[int], seed: int = 0) -> ShardResult:
    """Make a shard of them; every search found a mistake."""
    rows, transform = rows_of(ids, seed), Affine()
    searches = [
        {name: row.get(name) for name in schema.SEARCHES.arrow.names} | {"outcome": "mistake"} for row in rows
    ]
    form = schema.mistakes(transform.parameters, transform.measures)
    return ShardResult(shard_name(np.array(ids)), schema.SEARCHES.of_rows(searches), form.of_rows(rows))


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Write shards of a made-up run, each of some ids."""

    def write(*shards: Sequence[int], seed: int = 0) -> Shards:
        store = Shards(tmp_path / "run")
        for ids in shards:
            store.write(shard_of(ids, seed))
        return store

    return write


def browsed(path: Path) -> BrowsedRun:
    """Browse a run whose files are looked for whenever anything is asked."""
    return BrowsedRun(path, lambda: [MistakeTable(Shards(path).units)], pause=lambda took: 0.0)
