"""No row of a run's mistakes is looked at that the run cannot have made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.mining.pictures import draw_climbs, draw_mistakes
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import caption, class_names
from outvoted.search.errors import OutvotedError

Rewrite = Callable[[RunFolder, Callable[[dict[str, Any]], object]], None]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("target", -1, "target -1 in the row of search"),
        ("target", 3, "target 3 in"),
        ("voters", 3, "voters 3 in"),
        ("label", 10, "label 10 in"),
        ("predicted", -1, "predicted -1 in"),
        ("seed_id", 800, "seed_id 800 in"),
        ("probabilities", [[0.1] * 10] * 2, "votes of another number of networks"),
        (
            "probabilities",
            [[0.1] * 10, [0.1] * 10, [0.1]],
            "votes of another number of networks, or of classes",
        ),
        ("probabilities", [], "votes of another number of networks|label . in the row"),
        ("probabilities", [[], [], []], "label . in the row"),
        ("composed", [1.0], "transforms with another number of parts"),
    ],
)
def test_a_row_that_the_run_cannot_have_made_is_named(
    column: str, value: Any, said: str, own: RunFolder, rewrite: Rewrite
) -> None:
    rewrite(own, lambda row: row.update({column: value}))
    with pytest.raises(OutvotedError, match=said):
        _ = OpenedRun(own).mistakes


def test_a_run_without_a_name_for_every_class_shows_numbers(own: RunFolder, tmp_path: Path) -> None:
    record = own.read_record()
    assert record.data is not None
    named = record.model_copy(update={"data": record.data.model_copy(update={"class_names": ("zero",)})})
    assert caption(named, 0, 3) == "0 → 3"
    assert list(class_names(named, 2)) == ["0", "1"]
    own.write_record(named)
    draw_mistakes(OpenedRun(own), tmp_path / "mistakes.png")


def test_a_climb_that_is_longer_than_it_says_is_not_drawn(
    own: RunFolder, rewrite: Rewrite, tmp_path: Path, sketched: None
) -> None:
    rewrite(own, lambda row: row.update(move_parameters=row["move_parameters"][:1] * 100, moves=3))
    draw_climbs(OpenedRun(own), tmp_path / "climbs.png")
    assert not (tmp_path / "climbs.png").exists()


def test_a_row_without_measures_is_refused(own: RunFolder, rewrite: Rewrite) -> None:
    rewrite(own, lambda row: row.update(measures=None))
    with pytest.raises(OutvotedError, match="without a value in column measures"):
        _ = OpenedRun(own).mistakes


def test_the_runs_own_rows_pass(run: OpenedRun) -> None:
    expected = Shards(run.store.path).table("mistakes")
    assert len(run.mistakes) == len(expected) > 0
    assert run.mistakes.select(*expected.column_names).equals(expected)
