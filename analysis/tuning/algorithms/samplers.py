"""Optuna's algorithms: TPE, NSGA-II, CMA-ES and Gaussian processes."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from outvoted.analysis.tuning.algorithms.base import (
    Algorithm,
    Goals,
    Suggester,
    refuse_several,
    refuse_without,
)
from outvoted.analysis.tuning.algorithms.study import StudySuggester
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.space import Space
from outvoted.search.errors import OutvotedError

Startup = Annotated[int, Field(ge=1, le=10_000)]


class TPE(Algorithm):
    """Tree-structured Parzen estimators over all keys at once (Bergstra et al. 2011; Falkner et al. 2018).

    Takes several objectives (Ozaki et al. 2020), constraints and conditions; trials that still run count as
    poor ones, so that not all look in one place.
    """

    kind: Literal["tpe"] = "tpe"
    startup: Startup = 10
    """Trials that are drawn at random before anything is learnt."""
    candidates: Annotated[int, Field(ge=1, le=10_000)] = 24
    """Points among which the one of the largest expected improvement is taken."""

    @property
    def adaptive(self) -> bool:
        """Yes."""
        return True

    def check(self, space: Space[Any], goals: Goals) -> None:
        """Take everything."""

    def begun(self, space: Space[Any], goals: Goals, seed: int, kept: Mapping[int, Point]) -> Suggester:
        """Begin a study."""
        from optuna.samplers import TPESampler

        return StudySuggester(
            space,
            goals,
            lambda: TPESampler(
                n_startup_trials=self.startup,
                n_ei_candidates=self.candidates,
                multivariate=True,
                group=True,
                constant_liar=True,
                seed=seed,
            ),
        )


class NSGA2(Algorithm):
    """A genetic algorithm for several objectives: NSGA-II (Deb et al. 2002), with constraints.

    Points that break a constraint lose against those that keep all, and among themselves by how much.
    """

    kind: Literal["nsga2"] = "nsga2"
    population: Annotated[int, Field(ge=2, le=10_000)] = 20
    """Trials in a generation; the first is drawn at random."""

    @property
    def adaptive(self) -> bool:
        """Yes."""
        return True

    def check(self, space: Space[Any], goals: Goals) -> None:
        """Take everything."""

    def begun(self, space: Space[Any], goals: Goals, seed: int, kept: Mapping[int, Point]) -> Suggester:
        """Begin a study."""
        from optuna.samplers import NSGAIISampler

        return StudySuggester(space, goals, lambda: NSGAIISampler(population_size=self.population, seed=seed))


class CMAES(Algorithm):
    """Covariance matrix adaptation (Hansen & Ostermeier 2001), for ranges of numbers and one objective.

    Keys that list values other than rising numbers, or hold only sometimes, are drawn at random.
    """

    kind: Literal["cmaes"] = "cmaes"
    population: Annotated[int | None, Field(ge=2, le=10_000)] = None
    """Trials in a generation; 4 + 3 ln(keys) where it is left out."""

    @property
    def adaptive(self) -> bool:
        """Yes."""
        return True

    def check(self, space: Space[Any], goals: Goals) -> None:
        """Refuse several objectives, constraints, and a space without numbers."""
        refuse_several(goals, self.kind)
        if not any(one.values is None or one.ordered for one in space.dimensions if not one.conditions):
            raise OutvotedError(
                expected="a range of numbers for algorithm cmaes, of a key that holds in every trial",
                found="none",
                remedy="choose another algorithm, say tpe",
            )
        refuse_without("cmaes", self.kind)

    def begun(self, space: Space[Any], goals: Goals, seed: int, kept: Mapping[int, Point]) -> Suggester:
        """Begin a study."""
        from optuna.samplers import CmaEsSampler

        return StudySuggester(
            space,
            goals,
            lambda: CmaEsSampler(popsize=self.population, warn_independent_sampling=False, seed=seed),
        )


class GaussianProcess(Algorithm):
    """Bayesian optimisation with a Gaussian process (Matérn 5/2), several objectives and constraints.

    Makes the most of few trials; a suggestion costs more with every trial.
    """

    kind: Literal["gp"] = "gp"
    startup: Startup = 10
    """Trials that are drawn at random before anything is learnt."""

    @property
    def adaptive(self) -> bool:
        """Yes."""
        return True

    def check(self, space: Space[Any], goals: Goals) -> None:
        """Take everything."""

    def begun(self, space: Space[Any], goals: Goals, seed: int, kept: Mapping[int, Point]) -> Suggester:
        """Begin a study."""
        from optuna.samplers import GPSampler

        return StudySuggester(space, goals, lambda: GPSampler(n_startup_trials=self.startup, seed=seed))
