"""Mining what a sweep has trained: the networks of every setting, each against the others."""

from functools import partial
from typing import Any

import ray
from ray.exceptions import RayError
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset, Images
from outvoted.actors.mining.local_mining import MiningResult
from outvoted.actors.mining.ray_mining import mine_panel_remotely
from outvoted.actors.networks.members import Member
from outvoted.actors.panel import checking, panel_settings
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.sweeps.mined_settings import MinedSettings, Origin
from outvoted.actors.sweeps.sweep_store import SweepStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.sweeps.base import Setting
from outvoted.analysis.sweeps.kinds import open_sweep
from outvoted.cluster.console.terminal import warn
from outvoted.cluster.jobs.networks import run_referee, shelved
from outvoted.cluster.jobs.sweep import SweepConfig
from outvoted.cluster.ray.calls import completed, result
from outvoted.cluster.ray.placement import Share
from outvoted.search.errors import OutvotedError
from outvoted.search.outcome import Outcome
from outvoted.search.trust import named_by

_MINE: Any = mine_panel_remotely

Panels = dict[Setting, tuple[Member, ...]]


def check_mining(config: SweepConfig, data: Dataset) -> tuple[str, ...]:
    """Make sure that what will be trained can be mined, and return what a user should know of the referee.

    Raises:
        OutvotedError: the searches don't go with the images or the seeds, or the referee cannot be had.
    """
    if config.mining is None:
        return ()
    config.mining.search.check(data.shape, config.peers)
    if config.mining.referee is None:
        return ()
    wanted = panel_settings.referee_recipe(config.mining.referee)
    return checking.check((wanted,), data.shape, data.classes, data.train)


def mine_settings(config: SweepConfig, store: SweepStore, data: Dataset, progress: Bars) -> None:
    """Mine every setting whose networks are all trained, and which is not mined like this yet.

    One that cannot be mined is noted with the reason, and tried again when the sweep is resumed.
    """
    if config.mining is not None:
        _Mining(config, store, data, progress).run()


class _Mining:
    """A task for each setting; results are written as they come."""

    def __init__(self, config: SweepConfig, store: SweepStore, data: Dataset, progress: Bars) -> None:
        assert config.mining is not None
        self._config, self._mining, self._store, self._data = config, config.mining, store, data
        self._mined, self._progress = MinedSettings(store.path), progress
        self._fingerprint = data.fingerprint

    def run(self) -> None:
        sweep = open_sweep(OpenedRun(RunFolder(self._store.path), named_by(self._config)))
        panels = {setting: panel for setting in sweep.settings if (panel := sweep.panel(setting))}
        origins = {
            setting: self._mining.origin(panel, self._fingerprint) for setting, panel in panels.items()
        }
        waiting = {
            setting: panel
            for setting, panel in panels.items()
            if self._mined.origin(setting.label) != origins[setting]
        }
        running = self._begun(waiting)
        done = len(panels) - len(waiting)
        bar = self._progress.add_task("mining", total=len(panels), completed=done, details="")
        for setting, call in completed(running, partial(warn, self._progress.console)):
            details = self._end(setting.label, call, origins[setting])
            self._progress.update(bar, advance=1, details=f"{setting.label}: {details}")

    def _begun(self, panels: Panels) -> dict[Any, Setting]:
        if not panels:
            return {}
        data, trial = self._data, self._config.trial
        referee = self._referee()
        images = ray.put(Images(data.train, data.shape, data.classes))
        judge = None if referee is None else ray.put(referee)
        task = _MINE.options(num_cpus=trial.num_cpus, num_gpus=trial.num_gpus)
        return {
            task.remote(
                self._mining.search, panel, images, data.classes + setting.more_classes, judge
            ): setting
            for setting, panel in panels.items()
        }

    def _end(self, setting: str, call: Any, origin: Origin) -> str:
        """Write what came of a setting, and say it in a few words."""
        try:
            mined: MiningResult = result(call)
        except (OutvotedError, RayError) as error:
            self._mined.fail(setting, str(error))
            return "could not be mined"
        self._mined.write(setting, mined, origin)
        outcomes = mined.searches["outcome"].to_pylist()
        won = outcomes.count(str(Outcome.MISTAKE))
        begun = won + outcomes.count(str(Outcome.EXHAUSTED))
        return f"{won / max(begun, 1):.0%} of searches successful"

    def _referee(self) -> Member | None:
        if self._mining.referee is None:
            return None
        wanted, trial, store = (
            panel_settings.referee_recipe(self._mining.referee),
            self._config.trial,
            self._store,
        )
        folder = store.folder.referee / panel_settings.key((wanted,), self._fingerprint)
        share = Share(trial.num_cpus, trial.num_gpus)
        train = shelved(store.folder.panels, self._data, share, self._progress)
        return run_referee(folder, wanted, train)
