"""The interface of an experiment: which settings there are, and what is measured of their networks."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import MLP, Architecture, PlainCNN
from outvoted.actors.networks.stack import Stack
from outvoted.actors.runs import schema
from outvoted.search.arrays import AnyArray, Floats, Ints
from outvoted.search.settings import Settings

if TYPE_CHECKING:
    from outvoted.analysis.sweeps.opened import Findings, OpenedSweep


@dataclass(frozen=True)
class Setting:
    """What the replicates of one setting have in common.

    Attributes:
        label: unique within the sweep; fit for a file name.
        values: its hyper-parameters by name, for TensorBoard's table.
        network: what is trained.
        samples: names the training samples; settings with the same samples can be trained together.
        needs: names the units whose votes choose the samples.
        more_classes: how many classes its networks have beyond those of the data: 1 with a class of noise.
    """

    label: str
    values: tuple[tuple[str, float | str], ...]
    network: Architecture
    samples: str = ""
    needs: tuple[str, ...] = ()
    more_classes: int = 0


@dataclass(frozen=True)
class Unit:
    """One network of a sweep: a replicate of a setting."""

    setting: Setting
    seed: int

    @property
    def name(self) -> str:
        """The name of its rows and files."""
        return f"{self.setting.label}.{peer_name(self.seed)}"


def peer_name(seed: int) -> str:
    """Name a network among the replicates of its setting: the same in all settings."""
    return f"seed-{seed}"


@dataclass(frozen=True)
class StackFigures:
    """What was measured of the networks in a stack after an epoch.

    Attributes:
        rows: a value for each of the experiment's fields, network by network; None if it wasn't measured.
        votes: each network's rows of the `votes` table; empty before the last epoch.
    """

    rows: tuple[dict[str, object], ...]
    votes: tuple[pa.Table, ...] = ()


class Experiment(ABC, Settings):
    """What a sweep varies and what it measures."""

    network: MLP | PlainCNN
    """What is trained: a kind whose networks can be trained together."""

    @abstractmethod
    def stages(self) -> tuple[tuple[Setting, ...], ...]:
        """List the settings stage by stage; later stages need the votes of those before."""

    @abstractmethod
    def data(self, setting: Setting, whole: Dataset, votes: Mapping[str, pa.Table]) -> Dataset:
        """Return what a setting's networks are trained and tested on; a pure function of its arguments.

        Args:
            whole: the sweep's data set.
            votes: tables by the names of the units that the setting needs.

        Raises:
            OutvotedError: the samples that the setting names do not exist.
        """

    @abstractmethod
    def fields(self) -> list[tuple[str, pa.DataType]]:
        """Return the columns that :meth:`measure` fills."""

    @abstractmethod
    def measure(self, stack: Stack, units: Sequence[Unit], data: Dataset, last: bool) -> StackFigures:
        """Measure a stack of networks, one for each unit; with votes after the ``last`` epoch."""

    @abstractmethod
    def check(self, data: Dataset) -> None:
        """Refuse data that the experiment cannot run on.

        Raises:
            OutvotedError: with what to change.
        """

    @abstractmethod
    def check_seeds(self, seeds: Sequence[int]) -> None:
        """Refuse seeds that lack one that the experiment names.

        Raises:
            ValueError: with the one that is missing.
        """

    @property
    @abstractmethod
    def epsilon(self) -> float | None:
        """The FGSM step of the first value in column ``robustness``; None if there is no such column."""

    @abstractmethod
    def extras(self) -> Mapping[str, Iterator[pa.Table]]:
        """Return tables beside the networks' rows, by name, in parts that are computed one by one."""

    @abstractmethod
    def findings(self, sweep: "OpenedSweep") -> "Findings":
        """Return what the networks trained so far show.

        Raises:
            OutvotedError: data or a file is missing.
        """


def votes(
    unit: Unit,
    split: str,
    labels: Ints,
    probabilities: Floats,
    gradient: AnyArray | None = None,
    pixels: AnyArray | None = None,
) -> pa.Table:
    """Return a row of the `votes` table for each image, in the split's order.

    Args:
        labels: shape (b,).
        probabilities: (b, classes), perhaps with one class more than the labels: noise.
        gradient, pixels: (b,), if measured.
    """
    images = np.arange(len(labels))
    absent = np.full(len(labels), None)
    columns = {
        "setting": [unit.setting.label] * len(labels),
        "seed": [unit.seed] * len(labels),
        "split": [split] * len(labels),
        "image_id": images,
        "label": labels,
        "predicted": probabilities.argmax(1),
        "confidence": probabilities.max(1),
        "label_probability": probabilities[images, labels],
        "gradient": absent if gradient is None else gradient,
        "pixels": absent if pixels is None else pixels,
    }
    return schema.VOTES.table(columns)
