"""Replay: an honest run is confirmed, and whatever was altered is found."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.analysis.mining import replay as module
from outvoted.analysis.mining.replay import Replayed, replay
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.search.errors import OutvotedError

Change = Callable[[dict[str, Any]], object]
Rewrite = Callable[[RunFolder, Change], None]
FOUND = Replayed(0, same_parameters=True, same_pixels=True, outvoted=True)


def only(search_id: int, change: Change) -> Change:
    """Change the row of one search alone."""
    return lambda row: change(row) if row["search_id"] == search_id else None


@pytest.fixture
def chosen(mistakes: list[dict[str, Any]]) -> dict[str, Any]:
    """A mistake of several moves."""
    return max(mistakes, key=lambda row: int(row["moves"]))


def expect(own: RunFolder, search_id: int, expected: Replayed) -> None:
    """Check that one mistake replays as expected, and all others are confirmed."""
    found = {each.search_id: each for each in replay(OpenedRun(own), None)}
    assert found[search_id] == replace(expected, search_id=search_id)
    assert all(each.confirmed for each in found.values() if each.search_id != search_id)


def test_an_honest_run_is_confirmed(run: OpenedRun, mistakes: list[dict[str, Any]]) -> None:
    found = replay(run, None)
    assert [each.search_id for each in found] == [row["search_id"] for row in mistakes]
    assert len(found) > 10
    assert all(each.confirmed for each in found)


def test_one_search_is_replayed_alone(run: OpenedRun, chosen: dict[str, Any]) -> None:
    assert replay(run, chosen["search_id"]) == [replace(FOUND, search_id=chosen["search_id"])]


def test_progress_is_told_for_every_mistake(run: OpenedRun, mistakes: list[dict[str, Any]]) -> None:
    told: list[int] = []
    replay(run, None, told.append)
    assert sum(told) == len(mistakes)


def test_replaying_in_parts_changes_nothing(run: OpenedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = replay(run, None)
    monkeypatch.setattr(module, "_REPLAYED_AT_ONCE", 7)
    told: list[int] = []
    assert replay(run, None, told.append) == whole
    assert max(told) == 7
    assert sum(told) == len(whole)


def test_a_run_without_mistakes_has_nothing_to_replay(bare: RunFolder) -> None:
    assert replay(OpenedRun(bare), None) == []


def test_a_search_without_a_mistake_is_refused(run: OpenedRun, mistakes: list[dict[str, Any]]) -> None:
    won = {row["search_id"] for row in mistakes}
    lost = next(number for number in range(1000) if number not in won)
    with pytest.raises(OutvotedError) as caught:
        replay(run, lost)
    assert f"search {lost} in {run.store.path}" in caught.value.expected
    assert "--search" in caught.value.remedy


@pytest.mark.parametrize("holds", ["same_parameters", "same_pixels", "outvoted"])
def test_a_mistake_is_confirmed_only_if_everything_holds(holds: str) -> None:
    changes: dict[str, Any] = {holds: False}
    assert FOUND.confirmed
    assert not replace(FOUND, **changes).confirmed


def test_one_altered_pixel_is_found(own: RunFolder, chosen: dict[str, Any], rewrite: Rewrite) -> None:
    def alter(row: dict[str, Any]) -> None:
        image = png.decode(row["image"]["bytes"]).copy()
        image[0, 0, 0] ^= 1
        row["image"]["bytes"] = png.encode(image)

    rewrite(own, only(chosen["search_id"], alter))
    expect(own, chosen["search_id"], replace(FOUND, same_pixels=False))


def test_a_png_written_anew_is_the_same_picture(
    own: RunFolder, chosen: dict[str, Any], rewrite: Rewrite
) -> None:
    def alter(row: dict[str, Any]) -> None:
        buffer = io.BytesIO()
        Image.open(io.BytesIO(row["image"]["bytes"])).save(buffer, format="PNG", compress_level=0)
        assert buffer.getvalue() != row["image"]["bytes"]
        row["image"]["bytes"] = buffer.getvalue()

    rewrite(own, only(chosen["search_id"], alter))
    expect(own, chosen["search_id"], FOUND)


def test_one_altered_number_of_a_trail_is_found(
    own: RunFolder, chosen: dict[str, Any], rewrite: Rewrite
) -> None:
    def alter(row: dict[str, Any]) -> None:
        row["move_parameters"][1]["rotation_deg"] += 1e-4

    rewrite(own, only(chosen["search_id"], alter))
    (found,) = replay(OpenedRun(own), chosen["search_id"])
    assert not found.same_parameters
    assert not found.confirmed


def test_a_move_left_out_is_found(own: RunFolder, chosen: dict[str, Any], rewrite: Rewrite) -> None:
    rewrite(own, only(chosen["search_id"], lambda row: row["move_parameters"].pop()))
    expect(own, chosen["search_id"], replace(FOUND, same_parameters=False, same_pixels=False))


def test_an_altered_composed_transform_is_found(
    own: RunFolder, chosen: dict[str, Any], rewrite: Rewrite
) -> None:
    def alter(row: dict[str, Any]) -> None:
        row["composed"][2] = float(np.nextafter(np.float32(row["composed"][2]), np.float32(9)))

    rewrite(own, only(chosen["search_id"], alter))
    expect(own, chosen["search_id"], replace(FOUND, same_parameters=False))


def test_another_seed_is_found(own: RunFolder, chosen: dict[str, Any], rewrite: Rewrite) -> None:
    rewrite(own, only(chosen["search_id"], lambda row: row.update(seed_id=(row["seed_id"] + 1) % 800)))
    expect(own, chosen["search_id"], replace(FOUND, same_pixels=False))


@pytest.mark.parametrize("column", ["predicted", "label"])
def test_another_class_is_found(
    column: str, own: RunFolder, chosen: dict[str, Any], rewrite: Rewrite
) -> None:
    other = ({chosen["predicted"], chosen["label"]} ^ set(range(10))).pop()
    rewrite(own, only(chosen["search_id"], lambda row: row.update({column: other})))
    expect(own, chosen["search_id"], replace(FOUND, outvoted=False))


def test_another_target_is_found(own: RunFolder, chosen: dict[str, Any], rewrite: Rewrite) -> None:
    rewrite(own, only(chosen["search_id"], lambda row: row.update(target=(row["target"] + 1) % 3)))
    expect(own, chosen["search_id"], replace(FOUND, outvoted=False))


def test_other_weights_are_found(own: RunFolder, trained: list[Member]) -> None:
    members.save(own.peers, [trained[1], trained[0], trained[2]])
    with pytest.raises(OutvotedError, match="other networks or weights"):
        replay(OpenedRun(own), None)


def test_other_weights_without_a_fingerprint_are_not_confirmed(
    own: RunFolder, record: RunRecord, trained: list[Member]
) -> None:
    own.write_record(record.model_copy(update={"panel_fingerprint": None}))
    members.save(own.peers, [trained[1], trained[0], trained[2]])
    found = replay(OpenedRun(own), None)
    assert not all(each.outvoted for each in found)
    assert all(each.same_pixels and each.same_parameters for each in found)


def not_a_picture(row: dict[str, Any]) -> None:
    """Damage the stored bytes."""
    row["image"]["bytes"] = b"no picture"


def another_size(row: dict[str, Any]) -> None:
    """Store a picture of another size."""
    row["image"]["bytes"] = png.encode(np.zeros((1, 5, 5), np.uint8))


@pytest.mark.parametrize("damage", [not_a_picture, another_size])
def test_a_damaged_picture_is_found(
    damage: Change, own: RunFolder, chosen: dict[str, Any], rewrite: Rewrite
) -> None:
    rewrite(own, only(chosen["search_id"], damage))
    found = {each.search_id: each for each in replay(OpenedRun(own), None)}
    assert not found[chosen["search_id"]].confirmed
