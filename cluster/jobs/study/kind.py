"""`outvoted study`: images put to a panel, whose votes are recorded."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.panel import panel_settings
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.actors.studies.study_store import StudyStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.studies.kinds import study_report
from outvoted.cluster.console.terminal import command
from outvoted.cluster.jobs.job import Job, Kind, Place, Work
from outvoted.cluster.jobs.networks import check_user_networks
from outvoted.cluster.jobs.study import StudyConfig
from outvoted.cluster.jobs.study.on_ray import RayStudyRunner
from outvoted.cluster.jobs.study.stages import StudyStages
from outvoted.cluster.jobs.workload import Timed, Workload
from outvoted.cluster.ray.placement import Share, share_of_task
from outvoted.search.errors import OutvotedError
from outvoted.search.key_paths import differences

if TYPE_CHECKING:
    from torch import nn

    from outvoted.analysis.report.report import Report

_MORE = ("repeats",)


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
            return partial(_study, config, store, record, data, each)

        return place

    def workload(self, config: StudyConfig) -> Workload:
        """Count the panel."""
        return Workload(panel_settings.recipes(config.panel, config.asked_referee))

    def timed(
        self, config: StudyConfig, data: Dataset, peers: "Mapping[str, nn.Module]", seconds: float
    ) -> Iterator[Timed]:
        """Time images, votes, and the networks beside the panel."""
        from outvoted.cluster.jobs.study.timing import studying

        return studying(config, data, peers, seconds)

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


def _study(
    config: StudyConfig, store: StudyStore, record: RunRecord, data: Dataset, each: Share, progress: Bars
) -> None:
    runner = RayStudyRunner(data, each, store.folder.panels, progress)
    StudyStages(config, store, record, data, runner, progress).run()
