"""Temperature and robustness: "Computational Analysis of Robustness in Neural Network Classifiers".

By Bečková, Pócoš and Farkaš: sigmoid networks at several temperatures (Eq. 1), how robust they are against
FGSM and changed pixels, and in which regime their hidden units operate.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import pyarrow as pa
import torch
from pydantic import Field, model_validator

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import MLP, PlainCNN
from outvoted.actors.networks.mlp import Temperature
from outvoted.actors.networks.stack import Stack
from outvoted.analysis.report.numbers import nan_mean
from outvoted.analysis.sweeps.base import Experiment, Setting, StackFigures, Unit, votes
from outvoted.analysis.sweeps.temperature.pixel_attack import attack_pixels, fooled_shares
from outvoted.analysis.sweeps.temperature.robustness import (
    class_medians,
    class_robustness,
    correlations,
    gradients,
    regime_counts,
    regime_shares,
    right_when_attacked,
)
from outvoted.search.arrays import AnyArray, Floats, Ints
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import EACH_ONCE, MayChange, plain

if TYPE_CHECKING:
    from outvoted.analysis.sweeps.opened import Findings, OpenedSweep


@dataclass(frozen=True)
class TemperatureAnswers:
    """What n networks answered on b images.

    Attributes:
        probabilities: (n, b, classes).
        magnitudes: G(x), (n, b).
        regimes: counts of linear, nonlinear and saturated pre-activations, int64 (n, 3).
        right_when_attacked: by FGSM, bool (n, epsilons, b).
        fewest: how many pixels fool the network, (n, b); None if the pixel attack was not tried.
    """

    probabilities: Floats
    magnitudes: Floats
    regimes: torch.Tensor
    right_when_attacked: AnyArray
    fewest: AnyArray | None

    @classmethod
    def joined(cls, parts: Sequence["TemperatureAnswers"]) -> "TemperatureAnswers":
        """Join the answers on several batches of images."""
        fewest = [part.fewest for part in parts if part.fewest is not None]
        return cls(
            np.concatenate([part.probabilities for part in parts], axis=1),
            np.concatenate([part.magnitudes for part in parts], axis=1),
            torch.stack([part.regimes for part in parts]).sum(0),
            np.concatenate([part.right_when_attacked for part in parts], axis=2),
            np.concatenate(fewest, axis=1) if fewest else None,
        )

    def rows(self, labels: Ints, classes: int, pixels: int) -> list[dict[str, object]]:
        """Return a row for each network, with the fields of the temperature experiment."""
        by_class = class_robustness(self.right_when_attacked, labels, classes)
        whole = nan_mean(by_class, -1)
        medians = class_medians(self.magnitudes, labels, classes)
        sure = self.probabilities[:, np.arange(len(labels)), labels]
        related = correlations(self.magnitudes, sure, labels, classes)
        regimes = regime_shares(self.regimes)
        right = (self.probabilities.argmax(2) == labels) & ~np.isnan(self.probabilities).any(2)
        fooled = None if self.fewest is None else fooled_shares(self.fewest, labels, classes, pixels)
        return [
            {
                "test_accuracy": float(right[i].mean()),
                **dict(zip(("linear", "nonlinear", "saturated"), regimes[i].tolist(), strict=True)),
                "robustness": whole[i].tolist(),
                "class_robustness": by_class[i].tolist(),
                "gradient_median": medians[i].tolist(),
                "correlation": related.coefficients[i].tolist(),
                "correlation_p": related.p_values[i].tolist(),
                "pixel_fooled": None if fooled is None else fooled[i].tolist(),
            }
            for i in range(len(right))
        ]

    def votes(self, units: Sequence[Unit], labels: Ints) -> tuple[pa.Table, ...]:
        """Return each network's rows of the `votes` table."""
        return tuple(
            votes(
                unit,
                "test",
                labels,
                self.probabilities[i],
                self.magnitudes[i],
                None if self.fewest is None else self.fewest[i],
            )
            for i, unit in enumerate(units)
        )


_BATCH = 500
_CHANNEL_LIMIT = 6  # values that the pixel attack may change: 64 combinations

_LIST = pa.list_(pa.float64())


