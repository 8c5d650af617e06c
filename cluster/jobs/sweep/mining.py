"""Mining what a sweep has trained: the networks of every setting, each against the others."""

from collections.abc import Callable
from functools import partial

import ray
from ray.exceptions import RayError
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset, Images
from outvoted.actors.mining.local_mining import MiningResult, mine_panel
from outvoted.actors.mining.shards import Progress
from outvoted.actors.networks.members import Member
from outvoted.actors.panel import checking, panel_settings
from outvoted.actors.runs.ray_metrics import run_meter
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.sweeps.mined_settings import MinedSettings, Origin
from outvoted.actors.sweeps.sweep_store import SweepStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.sweeps.base import Setting
from outvoted.analysis.sweeps.kinds import open_sweep
from outvoted.cluster.jobs.mine.counting import count_mined
from outvoted.cluster.jobs.networks import run_referee, shelved
from outvoted.cluster.jobs.pulse import telling
from outvoted.cluster.jobs.sweep import SweepConfig
from outvoted.cluster.ray.placement import Share
from outvoted.cluster.ray.work import Errand, FailedWork, carried_out
from outvoted.search.errors import OutvotedError
from outvoted.search.outcome import Outcome
from outvoted.search.trust import named_by

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
        done = len(panels) - len(waiting)
        bar = self._progress.add_task("mining", total=len(panels), completed=done, details="")
        trial = self._config.trial
        share = Share(trial.num_cpus, trial.num_gpus)
        for setting, mined in carried_out(self._errands(waiting), share, telling(self._progress.console)):
            details = self._end(setting.label, mined, origins[setting])
            self._progress.update(bar, advance=1, details=f"{setting.label}: {details}")

    def _errands(self, panels: Panels) -> dict[Setting, Callable[[], Errand]]:
        if not panels:
            return {}
        data, referee = self._data, self._referee()
        images = ray.put(Images(data.train, data.shape, data.classes))
        judge = None if referee is None else ray.put(referee)

        def errand(setting: Setting, panel: tuple[Member, ...]) -> Errand:
            classes = data.classes + setting.more_classes
            return Errand(
                f"mining {setting.label}", mine_panel, (self._mining.search, panel, images, classes, judge)
            )

        return {setting: partial(errand, setting, panel) for setting, panel in panels.items()}

    def _end(self, setting: str, mined: MiningResult | FailedWork, origin: Origin) -> str:
        """Write what came of a setting, and say it in a few words."""
        if isinstance(mined, FailedWork):
            if not isinstance(mined.error, OutvotedError | RayError):
                raise mined.error
            self._mined.fail(setting, str(mined.error))
            return "could not be mined"
        self._mined.write(setting, mined, origin)
        count_mined(run_meter(), Progress().plus(mined.searches))
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
