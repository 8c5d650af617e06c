"""`outvoted compare`: several strategies on one panel and the same seeds."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.shards import Shards
from outvoted.actors.panel import panel_settings
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.job import Job, Kind, Place, Recorded, launch
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import MINE
from outvoted.cluster.jobs.networks import check_user_networks
from outvoted.cluster.jobs.workload import MinedPart, Workload

if TYPE_CHECKING:
    from outvoted.analysis.report.report import Report


class Compare(Kind[CompareConfig]):
    """Mines one panel with each strategy in turn, from the same seeds."""

    name, form = "compare", CompareConfig
    summary = "comparison.json"
    written = "a run for each strategy, comparison.json, comparison.png"

    def prepare(self, job: Job[CompareConfig], record: RunRecord, data: Dataset, console: Console) -> Place:
        """Check that every strategy can search, and that the map's descriptors are measures."""
        config, parts = job.config, _jobs(job)
        for part in parts.values():
            part.config.search.check(data.shape, config.panel.names)
        config.map.names(config.search.transform)
        gradients = any(part.config.search.gradients for part in parts.values())
        first = next(iter(parts.values())).store
        check_user_networks(first, config.panel, config.referee, data, console, gradients)
        return lambda there: partial(_mine_each, parts, data, console)

    def workload(self, config: CompareConfig) -> Workload:
        """Count one panel, and its searches with each strategy."""
        networks = panel_settings.recipes(config.panel, config.referee)
        return Workload(networks, mined={name: MinedPart(part.search) for name, part in config.parts()})

    def report(self, run: OpenedRun) -> "Report":
        """Compare the strategies that have searched already."""
        from outvoted.analysis.comparison.report import comparison_report

        return comparison_report(run)

    def recorded(self, store: RunFolder, record: RunRecord) -> Sequence[Recorded]:
        """Return the tables of each strategy, whose name is its part's."""
        folders = sorted(file.parent for file in store.path.glob("*/run.json"))
        return [Recorded(Shards(folder).units, run=folder.name) for folder in folders]


COMPARE = Compare()


def _jobs(job: Job[CompareConfig]) -> dict[str, Job[MineConfig]]:
    """Return the mining with each strategy, by name: into runs of their own, panels beside the whole run."""
    path = job.store.path
    return {
        name: Job(
            MINE,
            config,
            store := RunFolder(path / name, path.parent),
            job.address,
            job.resume and (store.path / "run.json").exists(),
            job.debug,
        )
        for name, config in job.config.parts()
    }


def _mine_each(parts: Mapping[str, Job[MineConfig]], data: Dataset, console: Console, progress: Bars) -> None:
    """Mine with each strategy in turn; each shows how far it is itself."""
    for name, job in parts.items():
        if job.resume and _is_finished(job):
            continue
        console.print(name, style="bold", soft_wrap=True)
        launch(job, console, data)


def _is_finished(job: Job[MineConfig]) -> bool:
    """Return whether a strategy has been mined already, exactly as configured."""
    record = job.store.read_record()
    return record.state == State.FINISHED and record.config == job.config.model_dump(mode="json")
