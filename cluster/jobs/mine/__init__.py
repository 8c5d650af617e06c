"""A run as one value."""

from typing import Annotated

from outvoted.actors.data.datasets import DataSettings, DataSource
from outvoted.actors.panel.panel_settings import PanelSettings, RefereeSettings
from outvoted.cluster.ray.layout import PlacementSettings
from outvoted.search.search_settings import SearchSettings
from outvoted.search.settings import MayChange, Settings


class MineConfig(Settings):
    """Everything `outvoted mine` does."""

    data: DataSource = DataSettings()
    panel: PanelSettings = PanelSettings()
    referee: RefereeSettings | None = RefereeSettings()
    search: SearchSettings = SearchSettings()
    cluster: Annotated[PlacementSettings, MayChange()] = PlacementSettings()
