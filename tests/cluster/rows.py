"""Comparing the rows of two runs."""

import pandas as pd
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder


def searches(store: RunFolder) -> pd.DataFrame:
    """All searches but for the time they ended."""
    return Shards(store.path).frame("searches").drop(columns="finished_at")


def assert_same_rows(one: RunFolder, other: RunFolder) -> None:
    """Fail unless both runs found exactly the same, pictures and votes included."""
    pd.testing.assert_frame_equal(searches(one), searches(other))
    assert Shards(one.path).table("mistakes").equals(Shards(other.path).table("mistakes"))


def tags(store: RunFolder) -> set[str]:
    """Return the scalars that TensorBoard shows of a run."""
    events = EventAccumulator(str(store.tensorboard))
    events.Reload()
    return set(events.Tags()["scalars"])


def scalars(store: RunFolder, tag: str) -> list[tuple[int, float]]:
    """Return the points of a curve in TensorBoard: steps and values."""
    events = EventAccumulator(str(store.tensorboard), size_guidance={"scalars": 0})
    events.Reload()
    return [(point.step, point.value) for point in events.Scalars(tag)]
