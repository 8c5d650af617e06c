"""Tables on disk: what is read is of the form that was asked for, whoever wrote the file."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outvoted.actors.runs import schema, tables
from outvoted.search.errors import OutvotedError

MOVE = ("gain", "hue")
FORM = schema.mistakes(MOVE, ("light",)).arrow


def rows(count: int = 2) -> pa.Table:
    """Return rows of mistakes."""
    values = {field.name: pa.nulls(count, field.type) for field in FORM} | {
        "search_id": pa.array(range(count), pa.int64()),
        "image": pa.array([{"bytes": b"png", "path": None}] * count, FORM.field("image").type),
        "probabilities": pa.array([[[0.5, 0.5]]] * count, pa.list_(pa.list_(pa.float32()))),
        "move_parameters": pa.array([[dict.fromkeys(MOVE, 0.5)]] * count),
        "measures": pa.array([{"light": 1.0}] * count),
    }
    return pa.table(values)


def written(path: Path, name: str, values: pa.Array) -> Path:
    """Write mistakes with other values in a column."""
    table = rows()
    pq.write_table(table.set_column(table.column_names.index(name), name, values), path)
    return path


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("search_id", pa.array(["a", "b"])),
        ("search_id", pa.array([1, 2], pa.int32())),
        ("image", pa.array([b"png", b"png"])),
        ("move_parameters", pa.array([[{"gain": "a"}], []])),
        ("measures", pa.array([[1.0], [2.0]])),
        ("probabilities", pa.array([[0.5], [0.5]])),
    ],
)
def test_a_column_of_another_type_is_named(name: str, values: pa.Array, tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match=f"column {name} of type"):
        tables.read(written(tmp_path / "a.parquet", name, values), schema.MISTAKES)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("search_id", pa.array([1, None], pa.int64())),
        ("image", pa.array([{"bytes": None, "path": "a"}] * 2, FORM.field("image").type)),
        ("move_parameters", pa.array([[{"gain": None, "hue": 0.5}], []], FORM.field("move_parameters").type)),
        ("probabilities", pa.array([[[0.5, None]], []], FORM.field("probabilities").type)),
    ],
)
def test_a_value_that_every_row_needs_is_missed(name: str, values: pa.Array, tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", name, values)
    with pytest.raises(OutvotedError, match=f"rows without a value in column {name}"):
        tables.read(path, schema.MISTAKES, [name])


def test_what_was_written_is_read(tmp_path: Path) -> None:
    tables.write(tmp_path / "a.parquet", rows())
    read = tables.read(tmp_path / "a.parquet", schema.MISTAKES, ["move_parameters", "measures"])
    assert read.equals(rows().select(["move_parameters", "measures"]))


def test_the_systems_own_words_say_why_a_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").symlink_to(tmp_path / "a.parquet")
    with pytest.raises(OutvotedError, match="Too many levels of symbolic links") as refused:
        tables.read(tmp_path / "a.parquet", schema.MISTAKES)
    assert "rrno" not in str(refused.value)
