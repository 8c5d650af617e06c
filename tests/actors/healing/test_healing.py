"""Healing: three arms that differ in what they add, and in nothing else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.healing.arms import ARMS, HELD_OUT, Arm, HealSettings, Step, Use, keyed
from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.healing.healing import Found, Healer, Round, Task, found_of, moved_split
from outvoted.actors.networks.members import Member
from outvoted.actors.runs import png
from outvoted.actors.training.steps import FlatAdam, Training
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings

SETTINGS = HealSettings(epochs=1, frequency=2, seeds=(0,))
Of = Callable[[pa.Table, str], tuple[Found, ...]]


@pytest.fixture(scope="module")
def healer(digits: Dataset, referee: Member) -> Healer:
    """Twenty searches for each of three peers in each round."""
    search = SearchSettings(per_target=20, patience=40, seed=3)
    moved = moved_split(search.transform, digits.test, 5, 0)
    return Healer(SETTINGS, search, Training(epochs=8), digits, moved, referee)


@pytest.fixture(scope="module")
def start(healer: Healer, trained: list[Member]) -> Round:
    """The panel before healing, measured and mined."""
    return healer.run(Task(Step(0, Arm.START, 0), tuple(trained)))


@pytest.fixture(scope="module")
def of(digits: Dataset) -> Of:
    """Return the mistakes of each peer among those of an arm."""

    def select(mistakes: pa.Table, arm: str) -> tuple[Found, ...]:
        return found_of(
            mistakes.filter([name == arm for name in mistakes.column("arm").to_pylist()]), 3, digits
        )

    return select


@pytest.fixture(scope="module")
def tasks(start: Round, of: Of) -> dict[Arm, Task]:
    """What the first round of each arm depends on."""
    found, held_out = of(start.mistakes, Arm.START), of(start.mistakes, HELD_OUT)
    return {arm: Task(Step(0, arm, 1), start.panel, (found,), held_out) for arm in ARMS}


@pytest.fixture(scope="module")
def rounds(healer: Healer, tasks: dict[Arm, Task]) -> dict[Arm, Round]:
    """The first round of each arm."""
    return {arm: healer.run(task) for arm, task in tasks.items()}


def timeless(found: Round) -> pa.Table:
    """Return the rows but for the time they took."""
    return found.rows.drop_columns(["seconds"])


def test_the_start_is_the_panel_as_it_was_trained(start: Round, trained: list[Member]) -> None:
    rows = start.rows.to_pylist()
    assert [row["sha256"] for row in rows] == [member.sha256 for member in trained]
    assert [row["clean_accuracy"] for row in rows] == [member.test_accuracy for member in trained]
    assert [(row["added"], row["gradient_steps"], row["searches"]) for row in rows] == [(0, 0, 20)] * 3


def test_the_start_makes_all_held_out_mistakes(start: Round, of: Of) -> None:
    held_out = of(start.mistakes, HELD_OUT)
    for row, found in zip(start.rows.to_pylist(), held_out, strict=True):
        assert row["held_out"] == len(found.moves) > 0
        assert row["held_out_wrong"] == 1


def test_held_out_mistakes_are_others_than_those_trained_on(start: Round) -> None:
    rows = start.mistakes.select(["arm", "image"]).to_pylist()
    images = {arm: {r["image"]["bytes"] for r in rows if r["arm"] == arm} for arm in ("start", HELD_OUT)}
    assert images["start"].isdisjoint(images[HELD_OUT])


def test_equal_tasks_give_equal_rounds(
    healer: Healer, tasks: dict[Arm, Task], rounds: dict[Arm, Round]
) -> None:
    again = healer.run(tasks[Arm.COPIES])
    assert timeless(again).equals(timeless(rounds[Arm.COPIES]))
    assert again.mistakes.equals(rounds[Arm.COPIES].mistakes)


def test_every_arm_adds_as_many_samples_as_were_mined(
    healer: Healer, tasks: dict[Arm, Task], rounds: dict[Arm, Round], start: Round
) -> None:
    mined = start.rows.column("mistakes").to_pylist()
    assert min(mined) > 0
    for arm, task in tasks.items():
        assert rounds[arm].rows.column("added").to_pylist() == mined
        assert [len(healer.added(task, peer)) for peer in range(3)] == mined


def test_every_arm_takes_the_gradient_steps_it_says(
    healer: Healer, tasks: dict[Arm, Task], rounds: dict[Arm, Round], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    step = FlatAdam.step

    def counted(self: FlatAdam) -> None:
        taken.append(1)
        step(self)

    monkeypatch.setattr(FlatAdam, "step", counted)
    for arm, task in tasks.items():
        taken.clear()
        healer.trained_on(task, 0)
        assert len(taken) == healer.gradient_steps(task, 0)
        assert rounds[arm].rows.column("gradient_steps")[0].as_py() == len(taken)
    assert len({tuple(found.rows.column("gradient_steps").to_pylist()) for found in rounds.values()}) == 1


def test_gradient_steps_add_up_over_rounds(healer: Healer, tasks: dict[Arm, Task]) -> None:
    first = tasks[Arm.MISTAKES]
    second = replace(first, step=Step(0, Arm.MISTAKES, 2), found=first.found * 2)
    n, added = len(healer.data.train), len(first.found[0][0].moves)
    steps = [-(-(n + SETTINGS.frequency * k * added) // 64) for k in (1, 2)]
    assert healer.gradient_steps(first, 0) == steps[0]
    assert healer.gradient_steps(second, 0) == sum(steps)


def test_mistakes_are_added_as_they_are_stored_with_their_seeds_label(
    healer: Healer, tasks: dict[Arm, Task], start: Round
) -> None:
    rows = [row for row in start.mistakes.to_pylist() if row["arm"] == "start" and row["target"] == 1]
    added = healer.added(tasks[Arm.MISTAKES], 1)
    assert [png.encode(image) for image in added.images] == [row["image"]["bytes"] for row in rows]
    assert added.labels.tolist() == healer.data.train.labels[[row["seed_id"] for row in rows]].tolist()


def test_nothing_repeats_training_images_and_copies_move_the_same_ones(
    healer: Healer, tasks: dict[Arm, Task]
) -> None:
    repeats, copies = (healer.added(tasks[arm], 0) for arm in (Arm.NOTHING, Arm.COPIES))
    known = {image.tobytes() for image in healer.data.train.images}
    assert all(image.tobytes() in known for image in repeats.images)
    assert not any(image.tobytes() in known for image in copies.images)
    assert repeats.labels.tolist() == copies.labels.tolist()


def test_earlier_additions_stay_as_they_were(healer: Healer, tasks: dict[Arm, Task]) -> None:
    for arm, task in tasks.items():
        later = replace(task, step=Step(0, arm, 2), found=task.found * 2)
        before, after = healer.added(task, 2), healer.added(later, 2)
        np.testing.assert_array_equal(after.images[: len(before)], before.images)
        assert len(after) == 2 * len(before)


def test_weight_zero_equals_nothing_added(healer: Healer, tasks: dict[Arm, Task]) -> None:
    weightless = replace(healer, settings=SETTINGS.model_copy(update={"weight": 0.0}))
    assert len({weightless.trained_on(task, 0).sha256 for task in tasks.values()}) == 1
    assert len({healer.trained_on(task, 0).sha256 for task in tasks.values()}) == 3


def test_all_arms_search_from_the_same_seeds_and_rounds_from_others(
    healer: Healer, rounds: dict[Arm, Round], start: Round
) -> None:
    seeds: dict[int, set[int]] = {}
    for found in rounds.values():
        for row in found.mistakes.to_pylist():
            seeds.setdefault(row["replica"], set()).add(row["seed_id"])
    assert all(len(drawn) == 1 for drawn in seeds.values())
    drawn = {
        healer.mining_seed(use, Step(repeat, Arm.COPIES, number))
        for use in (Use.MINE, Use.HOLD_OUT)
        for repeat in range(3)
        for number in range(5)
    }
    assert len(drawn) == 30


def test_a_row_counts_its_peers_searches(rounds: dict[Arm, Round]) -> None:
    for arm, found in rounds.items():
        mistakes = found.mistakes.to_pylist()
        assert {(row["repeat"], row["arm"], row["round"]) for row in mistakes} == {(0, str(arm), 1)}
        for row in found.rows.to_pylist():
            own = [mistake for mistake in mistakes if mistake["target"] == row["target"]]
            assert (row["searches"], row["mistakes"]) == (20, len(own))
            assert row["success"] == len(own) / 20
            if own:
                assert row["validity"] == np.mean([mistake["valid"] for mistake in own])


def test_a_peer_goes_on_from_its_weights_and_keeps_its_record(
    rounds: dict[Arm, Round], trained: list[Member]
) -> None:
    for before, after in zip(trained, rounds[Arm.NOTHING].panel, strict=True):
        assert after.epochs[:-1] == before.epochs
        assert after.epochs[-1].epoch == 9
        last, first = after.epochs[-1].loss, before.epochs[-1].loss
        assert last is not None
        assert first is not None
        assert last < first


def test_a_round_without_mistakes_trains_on_all_the_same(
    healer: Healer, tasks: dict[Arm, Task], of: Of, start: Round
) -> None:
    empty = of(start.mistakes, "no arm")
    task = replace(tasks[Arm.COPIES], found=(empty,), held_out=empty)
    rows = healer.run(task).rows.to_pylist()
    assert [(row["added"], row["held_out"], row["held_out_wrong"]) for row in rows] == [(0, 0, None)] * 3
    assert len({healer.trained_on(replace(task, step=Step(0, arm, 1)), 0).sha256 for arm in ARMS}) == 1


def test_a_round_is_read_as_it_was_written(rounds: dict[Arm, Round], healer: Healer, tmp_path: Path) -> None:
    store = HealStore(tmp_path)
    found = rounds[Arm.MISTAKES]
    assert not store.has(found.step)
    store.write_round(found)
    again = store.read_round(found.step)
    assert store.has(found.step)
    assert again.rows.equals(found.rows)
    assert again.mistakes.equals(found.mistakes)
    assert again.mistakes.schema.metadata == found.mistakes.schema.metadata
    assert [member.sha256 for member in again.panel] == [member.sha256 for member in found.panel]


def test_other_weights_than_those_recorded_are_refused(rounds: dict[Arm, Round], tmp_path: Path) -> None:
    store = HealStore(tmp_path)
    found, other = rounds[Arm.MISTAKES], rounds[Arm.COPIES]
    store.write_round(found)
    store.write_round(replace(found, panel=other.panel))
    with pytest.raises(OutvotedError, match="other weights"):
        store.read_round(found.step)


def test_mistakes_open_as_pictures_in_datasets(rounds: dict[Arm, Round]) -> None:
    assert b"huggingface" in rounds[Arm.MISTAKES].mistakes.schema.metadata


@pytest.mark.parametrize("seeds", [(), (1, 1), (-1,)])
def test_repeats_must_differ(seeds: tuple[int, ...]) -> None:
    with pytest.raises(OutvotedError):
        HealSettings(seeds=seeds)


def test_keys_are_kept_apart() -> None:
    keys = {keyed(use, *key) for use in Use for key in ((0, 0, 1), (0, 1, 0), (1, 0, 0))}
    assert len(keys) == 15
    assert all(0 <= key < 2**62 for key in keys)
