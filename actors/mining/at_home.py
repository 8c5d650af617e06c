"""The run's folder as a cell sees it: where it does, the cell writes its shards there itself."""

import secrets

from outvoted.actors.mining.shards import Mined, ShardResult, Shards, StagedShard
from outvoted.actors.runs import fence
from outvoted.actors.runs.fence import Guard
from outvoted.search.errors import OutvotedError


class Home:
    """A run's folder in which this process writes what it mined, for the recorder to enter."""

    def __init__(self, guard: Guard) -> None:
        """Take the folder, and whose it is."""
        fence.guard(guard)
        self._shards, self._mark = Shards(guard.folder), secrets.token_hex(4)

    @staticmethod
    def found(guard: Guard) -> "Home | None":
        """Return the folder, if its owner's sign lies where this process sees it; None elsewhere."""
        try:
            guard.check()
        except OutvotedError:
            return None
        return Home(guard)

    def kept(self, result: ShardResult) -> Mined:
        """Write a shard; return its rows themselves where that is refused, for the recorder to say why."""
        try:
            return StagedShard.written(result, self._shards, self._mark)
        except OutvotedError:
            return result
