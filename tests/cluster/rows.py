"""Comparing the rows of two runs, and having some that failed."""

import pandas as pd
import pyarrow as pa
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs import schema, tables
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.search.outcome import Outcome


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


REASON = "mlp-6: ValueError: [too much] ink (on a candidate)"


def failing(store: RunFolder, every: bool) -> RunFolder:
    """Let searches of the first target fail: all of them, or those of the first shard."""
    for path in sorted((store.path / "searches").glob("*.parquet"))[: None if every else 1]:
        rows = tables.read(path, schema.SEARCHES)
        frame = rows.to_pandas()
        chosen = (frame["target"] == 0) & (frame["outcome"] != Outcome.SKIPPED)
        for column, value in (("outcome", str(Outcome.FAILED)), ("reason", REASON)):
            values = frame[column].where(~chosen, value)
            place = rows.column_names.index(column)
            rows = rows.set_column(place, rows.schema.field(column), pa.array(values, pa.string()))
        tables.write(path, rows)
    return store
