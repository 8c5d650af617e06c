"""How much a run will do, which tells how long it takes once the machine's speed is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from outvoted.actors.panel.panel_settings import Recipe
from outvoted.search.search_settings import SearchSettings


@dataclass(frozen=True)
class MinedPart:
    """Searches of one panel with the same settings, ``times`` over."""

    search: SearchSettings
    times: int = 1


@dataclass(frozen=True)
class Timed:
    """What a run does beside training its panel and mining, timed by a sample of it.

    Attributes:
        what: in words, with how many.
        seconds: of one thread; 0 where the sample did not tell.
        parts: how many can be done at a time.
        at_most: whether it may take less.
        cpus: that each part takes.
    """

    what: str
    seconds: float
    parts: int = 1
    at_most: bool = False
    cpus: float = 1.0


@dataclass(frozen=True)
class Workload:
    """What a run will do.

    Attributes:
        networks: what it begins with: peers in the panel's order, and the referee.
        panels: how many times over the peers are trained.
        mined: what is searched, by the name of a part of the run; empty for the whole.
        epochs: further epochs of each peer, over all panels.
        besides: what else takes time that no estimate says, in words; empty if nothing does.
    """

    networks: tuple[Recipe, ...] = ()
    panels: int = 1
    mined: Mapping[str, MinedPart] = field(default_factory=dict)
    epochs: int = 0
    besides: str = ""
