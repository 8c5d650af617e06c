"""Measures of healing against its report; the run is made up."""

from pathlib import Path

import pytest

from outvoted.actors.healing.arms import Arm, HealSettings
from outvoted.actors.healing.heal_store import HealStore
from outvoted.analysis.healing.healing import summarise_healing
from outvoted.analysis.tuning.measures import measured, measures_of
from outvoted.analysis.tuning.objectives import Measured
from outvoted.cluster.jobs.heal import HealConfig
from tests.analysis.healing.test_healing import ROUNDS, by_hand, write
from tests.analysis.healing.test_healing import store as store

NAMES = tuple(measures_of("heal"))
CONFIG = HealConfig(heal=HealSettings(steady=0.025, rounds=ROUNDS))


def test_measures_agree_with_the_report(store: HealStore) -> None:
    found, summary = measured("heal", CONFIG, store.path, NAMES), summarise_healing(store)
    last = summary.at(Arm.MISTAKES, ROUNDS).figures
    for name in ("moved_accuracy", "clean_accuracy", "success", "held_out_wrong", "validity"):
        assert found[name].value == pytest.approx(last[name].mean)
    for name in ("moved_accuracy", "success"):
        assert found[f"{name}_beyond_copies"].value == pytest.approx(summary.beyond_copies[name].mean)
        assert found[f"{name}_beyond_nothing"].value == pytest.approx(summary.beyond_nothing[name].mean)
    assert found["rounds_until_steady"].value == summary.steady[Arm.MISTAKES]
    before, after = (by_hand("success", *at) for at in ((Arm.START, 0), (Arm.MISTAKES, ROUNDS)))
    assert found["success_fall"].value == pytest.approx(sum(before) / 3 - sum(after) / 3)
    assert found["moved_accuracy"].of == 3


def test_intervals_contain_their_values(store: HealStore) -> None:
    for one in measured("heal", CONFIG, store.path, NAMES).values():
        assert one.low is None or one.low <= (one.value or 0) <= (one.high or 0)


def test_a_round_that_is_not_complete_does_not_count(store: HealStore) -> None:
    before = measured("heal", CONFIG, store.path, NAMES)
    write(store, 0, Arm.MISTAKES, ROUNDS + 1)
    assert measured("heal", CONFIG, store.path, NAMES) == before


def test_rows_in_hand_give_what_those_on_disk_do(store: HealStore) -> None:
    rows = store.units.read_all("rounds")
    mixed = rows.take(list(reversed(range(len(rows)))))
    assert measured("heal", CONFIG, store.path, NAMES, {"rounds": mixed}) == measured(
        "heal", CONFIG, store.path, NAMES
    )


def test_the_start_alone_is_measured_too(tmp_path: Path) -> None:
    alone = HealStore(tmp_path)
    assert set(measured("heal", CONFIG, tmp_path, NAMES).values()) == {Measured(None)}
    write(alone, 0, Arm.START, 0)
    found = measured("heal", CONFIG, tmp_path, NAMES)
    assert found["moved_accuracy"].value == pytest.approx(by_hand("moved_accuracy", Arm.START, 0)[0])
    assert found["success_fall"].value == found["moved_accuracy_beyond_copies"].value == 0
    assert found["moved_accuracy"].low is None  # of one repeat
