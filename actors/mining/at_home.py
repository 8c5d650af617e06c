"""The run's folder as a cell sees it: where it does, the cell writes its shards there itself."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from outvoted.actors.mining.shards import Mined, ShardResult, Shards, StagedShard
from outvoted.actors.runs import fence
from outvoted.actors.runs.fence import Guard
from outvoted.search.errors import OutvotedError


@dataclass(frozen=True)
class Address:
    """Where a run's folder is, as its owner's machine calls it, and whose it is."""

    folder: Path
    guard: Guard

    @staticmethod
    def of(folder: Path) -> "Address | None":
        """Return that of a run that this process works on; None where nothing says whose it is."""
        guard = fence.guard_of(folder)
        return None if guard is None else Address(folder.resolve(), guard.resolved())

    def home(self) -> "Home | None":
        """Return the folder, if its owner's sign lies where this process sees it; None elsewhere."""
        try:
            self.guard.check()
        except OutvotedError:
            return None
        fence.guard(self.guard)
        return Home(self.folder)


class Home:
    """A run's folder in which this process writes what it mined, for the recorder to enter."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self._shards, self._mark = Shards(folder), secrets.token_hex(4)

    def kept(self, result: ShardResult) -> Mined:
        """Write a shard; return its rows themselves where that is refused, for the recorder to say why."""
        try:
            return StagedShard.written(result, self._shards, self._mark)
        except OutvotedError:
            return result
