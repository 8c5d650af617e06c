"""A comparison as one value."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import field_validator

from outvoted.actors.data.datasets import DataSource
from outvoted.actors.panel.panel_settings import BY_PANEL, FittingReferee, PanelSettings
from outvoted.analysis.mining.cells import Grid
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.ray.layout import PlacementSettings
from outvoted.search.search_settings import SearchSettings
from outvoted.search.settings import MayChange, NoResult
from outvoted.search.strategies import AnyStrategy, Gradient, Hillclimb, RandomSearch
from outvoted.search.strategies.base import strategy_names


class CompareConfig(RunSettings):
    """Everything `outvoted compare` does; ``search.strategy`` gives way to each of ``strategies``."""

    data: DataSource = MineConfig().data
    """Labelled images: the networks are trained on them, and searches start from them."""
    panel: PanelSettings = PanelSettings()
    """The networks that are mined."""
    referee: FittingReferee = BY_PANEL
    """An independent network that judges whether mistakes still show their label; null for none. If this is
    left out, one is trained, unless all networks come with weights."""
    search: SearchSettings = SearchSettings()
    """What all strategies have in common; ``search.strategy`` is not used."""
    strategies: Annotated[tuple[AnyStrategy, ...], MayChange()] = (RandomSearch(), Hillclimb(), Gradient())
    """The strategies that are compared."""
    map: Annotated[Grid, MayChange()] = Grid()
    """The map of mistakes by which the diversity of strategies is compared."""
    cluster: Annotated[PlacementSettings, MayChange(), NoResult()] = PlacementSettings()
    """Where the work goes; changes no result."""

    @field_validator("strategies")
    @classmethod
    def _some(cls, strategies: tuple[AnyStrategy, ...]) -> tuple[AnyStrategy, ...]:
        if not strategies:
            raise ValueError("a comparison needs at least one strategy")
        return strategies

    def parts(self) -> Iterator[tuple[str, MineConfig]]:
        """Return a name, fit for a folder, and a configuration of mining for each strategy.

        Names don't change when strategies are appended, so that a comparison can be resumed with more.
        """
        for name, strategy in zip(strategy_names(self.strategies), self.strategies, strict=True):
            search = self.search.model_copy(update={"strategy": strategy})
            yield (
                name,
                MineConfig(
                    device=self.device,
                    data=self.data,
                    panel=self.panel,
                    referee=self.referee,
                    search=search,
                    cluster=self.cluster,
                ),
            )
