"""`outvoted study`: images put to a panel, whose votes are recorded."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import ray
from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.monitor import Monitor
from outvoted.actors.networks.members import Member
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.peer import voter
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.actors.runs.watching import unwatched
from outvoted.actors.studies.ray_tasks import vote_remotely
from outvoted.actors.studies.study_store import PANEL, REFEREE, StudyStore, vote_rows
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.studies.base import Ingredients
from outvoted.analysis.studies.kinds import study_report
from outvoted.cluster.console.terminal import command, warn, warn_if
from outvoted.cluster.jobs.job import Job, Kind, Place, Work
from outvoted.cluster.jobs.networks import check_user_networks, run_members, run_referee
from outvoted.cluster.jobs.study import StudyConfig
from outvoted.cluster.jobs.study.training import run_generator, train_families
from outvoted.cluster.jobs.workload import Workload
from outvoted.cluster.ray.calls import completed, result
from outvoted.cluster.ray.placement import Share, share_of_task
from outvoted.search.errors import OutvotedError
from outvoted.search.explaining import differences

if TYPE_CHECKING:
    from outvoted.analysis.report.report import Report

_MORE = ("repeats",)
_VOTE: Any = vote_remotely


class StudyKind(Kind[StudyConfig]):
    """Makes a study's images and records how networks vote on them."""

    name, form = "study", StudyConfig
    written = "images/, votes/, figures/*.png, summary.json"
    offers = frozenset({"label"})

    def prepare(self, job: Job[StudyConfig], record: RunRecord, data: Dataset, console: Console) -> Place:
        """Check that images can be made from the data, and that families are those a resumed study had."""
        config = job.config
        config.study.check(data)
        check_user_networks(job.store, config.panel, config.asked_referee, data, console)
        if job.resume:
            _check_families(job.store, config)
        store = StudyStore(job.store.path, config.study.fields())

        def place(there: Mapping[str, float]) -> Work:
            each = share_of_task(config.cluster, there)
            return lambda progress: _StudyStages(config, store, record, data, each, progress).run()

        return place

    def workload(self, config: StudyConfig) -> Workload:
        """Count the panel; a family's networks end when they reach their accuracies."""
        networks = panel_settings.recipes(config.panel, config.asked_referee)
        families = config.study.needs.families
        besides = [f"networks of {len(families)} families, until they reach their accuracies"] * bool(
            families
        )
        return Workload(networks, besides=" and ".join([*besides, "the study's images and votes"]))

    def report(self, run: OpenedRun) -> "Report":
        """Report what the votes show."""
        return study_report(run)

    def next(self, job: Job[StudyConfig], again: str) -> Sequence[str]:
        """Return a command that shows the trainings."""
        return (command("tensorboard", "--logdir", job.store.path / "tb"),)


STUDY = StudyKind()


def _check_families(store: RunFolder, config: StudyConfig) -> None:
    """Families may be added and get more seeds; otherwise networks would differ under one name."""
    before = store.read_record().config.get("study", {}).get("families", [])
    named = {family.get("name"): family for family in before}
    for family in config.study.needs.families:
        old, new = named.get(family.name), family.model_dump(mode="json")
        changed = [] if old is None else [key for key in differences(old, new) if key not in _MORE]
        if changed:
            raise OutvotedError(
                expected=f"the family {family.name} that {store.path} was started with, or more repeats",
                found=f"another value of {', '.join(changed)}",
                remedy="set it back, rename the family, or start a new study under another --name",
            )


class _StudyStages:
    """Runs the stages in turn; what is recorded already is read."""

    def __init__(
        self,
        config: StudyConfig,
        store: StudyStore,
        record: RunRecord,
        data: Dataset,
        share: Share,
        progress: Bars,
    ) -> None:
        self._config, self._store, self._record = config, store, record
        self._data, self._share, self._progress = data, share, progress
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
        store, record, epoch = self._store, self._record, self._monitor.epoch
        found = run_members(store.folder, record, wanted, self._data, self._share, self._progress, epoch)
        store.folder.write_record(record)
        if not store.has_votes(PANEL):
            self._vote(PANEL, found)

    def ask_families(self) -> None:
        """Train the study's families to their accuracies; each network votes."""
        families = self._config.study.needs.families
        if families:
            images = self._store.pixels()
            train_families(
                self._store, families, self._data, images, self._share, self._progress, self._monitor
            )

    def _ingredients(self) -> Ingredients:
        needs, store, data = self._config.study.needs, self._store, self._data
        if needs.generator is None:
            return Ingredients(data)
        generator = run_generator(store, needs.generator, data, self._share, self._progress, self._monitor)
        referee = self._referee()
        return Ingredients(data, generator, voter(referee, data.shape, data.classes).vote)

    def _referee(self) -> Member:
        assert self._config.referee is not None  # the configuration was checked
        wanted = panel_settings.referee_recipe(self._config.referee)
        folder, data = self._store.folder, self._data
        return run_referee(folder.referee, folder.panels, wanted, data, self._share, self._progress)

    def _vote(self, whose: str, networks: Sequence[Member]) -> None:
        """Put all images to networks, a task for each, and record the votes."""
        data, placed = self._data, ray.put(self._store.pixels())
        task = _VOTE.options(num_cpus=self._share.num_cpus, num_gpus=self._share.num_gpus)
        calls = {task.remote(one, placed, data.shape, data.classes): one.name for one in networks}
        bar = self._progress.add_task("votes", total=len(calls), details=f"of the {whose}")
        votes = {}
        for name, call in completed(calls, partial(warn, self._progress.console)):
            votes[name] = vote_rows(name, result(call))
            self._progress.update(bar, advance=1)
        self._store.write_votes([votes[one.name] for one in networks], whose)
