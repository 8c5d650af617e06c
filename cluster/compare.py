"""`outvoted compare`: several strategies on one panel and the same seeds."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import field_validator
from rich.console import Console

from outvoted.actors import datasets
from outvoted.actors.datasets import DataSource
from outvoted.actors.panel_settings import PanelSettings, RefereeSettings
from outvoted.actors.store import RunStore
from outvoted.analysis.comparison import Compared, compare, write_comparison
from outvoted.analysis.comparison_picture import draw_comparison, draw_map
from outvoted.analysis.map_of_weaknesses import Grid
from outvoted.cluster.config import MineConfig
from outvoted.cluster.connect import connected
from outvoted.cluster.mine import Job, mine, versions
from outvoted.cluster.placement import PlacementSettings
from outvoted.cluster.runs import data_record, open_record, recorded
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
        """Return a name and a configuration of mining for each strategy."""
        labels = [strategy.label for strategy in self.strategies]
        for index, (label, strategy) in enumerate(zip(labels, self.strategies, strict=True)):
            name = label if labels.count(label) == 1 else f"{label}-{1 + labels[:index].count(label)}"
            search = self.search.model_copy(update={"strategy": strategy})
            yield (
                name.replace(":", "."),
                MineConfig(
                    data=self.data,
                    panel=self.panel,
                    referee=self.referee,
                    search=search,
                    cluster=self.cluster,
                ),
            )


def compare_strategies(
    config: CompareConfig, path: Path, address: str, resume: bool, debug: bool, console: Console
) -> Sequence[Compared]:
    """Mine with each strategy in turn, each into a run of its own in ``path``, and compare them.

    Raises:
        OutvotedError: see :func:`outvoted.cluster.mine.mine`; or a strategy cannot search the transform.
    """
    parts = dict(config.parts())
    for part in parts.values():
        part.search.rules(len(config.panel.networks))
        config.map.names(part.search.transform)
    whole, stores = RunStore(path), {name: RunStore(path / name, path.parent) for name in parts}
    data = data_record(datasets.load(config.data))
    record = open_record(whole, config, resume, data, versions(), "compare")
    with recorded(whole, record), connected(address, debug):
        for name, part in parts.items():
            again = resume and (stores[name].path / "run.json").exists()
            console.print(f"[b]{name}[/]")
            mine(Job(part, stores[name], address, again, debug), console)
        rows = compare(stores, config.map)
        write_comparison(whole, rows)
        with console.status("drawing the comparison"):
            draw_comparison(rows, path / "comparison.png")
            for name, store in stores.items():
                draw_map(store, config.map, path / name / "gallery" / "map.png")
    return rows
