"""`outvoted sweep` of any keys."""

from typing import TYPE_CHECKING, Any

from rich.console import Console

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.runs.run_folder import RunRecord
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.jobs.job import Job, Kind, Place
from outvoted.cluster.jobs.tune import TuneConfig

if TYPE_CHECKING:
    from outvoted.analysis.report.report import Report


class Tune(Kind[TuneConfig]):
    """Varies keys of an ordinary configuration, and makes a run of each point."""

    name, form = "tune", TuneConfig
    written = "points/, scores/, runs/, summary.json"

    def load(self, config: Any) -> Dataset:
        """Load the labelled images of the configuration whose keys are varied."""
        return datasets.load(config.base.data)

    def prepare(self, job: Job[TuneConfig], record: RunRecord, data: Dataset, console: Console) -> Place:
        """Refuse whatever can be refused before anything starts."""
        raise NotImplementedError

    def report(self, run: OpenedRun) -> "Report":
        """Report the trials."""
        raise NotImplementedError


TUNE = Tune()
