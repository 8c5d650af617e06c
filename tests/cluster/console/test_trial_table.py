"""The trials of a sweep while it runs: the best stand first, whatever the order in which trials end."""

import io
import random
from collections.abc import Sequence
from typing import Any

import pytest

from outvoted.cluster.console.terminal import Lines, Terminal, bars
from outvoted.cluster.console.trial_table import TrialTable, point_said

SUCCESS = [("success", "maximise")]
BOTH = [("success", "maximise"), ("cost", "minimise")]


class Shown(Terminal):
    """Keeps what was printed; a terminal where that is wanted."""

    def __init__(self, terminal: bool = False) -> None:
        super().__init__(file=io.StringIO(), width=120)
        self._force_terminal = self.is_interactive = terminal

    @property
    def text(self) -> str:
        assert isinstance(self.file, io.StringIO)
        return self.file.getvalue()


class Clock:
    """Tells what it was set to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def drawn(table: TrialTable) -> list[str]:
    shown = Shown()
    shown.print(table.draw())
    return [line.rstrip() for line in shown.text.splitlines()]


def told(table: TrialTable, scores: Sequence[tuple[int, float, float]]) -> None:
    for number, success, cost in scores:
        table.running(number, {"a": number})
        table.ended(number, {"a": number}, "finished", {"success": success, "cost": cost})


@pytest.mark.parametrize("seed", range(3))
def test_the_best_are_the_same_in_whatever_order_trials_end(seed: int) -> None:
    scores = [(0, 0.5, 9.0), (1, 0.9, 7.0), (2, 0.2, 1.0), (3, 0.9, 8.0), (4, 0.1, 2.0)]
    order = random.Random(seed).sample(scores, len(scores))
    one, several = (TrialTable(Lines(Shown()), aims) for aims in (SUCCESS, BOTH))
    for table in (one, several):
        told(table, order)
    best = next(line for line in drawn(one) if "best" in line)
    assert best.split()[:3] == ["1", "best", "0.9"]
    front = [line.split()[0] for line in drawn(several) if "front" in line]
    assert front == ["1", "2"]


def test_what_failed_was_not_measured_or_breaks_a_constraint_is_never_the_best() -> None:
    table = TrialTable(Lines(Shown()), SUCCESS)
    table.ended(0, {}, "failed", {})
    table.ended(1, {}, "finished", {"success": None})
    table.ended(2, {}, "finished", {"success": 0.9}, keeps=False)
    table.ended(3, {}, "stopped", {"success": 0.9})
    assert table.best == ""
    table.ended(4, {}, "finished", {"success": 0.1})
    assert table.best == "best: trial 4, success 0.1"


def test_trials_that_run_are_shown_with_their_points_until_they_end() -> None:
    table = TrialTable(Lines(Shown()), SUCCESS)
    table.running(7, {"search.patience": 50, "x": None, "y": {"kind": "gradient", "rate": 0.123456}}, (2, 5))
    (line,) = [line for line in drawn(table) if "runs" in line]
    assert line.split()[:5] == ["7", "runs,", "2", "of", "5"]
    assert "search.patience=50 x=null y={kind: gradient, rate: 0.1235}" in line
    table.ended(7, {"search.patience": 50}, "finished", {"success": 1.0})
    assert [line for line in drawn(table) if "runs" in line] == []


def test_the_table_is_as_tall_for_a_thousand_trials_as_for_ten() -> None:
    few, many = (TrialTable(Lines(Shown()), BOTH) for _ in range(2))
    for table, count in ((few, 10), (many, 1000)):
        told(table, [(n, n / count, n) for n in range(count)])
        for number in range(count, count + 9):
            table.running(number, {"a": number})
    assert len(drawn(few)) == len(drawn(many)) <= 12


def test_without_a_terminal_a_new_best_is_said_and_others_now_and_then() -> None:
    console, clock = Shown(), Clock()
    with bars(console) as progress, TrialTable(progress, SUCCESS, clock) as table:
        table.ended(9, {"a": 9}, "finished", {"success": 0.1}, known=True)
        for number, success in enumerate((0.5, 0.4, 0.3, 0.6)):
            table.ended(number, {"a": number}, "finished", {"success": success})
        clock.now += 10
        table.ended(4, {"a": 4}, "failed", {})
    said = [line.partition(" ")[2] for line in console.text.splitlines()]
    assert said == [
        "trial 0: success 0.5 (the best so far), with a=0",
        "trial 3: success 0.6 (the best so far), with a=3",
        "trial 4: failed, with a=4; best: trial 3, success 0.6",
    ]


def test_on_a_terminal_the_table_is_drawn_below_the_bars_and_nothing_else_is_said() -> None:
    console = Shown(terminal=True)
    with bars(console) as progress, TrialTable(progress, SUCCESS) as table:
        bar = progress.add_task("trials", total=2, details="")
        table.ended(0, {"a": 0}, "finished", {"success": 0.5})
        progress.update(bar, advance=1)
        progress.refresh()
        assert "best" in console.text
        assert "so far" not in console.text
    assert progress.below is None  # type: ignore[attr-defined]  # of the bars of a terminal alone


def test_a_value_nested_without_end_is_cut() -> None:
    deep: Any = 1
    for _ in range(3000):
        deep = [deep]
    assert len(point_said({"a": deep})) < 50


def test_a_point_is_said_as_it_would_be_set() -> None:
    assert (
        point_said({"a.b": 0.5, "c": [1, None], "d": True, "e": "word"})
        == "a.b=0.5 c=[1, null] d=true e=word"
    )
