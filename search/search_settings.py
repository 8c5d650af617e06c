"""Settings of a run's searches."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from outvoted.search.climb import Rules
from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.plan import Turns
from outvoted.search.settings import MayChange, Settings
from outvoted.search.strategies import AnyStrategy, Hillclimb
from outvoted.search.strategies.base import DEAR
from outvoted.search.transforms import Affine, AnyTransform
from outvoted.search.transforms.base import Shape

Voters = Annotated[int, Field(ge=0, le=10**4)]


class SearchSettings(Settings):
    """What is searched and how; together with the panel it fixes every search of a run."""

    per_target: Annotated[int, Field(ge=1, le=10**9), MayChange()] = 1000
    """Searches for each target (and number of voters), seeds that the panel disputes not counted."""
    targets: tuple[str, ...] | None = None
    """Names of the peers that take their turn as the target; all where it is left out."""
    voters: tuple[Voters, ...] | None = None
    """How many of the other peers must agree; several numbers are tried on the same seeds. All where it is
    left out. The peers after the target in the panel's order vote; the others are held out: they judge
    seeds, and say of each mistake whether they make it too."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """The run seed: every random number of every search follows from it."""
    patience: Annotated[int, Field(ge=1, le=10**6)] = 250
    """A search gives up after this many candidates in a row without improvement."""
    transform: AnyTransform = Affine()
    """How images may change, and the realism budget."""
    strategy: AnyStrategy = Hillclimb()
    """How changes are proposed and accepted."""
    realism: bool = True
    """Whether each mistake is compared with real images of its label, in what its voters see; this changes no
    search."""

    def check(self, shape: Shape, names: Sequence[str]) -> None:
        """Make sure that images of ``shape`` can be searched against a panel of peers called ``names``.

        Raises:
            OutvotedError: the transform is not made for the images, the strategy cannot search it, a target
                is not on the panel, or there are fewer voters than asked for.
        """
        self.transform.check(shape)
        self.rules(len(names))
        self.turns(names)

    def rules(self, peers: int, operations: int = DEAR) -> Rules:
        """Return the rules of a search against a panel of ``peers`` peers.

        Args:
            operations: floating-point operations that the costliest of them takes for an image.

        Raises:
            OutvotedError: the strategy cannot search the transform.
        """
        self.strategy.check(self.transform)
        strategy = self.strategy.picked(self.transform, operations)
        return Rules(self.seed, peers, self.transform, strategy, self.patience, self.realism)

    @property
    def gradients(self) -> bool:
        """Whether the strategy that searches the transform follows gradients."""
        return self.strategy.picked(self.transform).proposer.gradients

    def turns(self, names: Sequence[str]) -> Turns:
        """Return the turns that are taken on each seed by a panel of peers called ``names``.

        Raises:
            OutvotedError: a target is not on the panel, or there are fewer voters than asked for.
        """
        unknown = [target for target in self.targets or () if target not in names]
        if unknown:
            raise OutvotedError(
                expected=f"names of the panel's peers in search.targets: {', '.join(names)}",
                found=f"'{unknown[0]}'",
                remedy=suggestion(unknown[0], names),
            )
        most = len(names) - 1
        voters = (most,) if self.voters is None else tuple(dict.fromkeys(self.voters))
        if not voters or max(voters) > most or (self.targets is not None and not self.targets):
            raise OutvotedError(
                expected=f"at least one target, and numbers of voters from 0 to {most} in search.voters",
                found=f"targets {self.targets} and voters {self.voters} for {len(names)} peers",
                remedy="leave both out to search every peer against all others, or add networks to the panel",
            )
        targets = names if self.targets is None else dict.fromkeys(self.targets)
        return Turns(tuple(names.index(target) for target in targets), voters)
