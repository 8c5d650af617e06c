"""A healing run as one value."""

from typing import Annotated

from outvoted.actors.data.datasets import DataSettings, DataSource
from outvoted.actors.healing.arms import HealSettings
from outvoted.actors.panel.panel_settings import PanelSettings, RefereeSettings
from outvoted.cluster.ray.placement import TaskSettings
from outvoted.search.search_settings import SearchSettings
from outvoted.search.settings import MayChange, Settings


class HealConfig(Settings):
    """Everything `outvoted heal` does."""

    data: DataSource = DataSettings()
    panel: PanelSettings = PanelSettings()
    referee: RefereeSettings | None = RefereeSettings()
    search: Annotated[SearchSettings, MayChange(False)] = SearchSettings(per_target=200)
    """``per_target`` counts the searches for each peer in each round."""
    heal: HealSettings = HealSettings()
    cluster: Annotated[TaskSettings, MayChange()] = TaskSettings()
