"""Several runs on one cluster: how many cells one gives back to those of higher priority that wait."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PATIENCE_SECONDS = 30.0
_FINEST = 1e-6


@dataclass(frozen=True)
class RoomClaim:
    """What a run has of a cluster, and what it waits for.

    Attributes:
        priority: that of its configuration; more comes first.
        cell: what a cell takes of each resource.
        held: cells that have room.
        waiting: cells that wait for room; ``waited`` is for how many seconds there have been any.
        name: of the run.
    """

    priority: int
    cell: Mapping[str, float]
    held: int
    waiting: int
    waited: float = 0.0
    name: str = ""

    def holds(self, resource: str) -> float:
        """Return what its cells take."""
        return self.held * self.cell.get(resource, 0.0)


def holding(own: RoomClaim, others: Sequence[RoomClaim]) -> tuple[str, ...]:
    """Say which other runs have what a cell of this one takes, and how much, those first that have most."""
    found = []
    for one in others:
        held = {unit: one.holds(unit) for unit, each in own.cell.items() if each and one.holds(unit)}
        if held:
            above = ", of higher priority," if one.priority > own.priority else ""
            words = " and ".join(f"{amount:g} {unit}{'s' * (amount != 1)}" for unit, amount in held.items())
            found.append((-one.held, f"run {one.name}{above} has {words}"))
    return tuple(words for _, words in sorted(found))


def most_cells(own: RoomClaim, others: Sequence[RoomClaim], free: Mapping[str, float]) -> int | None:
    """Return how many cells a run may keep, and start; None where nobody of higher priority waits.

    What lacks is taken from the lowest priority first, and evenly from runs of the same. Where there seems to
    be room and they wait nevertheless, since it lies in pieces on several machines, one more goes every 30 s.

    Args:
        free: of each resource, what nobody has.
    """
    above = [one for one in others if one.priority > own.priority and one.waiting]
    if not above:
        return None
    give = 0
    for resource, each in own.cell.items():
        wanted = sum(one.waiting * one.cell.get(resource, 0.0) for one in above)
        below = sum(one.holds(resource) for one in others if one.priority < own.priority)
        lacking = wanted - free.get(resource, 0.0) - below
        beside = sum(one.holds(resource) for one in others if one.priority == own.priority)
        if lacking > _FINEST and each and own.held:
            part = lacking * own.holds(resource) / (own.holds(resource) + beside)
            give = max(give, math.ceil(part / each - _FINEST))
    give = give or int(max(one.waited for one in above) // _PATIENCE_SECONDS)
    return max(0, own.held - give)
