"""`outvoted mine` in this process, hundreds of times: what runs have in common is kept for the next."""

from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.planning import MiningFigures, planned
from outvoted.actors.mining.shards import Shards, check_not_all, failures
from outvoted.actors.networks import members
from outvoted.actors.panel import checking, panel_settings
from outvoted.actors.panel.inside import PromptPanel
from outvoted.actors.panel.later import Retries
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.runs.run_folder import RunRecord, State
from outvoted.cluster.jobs.in_process.base import InProcess, Making, Milestone
from outvoted.cluster.jobs.in_process.peers import ReadyPanels, linked
from outvoted.cluster.jobs.in_process.recording import finished, placed, recording, tell
from outvoted.cluster.jobs.in_process.searching import RecordedSearches
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.networks import run_members
from outvoted.cluster.storage.urls import given_as
from outvoted.search.outcome import Outcome


class MiningInProcess(InProcess[MineConfig]):
    """Mines panels, one after another."""

    def __init__(self) -> None:
        self._panels = ReadyPanels()
        self._checked = set[tuple[str, bool]]()

    def make(self, run: Making[MineConfig]) -> bool:
        """Mine a panel. A run that is stopped at a milestone has recorded what comes before it, no more.

        Raises:
            OutvotedError: settings, images and networks don't go together; the panel disputes nearly all
                seeds; all searches of a target failed; or the disk refuses.
        """
        if finished(run) and not run.config.cluster.retry_failed:
            _check_failures(run, Shards(run.store.path).table("searches"))
            return True
        with placed(run), recording(run, "mine") as record:
            end = self._mine(run, record)
        if record.state != State.FINISHED:
            return False
        _check_failures(run, end.tables["searches"])
        tell(run, end)
        return True

    def _mine(self, run: Making[MineConfig], record: RunRecord) -> Milestone:
        search, names = run.config.search, run.config.panel.names
        search.check(run.data.shape, names)
        wanted = panel_settings.recipes(run.config.panel, run.config.referee)
        self._check(run, wanted)
        train = partial(run.shelf.trained, data=run.data)
        found = run_members(run.store, record, wanted, train, linked(run, wanted))
        ready = self._panels.of(found, run.data, run.config.panel.batch)
        before = MiningFigures.of(record)
        operations = before.operations or ready.operations
        rules = search.rules(len(names), operations)
        peers, judge = ready.moving(rules.transform)
        panel = PromptPanel(LocalPanel(peers), peers[0].renderer.seeds, Retries(run.config.cluster.retries))
        plans = planned(panel, search, run.data.train.labels, names)
        plans.standings.check()
        plans.figures(before, operations).put(record)
        run.store.write_record(record)
        return RecordedSearches(run, record, plans).search(
            Coordinator(rules, run.data.train, names, judge), panel
        )

    def _check(self, run: Making[MineConfig], wanted: tuple[Recipe, ...]) -> None:
        """Check networks of the user's own, of each panel once."""
        if (run.store.peers / members.TABLE).exists():
            return
        gradients = run.config.search.gradients
        key = panel_settings.key(wanted, run.data.fingerprint), gradients
        if key not in self._checked:
            checking.check(wanted, run.data.shape, run.data.classes, run.data.train, gradients)
            self._checked.add(key)


def _check_failures(run: Making[MineConfig], searches: pa.Table) -> None:
    if pc.any(pc.equal(searches["outcome"], Outcome.FAILED)).as_py():
        check_not_all(failures(searches.to_pandas()), f"all rows are kept in {given_as(run.store.path)}")
