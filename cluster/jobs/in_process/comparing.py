"""`outvoted compare` in this process: its strategies in turn, each a run of mining within the run."""

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
        if finished(run):
            return True
        with recording(run, "compare") as record:
            run.config.map.names(run.config.search.transform)
            parts = dict(run.config.parts())
            tables = {f"{name}/{form.name}": form.arrow.empty_table() for name in parts for form in _FORMS}
            for number, (name, config) in enumerate(parts.items(), 1):
                store = RunFolder(run.store.path / name, run.store.panels.parent)
                self._mining.make(Making(config, store, run.data, run.shelf))
                if run.heard is not None:
                    found = Shards(store.path).units
                    tables |= {f"{name}/{form.name}": found.read_all(form.name) for form in _FORMS}
                tell(run, Milestone(number, len(parts), tables))
        return record.state == State.FINISHED
