"""Networks for runs in one process."""

import pytest

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.training.training import train, trained_member
from outvoted.cluster.jobs.in_process.base import Shelf


class TrainingShelf(Shelf):
    """Trains every network once, here."""

    def __init__(self) -> None:
        """Begin empty."""
        self._known: dict[str, Member] = {}

    def trained(self, wanted: tuple[Recipe, ...], data: Dataset) -> list[Member]:
        """Return trained networks."""
        return [self._one(recipe, data) for recipe in wanted]

    def _one(self, recipe: Recipe, data: Dataset) -> Member:
        key = panel_settings.key((recipe,), data.fingerprint)
        if key not in self._known:
            epochs = train(recipe.network, recipe.training, data, recipe.seed)
            member = trained_member(recipe.name, recipe.role, recipe.network, recipe.seed, epochs)
            self._known[key] = member
        return self._known[key]


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    """A shelf for all tests of the session."""
    return TrainingShelf()
