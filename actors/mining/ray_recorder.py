"""The recorder as a Ray actor."""

from pathlib import Path

import ray

from outvoted.actors.mining.recorder import Recorder
from outvoted.actors.mining.shards import ShardResult
from outvoted.actors.networks.members import EpochRecord
from outvoted.actors.runs.progress import Progress
from outvoted.actors.runs.ray_shared import FOREVER


@ray.remote(**FOREVER)
class RecorderActor:
    """The recorder, on the machine where the run's folder is."""

    def __init__(self, path: Path) -> None:
        self._recorder = Recorder(path)

    def epoch(self, name: str, record: EpochRecord) -> None:
        """Show an epoch."""
        self._recorder.epoch(name, record)

    def record(self, result: ShardResult) -> Progress:
        """Write a shard."""
        return self._recorder.record(result)

    def progress(self) -> Progress:
        """Say how far the run is."""
        return self._recorder.progress()

    def close(self) -> None:
        """Flush."""
        self._recorder.close()
