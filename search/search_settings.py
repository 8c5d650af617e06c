"""Settings of a run's searches."""

from typing import Annotated

from pydantic import Field

from outvoted.search.climb import Rules
from outvoted.search.settings import Settings
from outvoted.search.strategies import Hillclimb, RandomSearch
from outvoted.search.transforms import Affine, AnyTransform

AnyStrategy = Annotated[Hillclimb | RandomSearch, Field(discriminator="name")]


class SearchSettings(Settings):
    """What is searched and how; together with the panel it fixes every search of a run."""

    per_target: Annotated[int, Field(ge=1, le=10**9)] = 1000
    """Searches for each target, seeds that the panel disputes not counted."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """The run seed: every random number of every search follows from it."""
    patience: Annotated[int, Field(ge=1, le=10**6)] = 250
    """A search gives up after this many candidates in a row without improvement."""
    transform: AnyTransform = Affine()
    strategy: AnyStrategy = Hillclimb()

    def rules(self, peers: int) -> Rules:
        """Return the rules of a search against a panel of ``peers`` peers."""
        return Rules(self.seed, peers, self.transform, self.strategy, self.patience)
