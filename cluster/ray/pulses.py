"""What cells say of how they are: whom to ask, what has changed since, how far shards under way are."""

from collections.abc import Callable, Iterator

from outvoted.actors.mining.ray_mining import Vitals
from outvoted.actors.mining.shards import Live
from outvoted.cluster.ray.events import CellPulsed
from outvoted.cluster.ray.pace import COMPUTING

_PULSE_SECONDS = 2.0


class Pulses:
    """Remembers what each cell said last; one that has not answered is not asked again."""

    def __init__(self) -> None:
        self._said: dict[int, tuple[float, Vitals]] = {}
        self._heard: dict[int, float] = {}  # when, of those that are not being asked
        self._under_way: dict[str, Live] = {}

    def begin(self, cell: int) -> None:
        """Have a cell asked from now on."""
        self._heard[cell] = 0.0

    def forget(self, cell: int) -> None:
        """Have it asked no more."""
        self._said.pop(cell, None)
        self._heard.pop(cell, None)

    def due(self, now: float) -> Iterator[int]:
        """Yield the cells that are to be asked now."""
        for cell, heard in list(self._heard.items()):
            if now - heard >= _PULSE_SECONDS:
                del self._heard[cell]
                yield cell

    def hear(self, cell: int, said: Vitals, now: float) -> CellPulsed:
        """Take what a cell says."""
        before = self._said.get(cell)
        self._heard[cell], self._said[cell] = now, (now, said)
        self._under_way |= said.live
        return CellPulsed(cell, said.beats, computing(before, now, said))

    def live(self, is_out: Callable[[str], bool]) -> Live:
        """Add up what was last said of each shard that is not recorded yet, whichever cells have it."""
        out = {shard: live for shard, live in self._under_way.items() if is_out(shard)}
        self._under_way, every = out, out.values()
        return Live(sum(live.ended for live in every), sum(live.mistakes for live in every))


def computing(before: tuple[float, Vitals] | None, now: float, said: Vitals) -> bool:
    """Return whether one of a cell's processes has computed since it was asked before."""
    if before is None:
        return False
    then, earlier = before
    each = zip(earlier.cpu_seconds, said.cpu_seconds, strict=False)  # none before there is a panel
    return any(after - first > COMPUTING * (now - then) for first, after in each)
