"""The tables open unchanged in pandas, DuckDB and Hugging Face `datasets`."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from outvoted.actors.mining.shards import ShardResult, Shards
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.runs import png, schema
from outvoted.actors.runs.run_folder import RunFolder


@pytest.fixture(scope="module")
def stored(mined: ShardResult, trained: list[Member], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one shard in two files for each table, and the peers."""
    store = RunFolder(tmp_path_factory.mktemp("stored"))
    middle = mined.searches.num_rows // 2
    first, last = mined.searches.slice(0, middle), mined.searches.slice(middle)
    border = last.column("search_id")[0].as_py()
    below = pa.array([value < border for value in mined.mistakes.column("search_id").to_pylist()])
    Shards(store.path).write(ShardResult("shard-a", first, mined.mistakes.filter(below)))
    above = pa.array([not value.as_py() for value in below])
    Shards(store.path).write(ShardResult("shard-b", last, mined.mistakes.filter(above)))
    members.save(store.peers, trained)
    return store.path


def asked(query: str) -> duckdb.DuckDBPyRelation:
    """Put a query to DuckDB."""
    found = duckdb.sql(query)
    assert found is not None
    return found


@pytest.mark.parametrize("file", ["searches/shard-a", "mistakes/shard-a", "peers/peers"])
def test_the_schema_version_lies_in_the_file(file: str, stored: Path) -> None:
    metadata = pq.read_schema(stored / f"{file}.parquet").metadata
    assert metadata[b"outvoted.schema"] == schema.VERSION.encode()


@pytest.mark.parametrize("table", ["searches", "mistakes"])
def test_pandas_reads_a_folder(table: str, stored: Path, mined: ShardResult) -> None:
    frame = pd.read_parquet(stored / table)
    rows: pa.Table = getattr(mined, table)
    assert frame.columns.tolist() == rows.column_names
    assert frame["search_id"].tolist() == rows.column("search_id").to_pylist()


def test_pandas_reads_the_pictures(stored: Path, mined: ShardResult) -> None:
    frame = pd.read_parquet(stored / "mistakes")
    for found, row in zip(frame["image"], mined.mistakes.to_pylist(), strict=True):
        assert found["bytes"] == row["image"]["bytes"]


def test_duckdb_counts_outcomes(stored: Path, mined: ShardResult) -> None:
    rows = asked(f"select outcome, count(*) from '{stored}/searches/*.parquet' group by all").fetchall()
    assert dict(rows) == mined.searches.to_pandas()["outcome"].value_counts().to_dict()


def test_duckdb_reads_every_column(stored: Path, mined: ShardResult) -> None:
    frame = asked(f"select * from '{stored}/mistakes/*.parquet' order by search_id").df()
    rows = mined.mistakes.to_pylist()
    assert frame.columns.tolist() == mined.mistakes.column_names
    assert frame["label"].tolist() == [row["label"] for row in rows]
    assert [dict(move) for move in frame["measures"]] == [row["measures"] for row in rows]
    assert [len(trail) for trail in frame["move_parameters"]] == [row["moves"] for row in rows]


def test_duckdb_joins_mistakes_with_their_searches(stored: Path, mined: ShardResult) -> None:
    query = (
        f"select count(*) from '{stored}/mistakes/*.parquet' join '{stored}/searches/*.parquet' "
        "using (search_id, target, seed_id, label) where outcome = 'mistake'"
    )
    assert asked(query).fetchall() == [(mined.mistakes.num_rows,)]


def test_datasets_decodes_the_pictures(stored: Path, mined: ShardResult, tmp_path: Path) -> None:
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    files = [str(path) for path in sorted((stored / "mistakes").glob("*.parquet"))]
    found = Dataset.from_parquet(files, cache_dir=str(tmp_path))
    assert found.column_names == mined.mistakes.column_names
    for sample, row in zip(found, mined.mistakes.to_pylist(), strict=True):
        for name in ("image", "seed_image"):
            assert isinstance(sample[name], Image.Image)
            np.testing.assert_array_equal(np.asarray(sample[name])[None], png.decode(row[name]["bytes"]))
        assert sample["move_parameters"] == row["move_parameters"]
        assert sample["predicted"] == row["predicted"]


def test_the_columns_follow_the_transforms_parameters() -> None:
    form = schema.mistakes(("gain", "hue"), ("light",)).arrow
    assert [field.name for field in form.field("move_parameters").type.value_type] == ["gain", "hue"]
    assert [field.name for field in form.field("measures").type] == ["light"]


def test_mistakes_share_their_columns_with_searches() -> None:
    searches, mistakes = schema.SEARCHES.arrow, schema.mistakes(("gain",), ("light",)).arrow
    shared = set(searches.names) & set(mistakes.names)
    assert set(searches.names) - shared == {"outcome", "reason", "finished_at"}
    assert all(searches.field(name).type == mistakes.field(name).type for name in shared)
