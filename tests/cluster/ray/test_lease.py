"""Leasing: every shard is mined and recorded once, and no cell, slow or quick, waits for another."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.actors.mining.shards import Live, Progress
from outvoted.cluster.ray import leasing
from outvoted.cluster.ray.cells import Cell


class Call:
    """A call that ends after some turns, with a value."""

    def __init__(self, turns: int, value: Callable[[], Any]) -> None:
        self.turns, self.value = turns, value


class Machine:
    """Cells and a recorder whose calls end when it says so, in place of Ray."""

    def __init__(self, cells: int, delays: Iterator[int]) -> None:
        self.delays = delays
        self.recorded: list[int] = []
        self.out = [0] * cells
        self.most = [0] * cells
        self.together = 0
        self.cells: list[Any] = [
            Cell(SimpleNamespace(mine=SimpleNamespace(remote=self._miner(cell))), (), (), SimpleNamespace())  # type: ignore[arg-type]
            for cell in range(cells)
        ]
        self.recorder = SimpleNamespace(
            record=SimpleNamespace(remote=self._record),
            glance=SimpleNamespace(remote=lambda: Call(0, self._glance)),
        )

    def _miner(self, cell: int) -> Callable[[Any, int], Call]:
        def mine(opener: Any, shard: int) -> Call:
            self.out[cell] += 1
            self.most[cell] = max(self.most[cell], self.out[cell])
            return Call(next(self.delays), lambda: (cell, shard))

        return mine

    def _record(self, *mined: Call) -> Call:
        assert all(call.turns <= 0 for call in mined), "recorded before it was mined"
        self.together = max(self.together, len(mined))

        def write() -> None:
            for call in mined:
                cell, shard = call.value()
                self.out[cell] -= 1
                self.recorded.append(shard)

        return Call(next(self.delays), write)

    def _glance(self) -> tuple[Progress, Live]:
        return Progress(searches=len(self.recorded)), Live(sum(self.out), 0)

    def wait(self, calls: list[Call], num_returns: int, **_: Any) -> tuple[list[Call], list[Call]]:
        """Let a turn pass, unless something has ended already."""
        if num_returns == 1:
            while not any(call.turns <= 0 for call in calls):
                for call in calls:
                    call.turns -= 1
        ended = [call for call in calls if call.turns <= 0][:num_returns]
        return ended, [call for call in calls if call not in ended]


def leased(machine: Machine, shards: int, in_flight: int) -> list[int]:
    """Lease numbered shards and return what was reported as recorded."""
    told: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leasing, "ray", machine)
        patch.setattr(leasing, "result", lambda call: call.value())
        work: Any = iter(range(shards))
        leasing.lease(
            machine.cells, machine.recorder, work, in_flight, lambda done, live: told.append(done.searches)
        )
    return told


@given(cells=st.integers(1, 5), shards=st.integers(0, 60), in_flight=st.integers(1, 6), seed=st.randoms())
def test_every_shard_is_recorded_once_and_no_cell_has_more_than_it_may(
    cells: int, shards: int, in_flight: int, seed: Any
) -> None:
    def delays() -> Iterator[int]:
        while True:
            yield seed.randrange(5)

    machine = Machine(cells, delays())
    told = leased(machine, shards, in_flight)
    assert sorted(machine.recorded) == list(range(shards))
    assert max(machine.most) <= in_flight
    assert told == sorted(told)
    assert told


def test_a_shard_that_hangs_holds_back_no_other() -> None:
    def delays() -> Iterator[int]:
        yield 10_000
        while True:
            yield 1

    machine = Machine(2, delays())
    leased(machine, 40, 2)
    assert machine.recorded[-1] == 0
    assert sorted(machine.recorded) == list(range(40))


def test_what_ends_while_the_recorder_is_busy_is_recorded_together() -> None:
    def delays() -> Iterator[int]:
        while True:
            yield 3

    machine = Machine(4, delays())
    leased(machine, 64, 4)
    assert 1 < machine.together <= leasing._RECORDED_TOGETHER
