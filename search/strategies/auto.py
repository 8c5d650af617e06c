"""The strategy that is usually best for a transform."""

from typing import ClassVar, Literal

from outvoted.search.strategies.base import Acceptance, Proposer, Strategy
from outvoted.search.strategies.bayesian import Bayesian
from outvoted.search.strategies.random_moves import Hillclimb
from outvoted.search.transforms import Transform

_WITH_KNOBS, _WITHOUT = Bayesian(), Hillclimb()


class Auto(Strategy):
    """`bayesian` where the transform has knobs, `hillclimb` where its moves only compose.

    The searches are those of the strategy that is picked, and recorded under its name.
    """

    kind: Literal["auto"] = "auto"
    acceptance: ClassVar[Acceptance] = _WITH_KNOBS.acceptance

    @property
    def proposer(self) -> Proposer:
        """That of the strategy for transforms with knobs."""
        return _WITH_KNOBS.proposer

    def picked(self, transform: Transform) -> Strategy:
        """Pick by the transform."""
        return _WITH_KNOBS if transform.knobs else _WITHOUT
