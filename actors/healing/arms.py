"""The arms of healing, its settings, and what keys its random numbers."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from outvoted.search.settings import EACH_ONCE, MayChange, Settings

Count = Annotated[int, Field(ge=1, le=10_000)]


class Arm(StrEnum):
    """What a panel is fine-tuned on. ``start`` is the panel before healing, which all arms share."""

    START = "start"
    NOTHING = "nothing"
    COPIES = "copies"
    MISTAKES = "mistakes"


ARMS = (Arm.NOTHING, Arm.COPIES, Arm.MISTAKES)
HELD_OUT = "held-out"
"""Mistakes mined of the panel before healing that no arm is ever trained on."""


PeoplesLabels = Literal["ignore", "leave-out", "relabel"]
"""What is done with mistakes whose label most people don't see."""


class HealSettings(Settings):
    """How a panel is healed."""

    rounds: Annotated[int, Field(ge=0, le=10_000), MayChange()] = 10
    """At most this many rounds of fine-tuning and mining again. 0 only mines, so that people can label those
    mistakes before any is trained on; then go on with more rounds and ``--resume``."""
    labels: Annotated[PeoplesLabels, MayChange()] = "ignore"
    """What people's labels of this run's mistakes (``outvoted label``) are for. ``ignore``: nothing.
    ``leave-out``: mistakes whose label most people don't see are not trained on. ``relabel``: they are
    trained on with the class that most people see, and left out where there is none. Mistakes that nobody has
    labelled are trained on. Each round takes the labels that are there when it begins."""
    least: Annotated[Count, MayChange()] = 5
    """At least this many rounds (or ``rounds``, if fewer), even if the success rate is steady earlier."""
    steady: Annotated[float, Field(ge=0, le=1), MayChange()] = 0.02
    """Stop once the mean success rates of the last three rounds lie within this; 0: never."""
    weight: Annotated[float, Field(ge=0)] = 1.0
    """Loss weight of an added sample; a training image weighs 1."""
    frequency: Count = 3
    """How often an added sample is shown in an epoch."""
    epochs: Count = 2
    """Training epochs in each round."""
    test_moves: Count = 5
    """Random moves by which each image of the moved test set is changed."""
    seeds: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], EACH_ONCE] = (0, 1, 2)
    """One repeat for each: a panel of its own, and searches of its own."""


class Use(IntEnum):
    """What random numbers are for; keeps their streams apart."""

    MINE = 0
    HOLD_OUT = 1
    TRAIN = 2
    ADD = 3
    MOVE_TEST = 4


def keyed(use: Use, *key: int) -> int:
    """Mix a key into a seed below 2**62."""
    return int(np.random.SeedSequence((int(use), *key)).generate_state(1, np.uint64)[0] >> 2)


@dataclass(frozen=True)
class Step:
    """One round of one arm in one repeat; round 0 is the start's alone."""

    repeat: int
    arm: Arm
    round: int

    @property
    def name(self) -> str:
        """A name for its files."""
        return f"{self.repeat}-{self.arm}-{self.round:03d}"
