"""A study as one value."""

from outvoted.actors.datasets import DataSettings, DataSource
from outvoted.actors.panel_settings import PanelSettings
from outvoted.analysis.studies.any import AnyStudy
from outvoted.cluster.heal_config import TaskSettings
from outvoted.search.settings import Settings


class StudyConfig(Settings):
    """Everything `outvoted study` does."""

    data: DataSource = DataSettings()
    """What the networks are trained on, and what the study's images are made from."""
    study: AnyStudy
    panel: PanelSettings = PanelSettings()
    """The networks that all images are put to."""
    cluster: TaskSettings = TaskSettings()
    """What training a network, and its votes, take of the machines."""
