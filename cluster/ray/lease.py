"""Leasing shards to cells until every search of a run is recorded."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from outvoted.actors.runs.progress import Progress
from outvoted.cluster.ray.cells import Cell
from outvoted.search.errors import OutvotedError
from outvoted.search.plan import Shard

_GLANCE_SECONDS = 0.5


@dataclass(frozen=True)
class Live:
    """Searches that have ended in shards under way, and the mistakes among them, not yet verified."""

    searches: int
    mistakes: int


def lease(
    cells: Sequence[Cell],
    recorder: Any,
    shards: Iterator[Shard],
    in_flight: int,
    report: Callable[[Progress, Live], object],
) -> None:
    """Keep every cell at ``in_flight`` shards. Rows go from coordinator to recorder, not by way of here.

    ``report`` hears now and then how much is recorded, and what is found in shards under way.

    Raises:
        OutvotedError: the recorder cannot write.
    """
    running: dict[Any, Cell] = {}

    def start(cell: Cell) -> None:
        shard = next(shards, None)
        if shard is not None:
            running[recorder.record.remote(cell.coordinator.mine.remote(shard))] = cell

    for _ in range(in_flight):
        for cell in cells:
            start(cell)
    recorded: Progress = result(recorder.progress.remote())
    report(recorded, Live(0, 0))
    while running:
        ended, _ = ray.wait(list(running), num_returns=1, timeout=_GLANCE_SECONDS)
        for call in ended:
            cell = running.pop(call)
            recorded = max(recorded, result(call), key=lambda progress: progress.searches)  # in any order
            start(cell)
        report(recorded, _live(cells))


def _live(cells: Sequence[Cell]) -> Live:
    """Ask the coordinators what is under way; one that is busy or restarting counts for nothing."""
    calls = [cell.coordinator.live.remote() for cell in cells]
    answered, _ = ray.wait(calls, num_returns=len(calls), timeout=_GLANCE_SECONDS)
    ended = found = 0
    for call in answered:
        try:
            more, fresh = ray.get(call)
        except RayError:
            continue
        ended, found = ended + more, found + fresh
    return Live(ended, found)


def result(call: Any) -> Any:
    """Wait for a call; an error that its user can mend arrives as itself."""
    try:
        return ray.get(call)
    except RayTaskError as error:
        if isinstance(error.cause, OutvotedError):
            raise error.cause from None
        raise
