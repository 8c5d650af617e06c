"""Shared by the analysis' tests: what they read of the small run, and ways to alter a copy."""

import shutil
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.opened.opened import OpenedRun


@pytest.fixture
def bare(own: RunFolder) -> RunFolder:
    """A run whose peers are trained and that has searched nothing yet."""
    shutil.rmtree(own.path / "searches")
    shutil.rmtree(own.path / "mistakes")
    return own


@pytest.fixture
def fruitless(own: RunFolder) -> RunFolder:
    """A run that found no mistakes."""
    for path in (own.path / "mistakes").glob("*.parquet"):
        pq.write_table(pq.read_table(path).slice(0, 0), path)
    return own


@pytest.fixture(scope="session")
def mistakes(run: OpenedRun) -> list[dict[str, Any]]:
    """The rows of the run's mistakes table."""
    rows: list[dict[str, Any]] = Shards(run.store.path).table("mistakes").to_pylist()
    return rows


@pytest.fixture(scope="session")
def rewrite() -> Callable[[RunFolder, Callable[[dict[str, Any]], object]], None]:
    """Change every row of a run's mistakes table in place."""

    def rewritten(store: RunFolder, change: Callable[[dict[str, Any]], object]) -> None:
        for path in (store.path / "mistakes").glob("*.parquet"):
            table = pq.read_table(path)
            rows = table.to_pylist()
            for row in rows:
                change(row)
            pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)

    return rewritten


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved, in order."""
    saved: list[Figure] = []
    save = Figure.savefig

    def watched(figure: Figure, *arguments: Any, **options: Any) -> None:
        saved.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", watched)
    return saved
