"""A comparison as one value."""

import re
from collections.abc import Iterator, Sequence
from itertools import count

from pydantic import field_validator

from outvoted.actors.data.datasets import DataSource
from outvoted.actors.panel.panel_settings import PanelSettings, RefereeSettings
from outvoted.analysis.mining.map_of_weaknesses import Grid
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.ray.placement import PlacementSettings
from outvoted.search.search_settings import SearchSettings
from outvoted.search.settings import Settings
from outvoted.search.strategies import AnyStrategy, Gradient, Hillclimb, RandomSearch


class CompareConfig(Settings):
    """Everything `outvoted compare` does; ``search.strategy`` gives way to each of ``strategies``."""

    data: DataSource = MineConfig().data
    panel: PanelSettings = PanelSettings()
    referee: RefereeSettings | None = RefereeSettings()
    search: SearchSettings = SearchSettings()
    strategies: tuple[AnyStrategy, ...] = (RandomSearch(), Hillclimb(), Gradient())
    map: Grid = Grid()
    cluster: PlacementSettings = PlacementSettings()

    @field_validator("strategies")
    @classmethod
    def _some(cls, strategies: tuple[AnyStrategy, ...]) -> tuple[AnyStrategy, ...]:
        if not strategies:
            raise ValueError("a comparison needs at least one strategy")
        return strategies

    def parts(self) -> Iterator[tuple[str, MineConfig]]:
        """Return a name, fit for a folder, and a configuration of mining for each strategy.

        Names don't change when strategies are added behind, so that a comparison can go on with more.
        """
        taken: list[str] = []
        for strategy in self.strategies:
            taken.append(_name(strategy.label, taken))
            search = self.search.model_copy(update={"strategy": strategy})
            yield (
                taken[-1],
                MineConfig(
                    data=self.data,
                    panel=self.panel,
                    referee=self.referee,
                    search=search,
                    cluster=self.cluster,
                ),
            )


def _name(label: str, taken: Sequence[str]) -> str:
    """Name a folder after a strategy: import paths have a colon, two of one kind get a number."""
    plain = re.sub(r"[^\w+-]+", ".", label).strip(".") or "strategy"
    return next(name for n in count(1) if (name := plain if n == 1 else f"{plain}-{n}") not in taken)
