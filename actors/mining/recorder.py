"""The recorder: the one writer of a run's shards and of its TensorBoard."""

from pathlib import Path
from typing import Any

import ray

from outvoted.actors.mining.monitor import Monitor
from outvoted.actors.mining.shards import Progress, ShardResult, Shards
from outvoted.actors.networks.members import EpochRecord
from outvoted.actors.panel.ray_panel import FOREVER
from outvoted.actors.runs.run_folder import RunFolder


class Recorder:
    """Writes shards as they end. Holds nothing that the folder doesn't: a restarted recorder goes on."""

    def __init__(self, path: Path) -> None:
        self._shards = Shards(path)
        self._monitor = Monitor(RunFolder(path).tensorboard)
        recorded = self._shards.table("searches")
        self._done = set(recorded.column("search_id").to_pylist())
        self._progress = Progress().plus(recorded)

    def epoch(self, name: str, record: EpochRecord) -> None:
        """Show an epoch of a network's training."""
        self._monitor.epoch(name, record)

    def record(self, result: ShardResult) -> Progress:
        """Write a shard and say how far the run is; recording a shard again changes nothing."""
        ids = result.searches.column("search_id").to_pylist()
        fresh = [row for row, search_id in enumerate(ids) if search_id not in self._done]
        self._shards.write(result)
        if fresh:
            self._done.update(ids)
            self._progress = self._progress.plus(result.searches.take(fresh))
            self._monitor.shard(self._progress, result)
        return self._progress

    def progress(self) -> Progress:
        """Say how far the run is."""
        return self._progress

    def close(self) -> None:
        """Write what is not yet on disk."""
        self._monitor.close()


RecorderActor: Any = ray.remote(**FOREVER)(Recorder)
"""The recorder as a Ray actor, on the machine where the run's folder is."""
