"""The strategy that is usually best for a transform and a panel."""

from typing import ClassVar, Literal

from outvoted.search.strategies.base import DEAR, Acceptance, Proposer, Strategy
from outvoted.search.strategies.bayesian import Bayesian
from outvoted.search.strategies.genetic import Genetic
from outvoted.search.strategies.random_moves import Hillclimb
from outvoted.search.transforms import Transform

_DEAR, _CHEAP, _WITHOUT_KNOBS = Bayesian(), Genetic(), Hillclimb()
_CHEAP_UP_TO = 200_000
"""Operations for an image up to which four inferences more cost less than a step of the Bayesian model."""


class Auto(Strategy):
    """`bayesian`; `genetic` where inferences cost next to nothing, `hillclimb` where moves only compose.

    Operations are counted, not timed, so that every machine picks the same. The searches are those of the
    strategy that is picked, and recorded under its name.
    """

    kind: Literal["auto"] = "auto"
    weighs_operations: ClassVar[bool] = True
    acceptance: ClassVar[Acceptance] = _DEAR.acceptance

    @property
    def proposer(self) -> Proposer:
        """That of the strategy for transforms with knobs."""
        return _DEAR.proposer

    def picked(self, transform: Transform, operations: int = DEAR) -> Strategy:
        """Pick by the transform, and by the operations of the costliest network."""
        if not transform.knobs:
            return _WITHOUT_KNOBS
        return _CHEAP if operations <= _CHEAP_UP_TO else _DEAR
