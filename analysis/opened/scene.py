"""What mistakes are looked at again with: the moves, images and networks that they were found with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from outvoted.actors.data.datasets import Split
from outvoted.actors.panel.panel import VotingPanel
from outvoted.analysis.opened.mistakes import Mistakes
from outvoted.search.transforms import Transform


class Scene(Protocol):
    """A run on disk that was opened, or mining in this process.

    Attributes:
        transform: how images were changed.
        seeds: what searches started from; a mistake's ``seed_id`` is a row of it.
        panel: the networks, without the referee.
        names: theirs.
        classes: a name for each class; its number where it has none.
        mistakes: the rows of the table `mistakes`.
    """

    @property
    def transform(self) -> Transform: ...  # noqa: D102
    @property
    def seeds(self) -> Split: ...  # noqa: D102
    @property
    def panel(self) -> VotingPanel: ...  # noqa: D102
    @property
    def names(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def classes(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def mistakes(self) -> Mistakes: ...  # noqa: D102


@dataclass(frozen=True)
class HeldScene:
    """The scene of mining in this process."""

    transform: Transform
    seeds: Split
    panel: VotingPanel
    names: Sequence[str]
    classes: Sequence[str]
    mistakes: Mistakes
