"""The stages of a study, wherever its work is done; what is recorded already is read."""

from collections.abc import Sequence
from functools import partial

from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.monitor import Monitor
from outvoted.actors.networks.members import Member
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.peer import voter
from outvoted.actors.runs.ray_metrics import run_meter
from outvoted.actors.runs.run_folder import RunRecord
from outvoted.actors.runs.watching import unwatched
from outvoted.actors.studies.study_store import PANEL, REFEREE, StudyStore, vote_rows
from outvoted.analysis.studies.base import Ingredients
from outvoted.cluster.console.terminal import warn_if
from outvoted.cluster.jobs.networks import run_members, run_referee
from outvoted.cluster.jobs.study import StudyConfig
from outvoted.cluster.jobs.study.runner import StudyRunner
from outvoted.cluster.jobs.study.training import run_generator, train_families


class StudyStages:
    """Runs the stages in turn; what is recorded already is read."""

    def __init__(
        self,
        config: StudyConfig,
        store: StudyStore,
        record: RunRecord,
        data: Dataset,
        runner: StudyRunner,
        progress: Bars,
    ) -> None:
        self._config, self._store, self._record = config, store, record
        self._data, self._runner, self._progress = data, runner, progress
        self._monitor = Monitor(store.folder.tensorboard)

    def run(self) -> None:
        """Run what is not recorded yet."""
        try:
            self.make_images()
            self.ask_referee()
            self.ask_panel()
            self.ask_families()
        finally:
            self._monitor.close()
        warn_if(self._progress.console, unwatched(self._monitor))

    def make_images(self) -> None:
        """Make the study's images."""
        if not self._store.has_images:
            made_from = self._ingredients()
            bar = self._progress.add_task("images", total=1, details="")
            study = self._config.study
            for name, rows in study.extras(made_from).items():
                self._store.folder.write_extra(name, rows)
            self._store.write_images(study.images(made_from))
            self._progress.update(bar, advance=1)

    def ask_referee(self) -> None:
        """Have the referee vote, in studies that want one."""
        if self._config.asked_referee is not None and not self._store.has_votes(REFEREE):
            self._vote(REFEREE, [self._referee()])

    def ask_panel(self) -> None:
        """Train the panel and have it vote."""
        wanted = panel_settings.recipes(self._config.panel, None)
        store, record = self._store, self._record
        train = partial(self._runner.trained, on_epoch=self._monitor.epoch)
        found = run_members(store.folder, record, wanted, train)
        store.folder.write_record(record)
        if not store.has_votes(PANEL):
            self._vote(PANEL, found)

    def ask_families(self) -> None:
        """Train the study's families to their accuracies; each network votes."""
        families = self._config.study.needs.families
        if families:
            images = self._store.pixels()
            train_families(self._store, families, images, self._runner, self._progress, self._monitor)

    def _ingredients(self) -> Ingredients:
        needs, store, data = self._config.study.needs, self._store, self._data
        if needs.generator is None:
            return Ingredients(data)
        generator = run_generator(store, needs.generator, data, self._runner, self._progress, self._monitor)
        referee = self._referee()
        return Ingredients(data, generator, voter(referee, data.shape, data.classes).vote)

    def _referee(self) -> Member:
        assert self._config.referee is not None  # the configuration was checked
        wanted = panel_settings.referee_recipe(self._config.referee)
        train = partial(self._runner.trained, on_epoch=lambda name, epoch: None)
        return run_referee(self._store.folder.referee, wanted, train)

    def _vote(self, whose: str, networks: Sequence[Member]) -> None:
        """Put all images to networks, and record the votes."""
        bar = self._progress.add_task("votes", total=len(networks), details=f"of the {whose}")
        votes = {}
        for name, found in self._runner.votes(networks, self._store.pixels()):
            votes[name] = vote_rows(name, found)
            run_meter().add("inferences", len(found))
            self._progress.update(bar, advance=1)
        self._store.write_votes([votes[one.name] for one in networks], whose)
