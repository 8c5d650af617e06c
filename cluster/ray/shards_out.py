"""Shards on their way: leased, mined, recorded; lost ones are leased again, each is recorded once."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from outvoted.cluster.ray.pace import Pace
from outvoted.search.plan import Lease

RECORDED_TOGETHER = 8
"""Shards, which the recorder holds in memory at a time."""
_LATE_SECONDS = 60.0
_RAISED_PAUSE = 2.0


@dataclass
class _Out:
    """A shard that is not recorded yet.

    Attributes:
        holders: since when which cells have had it.
        lost: how often a cell was lost that had it.
        raised: how often a cell raised an error instead of mining it.
        due: when it may be leased again.
    """

    lease: Lease
    holders: dict[int, float] = field(default_factory=dict)
    lost: int = 0
    raised: int = 0
    due: float = 0.0
    mined: bool = False


class ShardsOut:
    """Every shard from its first lease until it is recorded."""

    def __init__(self) -> None:
        self._work: Iterator[Lease] = iter(())
        self._out: OrderedDict[str, _Out] = OrderedDict()
        self._again: deque[str] = deque()
        self._mined: deque[str] = deque()
        self._held: dict[int, set[str]] = {}
        self._exhausted = True
        self._pace = Pace(_LATE_SECONDS, 10 * _LATE_SECONDS)
        self.recording: tuple[str, ...] = ()
        self.leased_again = 0

    def take(self, work: Iterator[Lease]) -> None:
        """Take what is to be mined, in the order in which it is leased."""
        self._work, self._exhausted = work, False

    @property
    def finished(self) -> bool:
        """Whether every shard is recorded."""
        return self._exhausted and not self._out

    def __len__(self) -> int:
        return len(self._out)

    def is_out(self, shard: str) -> bool:
        """Whether a shard is leased and not recorded yet."""
        return shard in self._out

    def wants(self, shard: str) -> bool:
        """Whether a shard is out that no cell has mined yet."""
        return shard in self._out and not self._out[shard].mined

    def oldest(self, now: float) -> float:
        """Return the age of the oldest lease that is still being mined, in seconds; 0 if there is none."""
        since = [min(out.holders.values()) for out in self._out.values() if out.holders and not out.mined]
        return now - min(since, default=now)

    def next_for(self, cell: int, now: float) -> Lease | None:
        """Lease a cell a shard: one that was lost, else a new one, else one that is late elsewhere."""
        name = self._lost_one(now)
        if name is None:
            lease = None if self._exhausted else next(self._work, None)
            if lease is not None:
                name = lease.shard.name
                self._out[name] = _Out(lease)
            else:
                self._exhausted = True
                name = self._late_one(cell, now)
        if name is None:
            return None
        self._out[name].holders[cell] = now
        self._held.setdefault(cell, set()).add(name)
        return self._out[name].lease

    def _lost_one(self, now: float) -> str | None:
        for _ in range(len(self._again)):
            name = self._again.popleft()
            if self._out[name].due <= now:
                self.leased_again += 1
                return name
            self._again.append(name)
        return None

    def _late_one(self, cell: int, now: float) -> str | None:
        for name, out in self._out.items():
            if out.mined or len(out.holders) != 1 or cell in out.holders:
                continue
            if now - next(iter(out.holders.values())) > self._pace.limit():
                self.leased_again += 1
                return name
        return None

    def mined(self, cell: int, shard: str, now: float) -> bool:
        """Hear that a cell has mined a shard; return whether it is the first, and still has it."""
        out = self._out.get(shard)
        if out is None or out.mined or cell not in out.holders:
            return False
        self._pace.took(now - out.holders[cell])
        out.mined, out.raised = True, 0
        self._mined.append(shard)
        return True

    def raised(self, cell: int, shard: str, now: float) -> int:
        """Hear that a cell raised an error over a shard, which is leased again; return how often that was."""
        out = self._out.get(shard)
        if out is None or out.mined or cell not in out.holders:
            return 0
        out.raised += 1
        self._drop(shard, out, cell, now + _RAISED_PAUSE * out.raised)
        return out.raised

    def lost(self, cell: int, now: float) -> int:
        """Lease again what a cell had that is lost; return how often the unluckiest of it was lost so far."""
        most = 0
        for name in sorted(self._held.pop(cell, ())):
            out = self._out[name]
            if not out.mined:
                out.lost += 1
                most = max(most, out.lost)
                self._drop(name, out, cell, now)
        return most

    def _drop(self, name: str, out: _Out, cell: int, due: float) -> None:
        out.holders.pop(cell)
        self._held.get(cell, set()).discard(name)
        if not out.holders:
            out.due = due
            self._again.append(name)

    def held(self, cell: int) -> int:
        """Count the shards of a cell that are not recorded."""
        return len(self._held.get(cell, ()))

    def mining(self, cell: int) -> bool:
        """Whether a cell has a shard that is still being mined."""
        return any(not self._out[name].mined for name in self._held.get(cell, ()))

    def to_record(self) -> tuple[str, ...]:
        """Return shards that are to be recorded now: none while others are, and only so many together."""
        if self.recording or not self._mined:
            return ()
        count = min(len(self._mined), RECORDED_TOGETHER)
        self.recording = tuple(self._mined.popleft() for _ in range(count))
        return self.recording

    def recorded(self, shards: tuple[str, ...]) -> None:
        """Hear that shards are recorded."""
        self.recording = ()
        for shard in shards:
            self._let_go(shard, self._out.pop(shard))

    def gone(self, shards: tuple[str, ...], now: float) -> None:
        """Lease again shards whose rows were lost before they were recorded."""
        self.recording = ()
        for shard in shards:
            out = self._out[shard]
            self._let_go(shard, out)
            out.mined, out.due, out.lost = False, now, out.lost + 1
            self._again.append(shard)

    def _let_go(self, shard: str, out: _Out) -> None:
        for cell in out.holders:
            self._held.get(cell, set()).discard(shard)
        out.holders.clear()
