"""What a report writes into a run's folder."""

import gc
from pathlib import Path

import pytest

from outvoted.analysis.report.report import Report


class Figure:
    """Garbage that only the collector can free, once it has been let go of."""

    alive = 0

    def __init__(self) -> None:
        self.itself = self
        Figure.alive += 1

    def __del__(self) -> None:
        Figure.alive -= 1


def drawn(path: Path) -> None:
    """Draw with the collector at rest."""
    Figure()
    assert not gc.isenabled()
    path.write_bytes(b"")


def refused(path: Path) -> None:
    """Fail to draw."""
    raise OSError("no disk")


def test_figures_are_freed_one_after_the_other_and_none_while_it_is_drawn(tmp_path: Path) -> None:
    def next_one(path: Path) -> None:
        assert Figure.alive == 0
        drawn(path)

    Report({}, (), pictures={"a.png": drawn, "b.png": next_one}).write(tmp_path)
    assert gc.isenabled()
    assert Figure.alive == 0
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "b.png", "summary.json"}


def test_garbage_is_looked_for_again_where_a_picture_fails(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no disk"):
        Report({}, (), pictures={"a.png": refused}).write(tmp_path)
    assert gc.isenabled()
