"""`outvoted mine` in this process, hundreds of times: what runs have in common is kept for the next."""

from functools import partial

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
from outvoted.cluster.jobs.in_process.peers import ReadyPanels, linked, shelf_key
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
        self._checked = set[tuple[str | None, bool]]()

    def make(self, run: Making[MineConfig]) -> bool:
        """Mine a panel. A run that is stopped at a milestone has recorded what comes before it, no more.

        Raises:
            OutvotedError: settings, images and networks don't go together; the panel disputes nearly all
                seeds; all searches of a target failed; or the disk refuses.
        """
        if finished(run) and not run.config.cluster.retry_failed:
            _end(run, _made(run))
            return True
        with placed(run), recording(run, "mine") as record:
            end = self._mine(run, record)
        if record.state != State.FINISHED:
            return False
        _end(run, end)
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
        """Check networks of the user's own, of each panel once, where this machine has their files."""
        key, gradients = shelf_key(run, wanted), run.config.search.gradients
        known = key is None or (key, gradients) in self._checked
        if known or (run.store.peers / members.TABLE).exists():
            return
        checking.check(wanted, run.data.shape, run.data.classes, run.data.train, gradients)
        self._checked.add((key, gradients))


def _made(run: Making[MineConfig]) -> Milestone:
    """Return the last milestone of a run that was made already."""
    replicas = MiningFigures.of(run.store.glance()).replicas or 1
    number, units = min(run.milestones, replicas), Shards(run.store.path).units
    wanted = ("searches",) if run.heard is None else ("searches", "mistakes")
    return Milestone(number, number, {name: units.read_all(name) for name in wanted})


def _end(run: Making[MineConfig], last: Milestone) -> None:
    """Tell of a run that is made, unless it came to nothing.

    Raises:
        OutvotedError: all searches of a target failed.
    """
    searches = last.tables["searches"]
    if pc.any(pc.equal(searches["outcome"], Outcome.FAILED)).as_py():
        check_not_all(failures(searches.to_pandas()), f"all rows are kept in {given_as(run.store.path)}")
    tell(run, last)
