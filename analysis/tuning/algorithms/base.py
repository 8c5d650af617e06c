"""The interface of what suggests trials."""

from abc import ABC, abstractmethod

from outvoted.search.settings import Settings


class Algorithm(ABC, Settings):
    """Chooses the points that are tried."""

    @property
    @abstractmethod
    def adaptive(self) -> bool:
        """Whether a suggestion depends on what came of earlier trials."""
