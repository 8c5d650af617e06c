"""A study as one value."""

from typing import Annotated, Self

from pydantic import model_validator

from outvoted.actors.data.datasets import DataSettings, DataSource
from outvoted.actors.panel.panel_settings import PanelSettings, RefereeSettings
from outvoted.analysis.studies.kinds import AnyStudy
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.ray.placement import TaskSettings
from outvoted.search.settings import MayChange, NoResult


class StudyConfig(RunSettings):
    """Everything `outvoted study` does."""

    data: DataSource = DataSettings()
    """What the networks are trained on, and what the study's images are made from."""
    study: AnyStudy
    """Which images are made and what is asked about them."""
    panel: PanelSettings = PanelSettings()
    """The networks that all images are put to."""
    referee: RefereeSettings | None = RefereeSettings()
    """Proposes typical images and stands in for people, in studies that want one."""
    cluster: Annotated[TaskSettings, MayChange(), NoResult()] = TaskSettings()
    """What training a network, and its votes, take of the machines."""

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.study.needs.referee and self.referee is None:
            raise ValueError(f"a study of kind {self.study.kind} needs a referee: leave out referee: null")
        return self

    @property
    def asked_referee(self) -> RefereeSettings | None:
        """The referee where the study wants one."""
        return self.referee if self.study.needs.referee else None
