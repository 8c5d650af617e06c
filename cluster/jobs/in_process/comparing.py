"""`outvoted compare` in this process: its strategies in turn, each a run of mining within the run."""

from collections.abc import Collection
from itertools import islice

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs import schema
from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.in_process.base import InProcess, Making, Milestone
from outvoted.cluster.jobs.in_process.recording import finished, recording, tell
from outvoted.cluster.jobs.mine import MineConfig

_FORMS = schema.SEARCHES, schema.MISTAKES


class ComparingInProcess(InProcess[CompareConfig]):
    """Mines panels with several strategies, one after another; a milestone comes after each."""

    def __init__(self, mining: InProcess[MineConfig]) -> None:
        """Take what mines with one."""
        self._mining = mining

    def make(self, run: Making[CompareConfig]) -> bool:
        """Mine with each strategy that has not been mined with yet.

        Raises:
            OutvotedError: as mining raises it; or the map's descriptors are none of the transform's measures.
        """
        parts = dict(run.config.parts())
        if finished(run):
            tell(run, _milestone(run, parts, len(parts)))
            return True
        with recording(run, "compare") as record:
            run.config.map.names(run.config.search.transform)
            for number, (name, config) in enumerate(parts.items(), 1):
                self._mining.make(Making(config, _folder(run, name), run.data, run.shelf))
                tell(run, _milestone(run, parts, number))
        return record.state == State.FINISHED


def _folder(run: Making[CompareConfig], name: str) -> RunFolder:
    return RunFolder(run.store.path / name, run.store.panels.parent)


def _milestone(run: Making[CompareConfig], parts: Collection[str], number: int) -> Milestone:
    """Return what has come of the first strategies; of the others nothing, whatever their folders hold."""
    tables = {f"{name}/{form.name}": form.arrow.empty_table() for name in parts for form in _FORMS}
    for name in islice(parts, number if run.heard else 0):
        units = Shards(_folder(run, name).path).units
        tables |= {f"{name}/{form.name}": units.read_all(form.name) for form in _FORMS}
    return Milestone(number, len(parts), tables)
