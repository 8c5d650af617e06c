"""Families of networks that are trained to target test accuracies (Vlaar, section 2 and appendix A)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field, field_validator, model_validator
from torch.utils.flop_counter import FlopCounterMode

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import MLP, DeepCNN, InputRecipe, Network, PreprocessedNetwork, ViT
from outvoted.actors.panel.answers import sample
from outvoted.actors.panel.checking import examine
from outvoted.actors.training.steps import Training
from outvoted.actors.training.target_training import TargetChecks
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings
from outvoted.search.transforms import Affine, AffineRange

Target = Annotated[float, Field(gt=0, lt=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$", max_length=40)]
_TARGETS = (0.975, 0.98, 0.985)


class Variant(Settings):
    """One way to train the networks of a family."""

    learning_rate: Annotated[float, Field(gt=0)] = 0.0005
    """The size of the optimizer's steps."""
    batch_size: Annotated[int, Field(ge=1, le=65536)] = 128
    """Images of a step."""
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    """What takes the steps."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Added to the gradient; with adamw decoupled from it."""
    augment: Affine | None = None
    """A transform of which every image gets one random move each time it is seen, or none."""


_PLAIN, _DECAYING = Variant(), Variant(optimizer="adamw", weight_decay=1e-5)
_SMALL_MOVES = Affine(move=AffineRange(rotation=10, translation=1, scale=1.1, shear=10))


def percent(target: float) -> str:
    """Return a share in percent, with as few digits as it takes: 98, 98.5."""
    return f"{100 * target:g}"


class Family(Settings):
    """Networks of one architecture, each kept at every target test accuracy it reaches."""

    name: Name
    """What the family is called in tables and files."""
    network: Network
    """The architecture."""
    variants: Annotated[tuple[Variant, ...], Field(min_length=1, max_length=100)] = (_PLAIN, _DECAYING)
    """The first is trained from many seeds (fig. 2), the others from seed 0 (tables 2 to 4)."""
    targets: Annotated[tuple[Target, ...], Field(min_length=1, max_length=100)] = _TARGETS
    """Test accuracies, 0 to 1."""
    high_targets: Annotated[tuple[Target, ...], Field(max_length=100)] = ()
    """Further targets for seed 0 of each variant only: they may take many epochs."""
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Targets that are not reached by then are given up."""
    seeds: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Networks that are compared with each other in fig. 2 and table 5."""
    repeats: Annotated[int, Field(ge=1, le=10_000)] = 3
    """How many such groups there are, each with other seeds; the paper has 10."""
    stopping: TargetChecks = TargetChecks()
    """When accuracy is looked at, and how near to a target is near enough."""

    @field_validator("network")
    @classmethod
    def _is_trained(cls, network: Network) -> Network:
        if network.loaded:
            raise ValueError(f"a network that is trained; {network.label} comes with its weights")
        return network

    @model_validator(mode="after")
    def _targets_differ(self) -> "Family":
        names = [percent(target) for target in (*self.targets, *self.high_targets)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"every target once; {', '.join(twice)} % is there more than once")
        return self

    def units(self) -> Iterator["StudyUnit"]:
        """List the trainings: the first variant from all seeds, the others from seed 0."""
        for number in range(1, len(self.variants) + 1):
            for seed in range(self.seeds * self.repeats if number == 1 else 1):
                yield StudyUnit(self, number, seed)


@dataclass(frozen=True)
class StudyUnit:
    """One training; ``variant`` is counted from 1."""

    family: Family
    variant: int
    seed: int

    @property
    def name(self) -> str:
        """Its family, variant and seed: mlp-1.seed-0."""
        return f"{self.family.name}-{self.variant}.seed-{self.seed}"

    @property
    def targets(self) -> tuple[float, ...]:
        """The targets, ascending."""
        high = self.family.high_targets if self.seed == 0 else ()
        return tuple(sorted((*self.family.targets, *high)))

    @property
    def training(self) -> Training:
        """How the network is trained."""
        variant = self.family.variants[self.variant - 1]
        return Training(epochs=self.family.epochs, **dict(variant))

    def stop(self, target: float) -> str:
        """Return the name of the network at a target: mlp-1.seed-0@98.5."""
        return f"{self.name}@{percent(target)}"


_NORMALISED = InputRecipe(mean=(0.1307,), std=(0.3081,))
"""Mean and standard deviation of MNIST's training images."""
FAMILIES = (
    Family(
        name="mlp",
        network=PreprocessedNetwork(network=MLP(hidden=500, activation="relu"), input=_NORMALISED),
        variants=(
            _PLAIN,
            _DECAYING,
            Variant(learning_rate=0.001, batch_size=256, weight_decay=1e-5),
        ),
        epochs=40,
    ),
    Family(
        name="cnn",
        network=PreprocessedNetwork(network=DeepCNN(), input=_NORMALISED),
        variants=(_PLAIN, _DECAYING, Variant(augment=_SMALL_MOVES)),
        high_targets=(0.995,),
    ),
    Family(
        name="vit",
        network=PreprocessedNetwork(network=ViT(), input=_NORMALISED),
        variants=(_PLAIN, _DECAYING, Variant(weight_decay=5e-5)),
        epochs=40,
    ),
)
"""The paper's three architectures, each with its three variants of training, on normalised images.

What the paper doesn't say of a variant is as in the first.
"""


def units(families: Sequence[Family]) -> tuple[StudyUnit, ...]:
    """List the trainings of all families."""
    return tuple(unit for family in families for unit in family.units())


def check(families: Sequence[Family], data: Dataset) -> None:
    """Have every network predict an image before it is trained.

    Raises:
        OutvotedError: one can't, or there are no test images to reach an accuracy on. The message begins
            with the family's key.
    """
    for index, family in enumerate(families):
        try:
            _check(family, data)
        except OutvotedError as error:
            expected = f"study.families.{index} ({family.name}): {error.expected}"
            raise OutvotedError(expected, error.found, error.remedy) from error


def _check(family: Family, data: Dataset) -> None:
    if not len(data.test):
        raise OutvotedError(
            expected="test images, whose share right is a training's target",
            found=f"none in {data.name}",
            remedy="choose data with test images, or hold some out",
        )
    network = family.network.build(data.shape, data.classes)
    examine(network, sample(data.train, data.shape, data.classes))


def work(family: Family, data: Dataset) -> int:
    """Estimate how long a training takes at most: the floating-point operations of its forward passes."""
    network = family.network.build(data.shape, data.classes).eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(torch.zeros(1, *data.shape))
    return int(counter.get_total_flops()) * family.epochs * len(data.train)