class TemperatureExperiment(Experiment):
    """A setting for each temperature of the hidden layers' sigmoids."""

    kind: Literal["temperature"] = "temperature"
    network: Annotated[MLP | PlainCNN, Field(discriminator="kind")] = MLP(hidden=256, activation="sigmoid")
    """The network of every setting, with sigmoids in its hidden layers."""
    temperatures: Annotated[tuple[Temperature, ...], EACH_ONCE, MayChange()] = tuple(
        2.0**power for power in range(-6, 5)
    )
    """One setting for each; below 1 is a steeper sigmoid."""
    epsilons: Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], EACH_ONCE] = (0.1,)
    """Sizes of the FGSM step for pixels in 0-1; the first is the headline."""
    pixels: Annotated[int, Field(ge=0, le=_CHANNEL_LIMIT)] = 3
    """How many pixels the pixel attack may change, after the last epoch; 0 leaves it out."""

    @model_validator(mode="after")
    def _sigmoid(self) -> "TemperatureExperiment":
        if self.network.activation != "sigmoid" or self.network.temperature != 1:
            raise ValueError("network needs activation: sigmoid, its temperature left out")
        return self

    def check(self, data: Dataset) -> None:
        """Refuse more pixels than the attack can try on images with this many channels."""
        channels, height, width = data.shape
        most = min(_CHANNEL_LIMIT // channels, height * width)
        if self.pixels > most:
            raise OutvotedError(
                expected=f"experiment.pixels of at most {most} for images of shape {data.shape}",
                found=f"{self.pixels}: {2 ** (self.pixels * channels)} combinations per image",
                remedy=f"--set experiment.pixels={most}",
            )

    @property
    def epsilon(self) -> float:
        """The first of the FGSM steps."""
        return self.epsilons[0]

    def extras(self) -> Mapping[str, Iterator[pa.Table]]:
        """There are none."""
        return {}

    def findings(self, sweep: "OpenedSweep") -> "Findings":
        """Return a row for each temperature, the claims, and pictures."""
        from outvoted.analysis.sweeps.temperature.report import temperature_findings  # imports Matplotlib

        return temperature_findings(sweep)

    def stages(self) -> tuple[tuple[Setting, ...], ...]:
        """One stage with a setting for each temperature."""
        return (tuple(self._setting(temperature) for temperature in self.temperatures),)

    def _setting(self, temperature: float) -> Setting:
        network = type(self.network).model_validate({**self.network.model_dump(), "temperature": temperature})
        return Setting(f"T{plain(temperature)}", (("temperature", temperature),), network)

    def check_seeds(self, seeds: Sequence[int]) -> None:
        """Any seeds will do."""

    def data(self, setting: Setting, whole: Dataset, votes: Mapping[str, pa.Table]) -> Dataset:
        """All settings train on all of the data."""
        return whole

    def fields(self) -> list[tuple[str, pa.DataType]]:
        """Return the figures of one network after one epoch; lists are by class, or by epsilon and class.

        ``correlation`` and ``correlation_p`` have one more value, over all images. ``pixel_fooled`` is by
        class and number of pixels, and there only after the last epoch.
        """
        return [
            ("test_accuracy", pa.float64()),
            *((name, pa.float64()) for name in ("linear", "nonlinear", "saturated")),
            ("robustness", _LIST),
            ("class_robustness", pa.list_(_LIST)),
            ("gradient_median", _LIST),
            ("correlation", _LIST),
            ("correlation_p", _LIST),
            ("pixel_fooled", pa.list_(_LIST)),
        ]

    def measure(self, stack: Stack, units: Sequence[Unit], data: Dataset, last: bool) -> StackFigures:
        """Put all test images to the networks: as they are, attacked by FGSM, and at the end by pixels."""
        temperatures = [float(dict(unit.setting.values)["temperature"]) for unit in units]
        parts = [
            self._answers(stack, temperatures, images, labels, last)
            for images, labels in _batches(data, stack.device)
        ]
        answers, labels = TemperatureAnswers.joined(parts), data.test.labels
        rows = answers.rows(labels, data.classes, self.pixels)
        return StackFigures(tuple(rows), answers.votes(units, labels) if last else ())

    def _answers(
        self, stack: Stack, temperatures: list[float], images: torch.Tensor, labels: torch.Tensor, last: bool
    ) -> TemperatureAnswers:
        nets: list[torch.Tensor] = []

        def noting(inputs: torch.Tensor) -> torch.Tensor:
            nets.append(stack.hidden(inputs))
            return stack.head(nets[-1])

        given = gradients(noting, stack.size, images, labels)
        regimes = regime_counts(nets[0].detach(), temperatures)
        right = right_when_attacked(stack, images, labels, given.values, self.epsilons)
        fewest = None
        if last and self.pixels:
            fewest = attack_pixels(stack, images, labels, given, self.pixels).fewest.cpu().numpy()
        return TemperatureAnswers(
            probabilities=given.logits.softmax(2).cpu().numpy(),
            magnitudes=given.magnitudes.cpu().numpy(),
            regimes=regimes.cpu(),
            right_when_attacked=right.cpu().numpy(),
            fewest=fewest,
        )


def _batches(data: Dataset, device: torch.device) -> list[tuple[torch.Tensor, torch.Tensor]]:
    images = torch.tensor(data.test.images).to(device).float() / 255
    labels = torch.tensor(data.test.labels.astype(np.int64)).to(device)
    return list(zip(torch.split(images, _BATCH), torch.split(labels, _BATCH), strict=True))
