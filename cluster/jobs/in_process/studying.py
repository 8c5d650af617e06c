"""Studies in this process."""

from functools import partial

from outvoted.actors.studies.study_store import StudyStore
from outvoted.cluster.jobs.in_process.base import InProcess, Making, Milestone
from outvoted.cluster.jobs.in_process.recording import finished, placed, recording, tell
from outvoted.cluster.jobs.in_process.unseen import unseen
from outvoted.cluster.jobs.study import StudyConfig
from outvoted.cluster.jobs.study.here import LocalStudyRunner
from outvoted.cluster.jobs.study.stages import StudyStages


class StudyingInProcess(InProcess[StudyConfig]):
    """Makes studies; one has no milestone before its end."""

    def make(self, run: Making[StudyConfig]) -> bool:
        """Make a study, or what is left of it, into its folder."""
        if finished(run):
            return True
        config, data = run.config, run.data
        with placed(run), recording(run, "study") as record:
            config.study.check(data)
            store = StudyStore(run.store.path, config.study.fields(), run.store.panels.parent)
            runner = LocalStudyRunner(data, partial(run.shelf.trained, data=data))
            StudyStages(config, store, record, data, runner, unseen()).run()
            tell(run, Milestone(1, 1))
        return True
