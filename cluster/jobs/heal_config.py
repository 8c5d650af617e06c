"""A healing run as one value."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from outvoted.actors.data.datasets import DataSettings, DataSource
from outvoted.actors.healing.arms import HealSettings
from outvoted.actors.panel.panel_settings import PanelSettings, RefereeSettings
from outvoted.cluster.ray.placement import PlacementSettings, Share, check_memory, share
from outvoted.search.search_settings import SearchSettings
from outvoted.search.settings import Settings


class TaskSettings(Settings):
    """What each round of each arm takes of the machines; nothing here changes the results."""

    num_cpus: Annotated[float, Field(gt=0, le=1024)] = 1.0
    """CPUs, fractions allowed."""
    num_gpus: Annotated[float, Field(ge=0, le=64)] = 0.0
    """GPUs, fractions allowed."""


def share_of_task(settings: TaskSettings, available: Mapping[str, float]) -> Share:
    """Return what a task gets, after checking that as many as run at a time fit in.

    Args:
        available: what `ray.cluster_resources()` says.

    Raises:
        OutvotedError: one task alone asks for more than there is, or as many as CPUs allow for more memory.
    """
    wanted = PlacementSettings(num_cpus=settings.num_cpus, num_gpus=settings.num_gpus)
    found = share(wanted, 1, available)
    at_a_time = max(1, int(available.get("CPU", 1.0) / found.num_cpus))
    check_memory(at_a_time, available, "their number by a higher cluster.num_cpus")
    return found


class HealConfig(Settings):
    """Everything `outvoted heal` does."""

    data: DataSource = DataSettings()
    panel: PanelSettings = PanelSettings()
    referee: RefereeSettings | None = RefereeSettings()
    search: SearchSettings = SearchSettings(per_target=200)
    """``per_target`` counts the searches for each peer in each round."""
    heal: HealSettings = HealSettings()
    cluster: TaskSettings = TaskSettings()
