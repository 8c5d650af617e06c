"""The folder of a sweep, and what is written into it."""

from pathlib import Path

import pyarrow as pa
import pytest

from outvoted.actors.networks import MLP
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.sweeps.sweep_store import Fields, Row, SweepStore

FIELDS: Fields = [("test_accuracy", pa.float64()), ("by_class", pa.list_(pa.list_(pa.float64())))]
NAN = float("nan")


def row(epoch: int, unit: str = "T2.seed-0") -> Row:
    setting, _, seed = unit.partition(".seed-")
    return {
        "setting": setting,
        "seed": int(seed),
        "epoch": epoch,
        "loss": 1 / 3,
        "seconds": 0.1,
        "test_accuracy": 0.25,
        "by_class": [[0.5, NAN], [1.0, 0.1]],
    }


def member(unit: str) -> Member:
    weights = {name: value.detach() for name, value in MLP(hidden=2).build((1, 2, 2), 3).state_dict().items()}
    return Member(unit, "peer", MLP(hidden=2), 0, weights, (EpochRecord(1, 0.5, 0.25),))


@pytest.fixture
def store(tmp_path: Path) -> SweepStore:
    return SweepStore(tmp_path / "sweep", FIELDS)
