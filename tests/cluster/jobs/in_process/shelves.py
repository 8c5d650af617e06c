"""Where the networks of runs that are made in tests come from."""

from pathlib import Path

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.training.training import train, trained_member
from outvoted.cluster.jobs.in_process.base import Shelf


class FolderShelf(Shelf):
    """Trains what is not yet in the folder of trained panels."""

    def __init__(self, panels: Path) -> None:
        self._panels, self.trainings = panels, 0

    def trained(self, wanted: tuple[Recipe, ...], data: Dataset) -> list[Member]:
        folder = self._panels / panel_settings.key(wanted, data.fingerprint)
        if not folder.exists():
            self.trainings += 1
            found = [
                trained_member(
                    one.name,
                    one.role,
                    one.network,
                    one.seed,
                    train(one.network, one.training, data, one.seed),
                )
                for one in wanted
            ]
            members.save(folder, found)
        return members.load(folder)
