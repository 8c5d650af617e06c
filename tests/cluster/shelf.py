"""Networks that runs on Ray have trained, for the same runs in one process."""

from pathlib import Path

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.cluster.jobs.in_process.base import Shelf
from outvoted.cluster.jobs.networks import kept


class ShelfOfRuns(Shelf):
    """Reads from the shelf beside runs; has nothing trained."""

    def __init__(self, panels: Path) -> None:
        """Take the folder of the shelf."""
        self._panels = panels

    def trained(self, wanted: tuple[Recipe, ...], data: Dataset) -> list[Member]:
        """Return networks that lie on the shelf."""
        return kept(self._panels / panel_settings.key(wanted, data.fingerprint), wanted, shelf=True)
