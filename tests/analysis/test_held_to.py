"""No row of a run's mistakes is looked at that the run cannot have made."""

from collections.abc import Callable
from typing import Any

import pytest

from outvoted.actors.store import RunStore
from outvoted.analysis.opened import OpenedRun
from outvoted.search.errors import OutvotedError

Rewrite = Callable[[RunStore, Callable[[dict[str, Any]], object]], None]


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
        ("composed", [1.0], "transforms with another number of parts"),
    ],
)
def test_a_row_that_the_run_cannot_have_made_is_named(
    column: str, value: Any, said: str, own: RunStore, rewrite: Rewrite
) -> None:
    rewrite(own, lambda row: row.update({column: value}))
    with pytest.raises(OutvotedError, match=said):
        _ = OpenedRun(own).mistakes


def test_the_runs_own_rows_pass(run: OpenedRun) -> None:
    assert run.mistakes.equals(run.store.table("mistakes"))
