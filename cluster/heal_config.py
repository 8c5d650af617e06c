"""A healing run as one value."""

from typing import Annotated

from pydantic import Field

from outvoted.actors.arms import HealSettings
from outvoted.actors.datasets import DataSettings, DataSource
from outvoted.actors.panel_settings import PanelSettings, RefereeSettings
from outvoted.search.search_settings import SearchSettings
from outvoted.search.settings import Settings


class TaskSettings(Settings):
    """What each round of each arm takes of the machines; nothing here changes the results."""

    num_cpus: Annotated[float, Field(gt=0, le=1024)] = 1.0
    """CPUs, fractions allowed."""
    num_gpus: Annotated[float, Field(ge=0, le=64)] = 0.0
    """GPUs, fractions allowed."""


class HealConfig(Settings):
    """Everything `outvoted heal` does."""

    data: DataSource = DataSettings()
    panel: PanelSettings = PanelSettings()
    referee: RefereeSettings | None = RefereeSettings()
    search: SearchSettings = SearchSettings(per_target=200)
    """``per_target`` counts the searches for each peer in each round."""
    heal: HealSettings = HealSettings()
    cluster: TaskSettings = TaskSettings()
