"""Which mistakes are shown: a sample that follows from run and name, common in part, with blind controls."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from outvoted.actors.labelling import mistakes_task
from outvoted.actors.labelling.label_form import ShownImage
from outvoted.actors.labelling.mistakes_task import MistakesTask, SampleSettings, ranks
from outvoted.actors.mining.shards import ShardResult, Shards
from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.search.errors import OutvotedError

SAMPLE = SampleSettings(common=6, own=4, controls=0.5)
CLASSES = tuple("0123456789")


def task(store: RunFolder, sample: SampleSettings = SAMPLE) -> MistakesTask:
    return MistakesTask("small", Shards(store.path).units, "mistakes", CLASSES, sample)


def mistakes(shown: Sequence[ShownImage]) -> set[tuple[int | str, ...]]:
    return {one.mistake for one in shown if not one.seed}


def test_what_is_shown_follows_from_the_name(own: RunFolder) -> None:
    one, again, other = task(own).sequence("anna"), task(own).sequence("anna"), task(own).sequence("zoe")
    assert one == again
    assert one != other
    assert len(set(one)) == len(one) == 15


def test_the_first_are_common_to_all_and_then_each_has_their_own(own: RunFolder) -> None:
    people = [task(own).sequence(name) for name in ("anna", "ben", "zoe")]
    first = [mistakes(shown[:9]) for shown in people]
    assert first[0] == first[1] == first[2]
    assert len(first[0]) == 6
    assert len(set.union(*(mistakes(shown[9:]) for shown in people))) > 4
    assert [shown[:9] for shown in people[:2]] != [people[2][:9]] * 2


def test_controls_stand_anywhere_and_show_the_seed(own: RunFolder) -> None:
    work = task(own)
    shown = work.sequence("anna")
    controls = [one for one in shown if one.seed]
    assert len(controls) == 5
    rows = {(row["search_id"], row["number"]): row for row in Shards(own.path).table("mistakes").to_pylist()}
    for one, picture in zip(shown, work.pictures(shown), strict=True):
        row = rows[one.mistake]  # type: ignore[index]
        assert picture == row["seed_image" if one.seed else "image"]["bytes"]
    seen = {rows[one.mistake]["seed_id"] for one in shown if not one.seed}  # type: ignore[index]
    assert not seen & {rows[one.mistake]["seed_id"] for one in controls}  # type: ignore[index]


def test_a_run_with_fewer_mistakes_shows_all_of_them(own: RunFolder) -> None:
    count = Shards(own.path).mistakes()
    shown = task(own, SampleSettings(common=10_000, own=10_000, controls=0)).sequence("anna")
    assert len(shown) == len(mistakes(shown)) == count


def test_mistakes_that_are_mined_meanwhile_change_little_of_a_sample() -> None:
    ids = np.arange(5000)
    few, more = (ranks(pa.table({"search_id": ids[:count]}), "run") for count in (4900, 5000))
    assert (few == more[:4900]).all()
    before, after = (set(np.argsort(found)[:100].tolist()) for found in (few, more))
    assert len(before & after) > 90
    assert len(np.unique(more)) == 5000


def test_ranks_tell_texts_and_salts_apart() -> None:
    keys = pa.table({"arm": ["start", "mistakes", "start"], "number": [0, 0, 1]})
    one, other = ranks(keys, "anna"), ranks(keys, "zoe")
    assert len(np.unique(one)) == 3
    assert (one != other).all()


def test_mistakes_are_looked_for_again_only_where_files_came(
    own: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = task(own, SampleSettings(common=10_000, own=0, controls=0))
    monkeypatch.setattr(mistakes_task, "_AGAIN", 0.0)
    before = work.sequence("anna")
    read, count = Shards(own.path), len(before)
    every = {name: read.table(name) for name in ("searches", "mistakes")}
    with monkeypatch.context() as patched:
        patched.setattr(work._units, "read_all", lambda *_, **__: pytest.fail("nothing came"))
        work.prepare()
    read.write(
        ShardResult(
            "shard-9",
            every["searches"].slice(0, 1).set_column(0, "search_id", pa.array([10**6], pa.int64())),
            every["mistakes"].slice(0, 1).set_column(0, "search_id", pa.array([10**6], pa.int64())),
        )
    )
    work.prepare()
    assert len(work.sequence("anna")) == count + 1


def test_a_mistake_that_is_gone_is_said(own: RunFolder) -> None:
    with pytest.raises(OutvotedError, match="some of them are gone"):
        task(own).pictures([ShownImage((10**6, 0))])


def test_a_bomb_is_not_shown(own: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    work = task(own)
    first = work.sequence("anna")[:1]
    monkeypatch.setattr(png, "MOST_PIXELS", 100)
    with pytest.raises(OutvotedError, match="28 × 28"):
        work.pictures(first)


def test_a_run_without_mistakes_has_nothing_to_show(tmp_path: Path, own: RunFolder) -> None:
    every = Shards(own.path)
    empty = Shards(tmp_path)
    empty.write(
        ShardResult("shard-0", every.table("searches").slice(0, 1), every.table("mistakes").slice(0, 0))
    )
    assert MistakesTask("none", empty.units, "mistakes", CLASSES, SAMPLE).sequence("anna") == []
