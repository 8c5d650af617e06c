"""DuckDB is locked in, and stops."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outvoted.analysis.browsing.engine import Engine, Query, TooSlowError


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    own = tmp_path / "it's [own]"
    own.mkdir()
    for place in (own, tmp_path):
        pq.write_table(pa.table({"x": [1, 2]}), place / "x.parquet")
    return Engine(own)


def test_files_of_the_run_are_read(engine: Engine) -> None:
    one = Query("SELECT sum(x) FROM read_parquet(?)", ([str(engine.folder / "x.parquet")],))
    assert engine.rows(one) == [(3,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_parquet('{outside}/x.parquet')",
        "SELECT * FROM read_parquet('{outside}/it''s [own]/../x.parquet')",
        "SELECT * FROM read_parquet('https://example.org/x.parquet')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '{outside}/y.csv'",
        "ATTACH '{outside}/y.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 64",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "RESET memory_limit",
    ],
)
def test_nothing_else_is_reached_and_no_limit_is_lifted(sql: str, engine: Engine) -> None:
    with pytest.raises(duckdb.Error):
        engine.rows(Query(sql.format(outside=str(engine.folder.parent).replace("'", "''"))))


def test_what_takes_too_long_is_stopped(engine: Engine) -> None:
    with pytest.raises(TooSlowError, match=r"within 0\.2 seconds"):
        engine.rows(Query("SELECT count(*) FROM range(100000000000)"), seconds=0.2)
    assert engine.rows(Query("SELECT 1")) == [(1,)]


def test_what_takes_too_much_memory_is_refused(engine: Engine) -> None:
    with pytest.raises(TooSlowError, match="1GB"):
        engine.rows(Query("SELECT list(i) FROM range(1000000000) t(i)"))
    assert engine.rows(Query("SELECT 1")) == [(1,)]
