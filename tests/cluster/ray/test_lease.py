"""Leasing shards: what is reported while they are recorded."""

from types import SimpleNamespace
from typing import Any

import pytest

from outvoted.actors.mining.shards import Progress
from outvoted.cluster.ray import cells as leasing
from outvoted.cluster.ray.cells import Cell


class Call:
    """A call that ends with so many searches recorded."""

    def __init__(self, total: int) -> None:
        self.total = total


def test_progress_never_goes_back_in_whatever_order_shards_are_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    totals = iter([30, 10, 20])

    def remote(answer: Any) -> SimpleNamespace:
        return SimpleNamespace(remote=lambda *_: answer())

    recorder = SimpleNamespace(
        record=remote(lambda: Call(next(totals))),
        progress=remote(lambda: Call(0)),
    )
    cell: Any = Cell(SimpleNamespace(mine=remote(object), live=remote(object)), ())
    fake = SimpleNamespace(
        wait=lambda calls, **_: ([call for call in calls if isinstance(call, Call)][:1], []),
        get=lambda call: Progress(searches=call.total),
    )
    monkeypatch.setattr(leasing, "ray", fake)
    monkeypatch.setattr(leasing, "result", fake.get)
    reported: list[int] = []
    shards: Any = iter(range(3))
    leasing.lease([cell], recorder, shards, 3, lambda done, live: reported.append(done.searches))
    assert reported == [0, 30, 30, 30]
