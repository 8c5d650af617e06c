"""The recorder: alone decides what is part of a run, and writes its TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ray

from outvoted.actors.mining.monitor import Monitor
from outvoted.actors.mining.shards import Mined, Progress, Shards
from outvoted.actors.runs import fence, same_place
from outvoted.actors.runs.compaction import Compactor
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.runs.fence import Guard
from outvoted.actors.runs.ray_actors import FOREVER
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.runs.watching import unwatched
from outvoted.search.id_ranges import IdRanges


class Recorder:
    """Records shards as they end, and joins their files now and then.

    Cells that see the run's folder have written their rows there, hidden, and it renames them; the rows of
    others it writes itself. It holds nothing that the folder doesn't: a restarted recorder goes on. Neither
    memory nor the time for a shard grows with the run.
    """

    def __init__(self, path: Path, guard: Guard | None = None) -> None:
        """Take the run's folder, and what is to be asked before anything is written there."""
        fence.guard(guard)
        self._path, self._shards = path, Shards(path)
        self._compactor = Compactor(self._shards.units)
        self._monitor = Monitor(RunFolder(path).tensorboard)
        self._done, self._progress = self._shards.done(), self._shards.progress()

    def answer(self) -> str | None:
        """Answer what was asked in the run's folder, to show that it is the same folder here."""
        return same_place.answer(self._path)

    def epoch(self, name: str, record: EpochRecord) -> None:
        """Show an epoch of a network's training."""
        self._monitor.epoch(name, record)

    def health(self, values: Mapping[str, float]) -> None:
        """Show how leases and cells fare."""
        self._monitor.health(values, self._progress.searches)

    def record(self, *mined: Mined) -> Progress:
        """Record what is new in shards and say how far the run is; recording again changes nothing."""
        fresh = [found for shard in mined if (found := self._record(shard)) is not None]
        if fresh:
            self._monitor.shard(self._progress, lambda: fresh[-1].rows(self._shards).mistakes)
        return self._progress

    def _record(self, shard: Mined) -> Mined | None:
        """Record what is new in a shard, and return it."""
        ids, before = shard.ids(), len(self._done)
        done = self._done.union(ids)
        if len(done) == before + len(ids):
            shard.record(self._shards)
            self._took(shard.counted(), done)
            return shard
        fresh = None
        if len(done) > before:  # some of its searches are recorded, in shards that were cut otherwise
            fresh = shard.rows(self._shards).without(self._done)
            fresh.record(self._shards)
            self._took(fresh.counted(), done)
        shard.discard(self._shards)
        return fresh

    def _took(self, more: Progress, done: IdRanges) -> None:
        self._done, self._progress = done, self._progress + more
        self._compactor.wrote()

    def progress(self) -> Progress:
        """Say how far the run is."""
        return self._progress

    def close(self) -> str | None:
        """Write what is not yet on disk; say, in a sentence, if TensorBoard does not show everything."""
        self._compactor.finish()
        self._shards.staging.clear()
        self._monitor.close()
        return unwatched(self._monitor)


RecorderActor: Any = ray.remote(**FOREVER)(Recorder)
"""The recorder as a Ray actor, on the machine where the run's folder is."""
