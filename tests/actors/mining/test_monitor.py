"""What TensorBoard shows: every figure at the number of searches done, and the mistakes as pictures."""

import io
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from outvoted.actors.mining import monitor
from outvoted.actors.mining.monitor import Monitor
from outvoted.actors.mining.shards import Progress, ShardResult
from outvoted.actors.runs import png

PICTURES = "mistakes/seed and mistake, label to wrong class"


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    time = monotonic


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which the monitor measures rates."""
    found = Clock()
    monkeypatch.setattr(monitor, "time", found)
    return found


def shown(folder: Path) -> Any:
    """Read event files back as TensorBoard does."""
    events = EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0})
    events.Reload()
    return events


def halves(mined: ShardResult) -> tuple[Progress, Progress]:
    """Return the progress after half of the searches, and after all."""
    half = Progress().plus(mined.searches.slice(0, 30))
    return half, half.plus(mined.searches.slice(30))


def test_every_scalar_stands_at_the_searches_done(mined: ShardResult, tmp_path: Path) -> None:
    half, whole = halves(mined)
    writer = Monitor(tmp_path)
    for progress in (half, whole):
        writer.shard(progress, lambda: mined.mistakes)
    writer.close()
    events = shown(tmp_path)
    for name, value in whole.scalars().items():
        last = events.Scalars(name)[-1]
        assert last.step == 60
        assert last.value == pytest.approx(value, rel=1e-6)
    assert [(event.step, event.value) for event in events.Scalars("searches/done")] == [
        (30, 30.0),
        (60, 60.0),
    ]


def test_rates_begin_with_the_second_shard(mined: ShardResult, tmp_path: Path, clock: Clock) -> None:
    half, whole = halves(mined)
    writer = Monitor(tmp_path)
    writer.shard(half, lambda: mined.mistakes)
    clock.now += 10
    writer.shard(whole, lambda: mined.mistakes)
    writer.close()
    events = shown(tmp_path)
    for what in ("candidates", "inferences", "mistakes"):
        (rate,) = events.Scalars(f"per second/{what}")
        assert rate.step == 60
        assert rate.value == pytest.approx((getattr(whole, what) - getattr(half, what)) / 10, rel=1e-6)


def test_rates_count_work_and_time_from_the_same_moment(
    mined: ShardResult, tmp_path: Path, clock: Clock
) -> None:
    half, whole = halves(mined)
    writer = Monitor(tmp_path)
    clock.now += 990  # training, and the first shard
    writer.shard(half, lambda: mined.mistakes)
    clock.now += 10
    writer.shard(whole, lambda: mined.mistakes)
    writer.close()
    (rate,) = shown(tmp_path).Scalars("per second/candidates")
    assert rate.value == pytest.approx((whole.candidates - half.candidates) / 10, rel=1e-6)


def test_the_mistakes_of_a_shard_are_one_picture(mined: ShardResult, tmp_path: Path) -> None:
    writer = Monitor(tmp_path)
    writer.shard(halves(mined)[1], lambda: mined.mistakes)
    writer.close()
    (event,) = shown(tmp_path).Images(PICTURES)
    tiles = min(mined.mistakes.num_rows, 24)
    assert event.step == 60
    assert (event.width, event.height) == (min(tiles, 6) * (2 * 28 * 3 + 6), -(-tiles // 6) * (28 * 3 + 14))


def test_the_first_tile_is_seed_and_mistake_side_by_side(mined: ShardResult, tmp_path: Path) -> None:
    writer = Monitor(tmp_path)
    writer.shard(halves(mined)[1], lambda: mined.mistakes)
    writer.close()
    (event,) = shown(tmp_path).Images(PICTURES)
    sheet = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)).convert("L"))
    row = mined.mistakes.slice(0, 1).to_pylist()[0]
    pair = [png.decode(row[side]["bytes"])[0] for side in ("seed_image", "image")]
    expected = np.concatenate(pair, axis=1).repeat(3, axis=0).repeat(3, axis=1)
    np.testing.assert_array_equal(sheet[: 28 * 3, 3 : 3 + 2 * 28 * 3], expected)


def test_colour_images_are_shown_in_colour(mined: ShardResult, tmp_path: Path) -> None:
    image = np.zeros((3, 8, 8), np.uint8)
    image[1] = 200
    picture = {"bytes": png.encode(image), "path": None}
    rows = [{"seed_image": picture, "image": picture, "label": 1, "predicted": 2}]
    writer = Monitor(tmp_path)
    writer.shard(halves(mined)[1], lambda: pa.Table.from_pylist(rows))
    writer.close()
    (event,) = shown(tmp_path).Images(PICTURES)
    sheet = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)).convert("RGB"))
    assert sheet[4, 10].tolist() == [0, 200, 0]


def test_a_shard_without_mistakes_has_no_picture(mined: ShardResult, tmp_path: Path) -> None:
    writer = Monitor(tmp_path)
    nothing = ShardResult(mined.name, mined.searches, mined.mistakes.slice(0, 0))
    writer.shard(halves(mined)[1], lambda: nothing.mistakes)
    writer.close()
    assert shown(tmp_path).Tags()["images"] == []


def mined_on(folder: Path, mined: ShardResult, searches: int, shard: int = 500) -> int:
    """Return the bytes of the event files of a run of so many searches, each shard with the same mistakes."""
    writer, whole = Monitor(folder), halves(mined)[1]
    for done in range(shard, searches + 1, shard):
        writer.shard(replace(whole, searches=done), lambda: mined.mistakes)
    writer.close()
    return sum(file.stat().st_size for file in folder.iterdir())


def test_files_grow_with_the_logarithm_of_the_searches(mined: ShardResult, tmp_path: Path) -> None:
    sizes = [mined_on(tmp_path / str(count), mined, count) for count in (10_000, 100_000, 1_000_000)]
    assert sizes[2] - sizes[1] < 1.3 * (sizes[1] - sizes[0])
    assert sizes[2] < 8 << 20


def test_the_last_shard_is_shown_however_few_searches_it_adds(mined: ShardResult, tmp_path: Path) -> None:
    mined_on(tmp_path, mined, 10_007, 1)
    points = [event.step for event in shown(tmp_path).Scalars("searches/done")]
    assert points[-1] == 10_007
    assert points[0] == 1
    assert all(after > before for before, after in itertools.pairwise(points))
    assert all(after <= 1.01 * before + 1 for before, after in itertools.pairwise(points))


def test_health_is_shown_also_while_no_shard_ends(tmp_path: Path) -> None:
    writer = Monitor(tmp_path)
    for age in (60.0, 120.0):
        writer.health({"leases/oldest, seconds": age}, 70)
    writer.close()
    events = shown(tmp_path).Scalars("leases/oldest, seconds")
    assert [(event.step, event.value) for event in events] == [(70, 60.0), (70, 120.0)]


def test_pictures_of_photographs_stay_small(mined: ShardResult, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 224, 224), np.uint8)
    picture = {"bytes": png.encode(image), "path": None}
    rows = [{"seed_image": picture, "image": picture, "label": 1, "predicted": 2}] * 24
    writer = Monitor(tmp_path)
    writer.shard(halves(mined)[1], lambda: pa.Table.from_pylist(rows))
    writer.close()
    (event,) = shown(tmp_path).Images(PICTURES)
    assert event.height == 4 * (112 + 14)
    assert len(event.encoded_image_string) < 2 << 20
