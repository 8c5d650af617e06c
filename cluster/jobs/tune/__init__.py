"""A sweep of any keys as one value."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from outvoted.actors.data.datasets import DataSource
from outvoted.analysis.tuning.algorithms import GridSearch, RandomPoints
from outvoted.analysis.tuning.algorithms.base import Algorithm
from outvoted.analysis.tuning.making import space_of
from outvoted.analysis.tuning.objectives import AnyObjectives, Texts
from outvoted.analysis.tuning.space import Space
from outvoted.analysis.tuning.variation import AnyVariation
from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.jobs.study import StudyConfig
from outvoted.cluster.jobs.tune.searchers import AnyAlgorithm
from outvoted.search.settings import EACH_ONCE, MayChange, Settings
from outvoted.search.trust import EVERYTHING, Trust

BASES = ("mine", "heal", "compare", "study")
"""The kinds of runs whose keys can be varied."""
_BASES = ", ".join(f"{name}:" for name in BASES)


class Replicates(Settings):
    """Runs of one point that differ in their random numbers alone."""

    seeds: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], EACH_ONCE, MayChange()]
    """A run for each."""
    keys: Annotated[tuple[str, ...], EACH_ONCE] = ("search.seed",)
    """The keys whose value is the seed."""


class TrialStopping(Settings):
    """Whether trials that can't or don't win end early, at a milestone: so many searches, a round of healing.

    Which trials race ends is fixed by the settings. With asha and median it also depends on which trials
    reach a milestone first, and so on the machines; a sweep that is resumed compares those of that session.
    A trial that was stopped is kept as far as it got.
    """

    rule: Literal["none", "race", "asha", "median"] = "none"
    """none; race: a trial ends once the interval of its first objective can no longer win; asha: successive
    halving, by which one trial in ``reduction`` goes on past each rung; median: a trial ends once its best
    value is worse than the median of the others' means so far."""
    grace: Annotated[int, Field(ge=1, le=1000)] = 1
    """No trial ends before so many milestones. The first one of healing is the panel before any round, so
    that trials differ from the second on."""
    reduction: Annotated[int, Field(ge=2, le=10)] = 3
    """Of asha: its rungs are ``grace``, ``grace × reduction``, ``grace × reduction²``, … milestones."""
    error: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """The chance that race ends a trial that would have won, at most."""


class TrialShare(Settings):
    """What one trial takes of the machines; changes no result."""

    num_cpus: Annotated[float, Field(gt=0, le=1024)] = 1.0
    """CPUs, fractions allowed; every trial computes with one thread."""
    num_gpus: Annotated[float, Field(ge=0, le=64)] = 0.0
    """GPUs, fractions allowed."""


class TuneConfig(RunSettings):
    """Everything `outvoted sweep` does with a file that has ``vary``."""

    mine: MineConfig | None = None
    """The configuration of `outvoted mine` whose keys are varied."""
    heal: HealConfig | None = None
    """The same of `outvoted heal`."""
    compare: CompareConfig | None = None
    """The same of `outvoted compare`."""
    study: StudyConfig | None = None
    """The same of `outvoted study`."""
    vary: Annotated[Mapping[str, AnyVariation], Field(min_length=1, max_length=100), MayChange()]
    """What values keys may have, by their paths: ``search.patience: {grid: [50, 100]}``."""
    objectives: AnyObjectives
    """What trials are judged by; several make a Pareto front."""
    constraints: Texts = ()
    """What a trial must fulfil to win: ``validity >= 0.97``."""
    algorithm: AnyAlgorithm | None = None
    """What chooses the points; where it is left out, a grid if every key lists its values, else random."""
    trials: Annotated[int, Field(ge=1, le=100_000), MayChange()] = 40
    """How many points are tried; of a grid all that it has."""
    replicates: Annotated[Replicates | None, MayChange()] = None
    """Runs of each point; left out, one, as configured."""
    parallel: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Trials at a time, at most. A trial is suggested by what came of all but the last ``parallel - 1``
    before it, whichever end first."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Fixes every suggestion."""
    stopping: TrialStopping = TrialStopping()
    """Whether trials end early."""
    trial: Annotated[TrialShare, MayChange()] = TrialShare()
    """What one trial takes of the machines; changes no result."""

    @model_validator(mode="after")
    def _one_base(self) -> "TuneConfig":
        if sum(getattr(self, name) is not None for name in BASES) != 1:
            raise ValueError(f"one of {_BASES} with the configuration whose keys are varied")
        return self

    @property
    def base_kind(self) -> str:
        """The kind of run whose keys are varied."""
        return next(name for name in BASES if getattr(self, name) is not None)

    @property
    def base(self) -> MineConfig | HealConfig | CompareConfig | StudyConfig:
        """The configuration whose keys are varied."""
        found: MineConfig | HealConfig | CompareConfig | StudyConfig = getattr(self, self.base_kind)
        return found

    @property
    def data(self) -> DataSource:
        """The labelled images of that configuration."""
        return self.base.data

    def space(self, trust: Trust = EVERYTHING) -> Space[Any]:
        """Return the space that is searched.

        Args:
            trust: what values may import, where somebody else may have written them.

        Raises:
            OutvotedError: a key that is varied, or one of its values, is not what it must be.
        """
        one = self.replicates
        replicated = {} if one is None else dict.fromkeys(one.keys, one.seeds)
        return space_of(self.base, self.vary, replicated, trust)

    @property
    def chosen(self) -> Algorithm:
        """What chooses the points."""
        if self.algorithm is not None:
            found: Algorithm = self.algorithm
            return found
        listed = all(one.grid is not None or one.choice is not None for one in self.vary.values())
        return GridSearch() if listed else RandomPoints()
