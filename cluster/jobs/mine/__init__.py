"""A run as one value."""

from typing import Annotated

from outvoted.actors.data.datasets import DataSettings, DataSource
from outvoted.actors.panel.panel_settings import BY_PANEL, FittingReferee, PanelSettings
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.ray.layout import PlacementSettings
from outvoted.search.search_settings import SearchSettings
from outvoted.search.settings import MayChange, NoResult


class MineConfig(RunSettings):
    """Everything `outvoted mine` does."""

    data: DataSource = DataSettings()
    """Labelled images: the networks are trained on them, and searches start from them."""
    panel: PanelSettings = PanelSettings()
    """The networks that are mined."""
    referee: FittingReferee = BY_PANEL
    """An independent network that judges whether mistakes still show their label; null for none. If this is
    left out, one is trained, unless all networks come with weights."""
    search: SearchSettings = SearchSettings()
    """What is searched, and how."""
    cluster: Annotated[PlacementSettings, MayChange(), NoResult()] = PlacementSettings()
    """Where the work goes; changes no result."""
