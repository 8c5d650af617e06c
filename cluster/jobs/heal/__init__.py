"""A healing run as one value."""

from typing import Annotated

from outvoted.actors.data.datasets import DataSettings, DataSource
from outvoted.actors.healing.arms import HealSettings
from outvoted.actors.panel.panel_settings import BY_PANEL, FittingReferee, PanelSettings
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.ray.placement import TaskSettings
from outvoted.search.search_settings import SearchSettings
from outvoted.search.settings import MayChange, NoResult


class HealConfig(RunSettings):
    """Everything `outvoted heal` does."""

    data: DataSource = DataSettings()
    """Labelled images: the networks are trained on them, and searches start from them."""
    panel: PanelSettings = PanelSettings()
    """The networks that are healed."""
    referee: FittingReferee = BY_PANEL
    """An independent network that judges whether mistakes still show their label; null for none. If this is
    left out, one is trained, unless all networks come with weights."""
    search: Annotated[SearchSettings, MayChange(False)] = SearchSettings(per_target=200)
    """``per_target`` counts the searches for each peer in each round."""
    heal: HealSettings = HealSettings()
    """The rounds of mining and fine-tuning."""
    cluster: Annotated[TaskSettings, MayChange(), NoResult()] = TaskSettings()
    """What each round of each arm takes of the machines; changes no result."""
