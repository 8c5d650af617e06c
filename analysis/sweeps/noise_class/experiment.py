"""The value of training images, and a class of random noise.

"Towards an Understanding of Neural Networks in Natural-Image Spaces" by Fan and Yezzi, section 5.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from pydantic import Field, model_validator

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.data.noises import Gaussian, NoiseClass, Uniform, with_noise
from outvoted.actors.data.selection import Criteria, Selection
from outvoted.actors.networks import MLP, PlainCNN
from outvoted.actors.networks.stack import Stack
from outvoted.analysis.sweeps.base import Experiment, Setting, StackFigures, Unit, peer_name
from outvoted.analysis.sweeps.base import votes as votes_of
from outvoted.analysis.sweeps.noise_class.step_function import FITS, StepFunction, fits
from outvoted.search.arrays import Bools, Floats, Ints
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import MayChange, plain

if TYPE_CHECKING:
    from outvoted.analysis.sweeps.opened import Findings, OpenedSweep

_PER = 10_000


@dataclass(frozen=True)
class Metrics:
    """Figures of n networks on the same test images, each of shape (n,): tables 1 and 3.

    A mean over no image, or over images without an answer, is NaN.

    Attributes:
        test_accuracy: share of images classified correctly, the paper's A.
        correct_confidence: mean probability of the predicted class over correctly classified images, P_c.
        wrong_confidence: the same over misclassified images, P_s.
        wrong_truth: mean probability of the true class over misclassified images, P_g.
        noise: images classified as noise, per 10,000, N; NaN without a noise class.
    """

    test_accuracy: Floats
    correct_confidence: Floats
    wrong_confidence: Floats
    wrong_truth: Floats
    noise: Floats


METRICS = tuple(field.name for field in fields(Metrics))


def metrics(logits: torch.Tensor, labels: torch.Tensor, classes: int) -> Metrics:
    """Measure networks by their logits for test images.

    An image classified as noise is misclassified, as is one whose logits are not numbers.

    Args:
        logits: shape (n, images, classes), or (n, images, classes + 1) with a noise class, the last.
        labels: shape (images,), 0 to classes - 1.
        classes: the number of classes without noise.

    Raises:
        OutvotedError: the logits have another shape.
    """
    _check(logits, labels, classes)
    probabilities = torch.softmax(logits.detach().double(), dim=2).cpu().numpy()
    truth = labels.cpu().numpy()
    predicted = probabilities.argmax(axis=2)
    answered = ~np.isnan(probabilities).any(axis=2)
    right = (predicted == truth) & answered
    highest = probabilities.max(axis=2)
    of_truth = np.take_along_axis(probabilities, truth[None, :, None], axis=2)[:, :, 0]
    noise = ((predicted == classes) & answered).mean(axis=1) * _PER
    return Metrics(
        test_accuracy=right.mean(axis=1),
        correct_confidence=_mean(highest, right),
        wrong_confidence=_mean(highest, ~right),
        wrong_truth=_mean(of_truth, ~right),
        noise=noise if logits.shape[2] > classes else np.full(len(logits), np.nan),
    )


def _mean(values: Floats, among: Bools) -> Floats:
    """Return the mean of each row's values where ``among`` is true; NaN if it never is."""
    number = among.sum(axis=1)
    empty = np.full(len(values), np.nan)
    return np.asarray(np.divide(np.where(among, values, 0).sum(axis=1), number, out=empty, where=number > 0))


def _check(logits: torch.Tensor, labels: torch.Tensor, classes: int) -> None:
    images = len(labels)
    if images and logits.ndim == 3 and logits.shape[1] == images and logits.shape[2] - classes in (0, 1):
        return
    raise OutvotedError(
        expected=f"outputs of shape (networks, {images}, {classes}), or {classes + 1} with a noise class",
        found=f"shape {tuple(logits.shape)}" if images else "no test image",
        remedy="give one row of outputs for each network and test image",
    )


WHOLE = "all"
"""The setting of networks trained on all training images, without noise."""
_BATCH = 500
_Share = Annotated[float, Field(gt=0, le=1)]


class NoiseClassExperiment(Experiment):
    """Networks trained on all images, on selections of them, and with classes of random noise."""

    kind: Literal["noise-class"] = "noise-class"
    network: Annotated[MLP | PlainCNN, Field(discriminator="kind")] = PlainCNN()
    """The network of every setting."""
    selections: Annotated[tuple[Criteria, ...], MayChange()] = ("lc+ls", "lc+hs", "hc+ls", "hc+hs")
    """Which images networks are trained on: among those classified correctly the ones of lower or higher
    confidence (lc, hc), among the others the ones of lower or higher spuriousness (ls, hs)."""
    fractions: Annotated[tuple[_Share, ...], MayChange()] = (0.25, 0.5, 0.75, 0.8)
    """Shares of the correctly and of the wrongly classified images that a selection takes (table 2)."""
    sorted_by: Annotated[int, Field(ge=0)] = 0
    """Seed of the network, trained on all images, whose votes sort them."""
    beside: NoiseClass | None = NoiseClass(noise=Uniform(), number=5)
    """A class of noise with which every selection is trained again (table 3)."""
    noises: Annotated[tuple[NoiseClass, ...], MayChange()] = (NoiseClass(noise=Gaussian(deviation=70)),)
    """Classes of noise with which all images are trained (Figs. 9 to 12)."""
    step: StepFunction = StepFunction()
    """How a step is fitted from two training sets (Fig. 5), whatever the data."""

    @model_validator(mode="after")
    def _each_once(self) -> "NoiseClassExperiment":
        labels = [setting.label for stage in self.stages() for setting in stage]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"each setting once; {', '.join(twice)} is there more than once")
        if bool(self.selections) != bool(self.fractions):
            raise ValueError("selections need fractions, and fractions selections; or leave both empty")
        return self

    def check(self, data: Dataset) -> None:
        """Refuse noise that does not fit the images, or amounts to no image."""
        for wanted in (*self.noises, *([self.beside] if self.beside else [])):
            wanted.noise.check(data.shape)
            wanted.images(data)

    @property
    def epsilon(self) -> None:
        """None: networks are not attacked."""
        return None

    def extras(self) -> Mapping[str, Iterator[pa.Table]]:
        """Return the fits of the step (Fig. 5)."""
        return {FITS.name: fits(self.step)}

    def findings(self, sweep: "OpenedSweep") -> "Findings":
        """Return tables 2 and 3, a row for each noise, the claims, and pictures."""
        from outvoted.analysis.sweeps.noise_class.report import noise_findings  # imports Matplotlib

        return noise_findings(sweep)

    def stages(self) -> tuple[tuple[Setting, ...], ...]:
        """First what trains on all images, then the selections made by one of those networks."""
        whole = [self._setting(None, noise) for noise in (None, *self.noises)]
        parts = [
            self._setting(Selection(criteria=criteria, fraction=fraction), noise)
            for fraction in self.fractions
            for criteria in self.selections
            for noise in ((None, self.beside) if self.beside else (None,))
        ]
        return (tuple(whole), tuple(parts))

    def check_seeds(self, seeds: Sequence[int]) -> None:
        """Selections need the network that sorts the images."""
        sorts = any(setting.needs for stage in self.stages() for setting in stage)
        if sorts and self.sorted_by not in seeds:
            raise ValueError(f"experiment.sorted_by names a network: {self.sorted_by} must be one of seeds")

    def data(self, setting: Setting, whole: Dataset, votes: Mapping[str, pa.Table]) -> Dataset:
        """Select images, or take all, then add noise: as many images as the whole set would get."""
        selection, noise = self._parts(setting)
        data = whole
        if selection is not None:
            (table,) = votes.values()
            rows = _selected(selection, table)
            data = replace(whole, train=whole.train.some(rows))
        data = replace(data, declared=whole.classes)  # a selection may lack a class
        return data if noise is None else with_noise(data, noise, noise.images(whole))

    def fields(self) -> list[tuple[str, pa.DataType]]:
        """Return the paper's metrics of one network on the test images."""
        return [(name, pa.float64()) for name in METRICS]

    def measure(self, stack: Stack, units: Sequence[Unit], data: Dataset, last: bool) -> StackFigures:
        """Put the test images to the networks, and at the end the training images to those that sort them."""
        answered, labels = _logits(stack, data.test), data.test.labels
        found = metrics(answered, torch.tensor(labels), data.classes - units[0].setting.more_classes)
        figures = asdict(found)
        rows: tuple[dict[str, object], ...] = tuple(
            {name: float(values[i]) for name, values in figures.items()} for i in range(len(units))
        )
        return StackFigures(rows, self._votes(stack, units, data, answered) if last else ())

    def _votes(
        self, stack: Stack, units: Sequence[Unit], data: Dataset, answered: torch.Tensor
    ) -> tuple[pa.Table, ...]:
        """Return the votes on test images, and on training images where they may sort them."""
        splits = [("test", data.test, answered)]
        if units[0].setting.label == WHOLE:
            splits.append(("train", data.train, _logits(stack, data.train)))
        return tuple(
            pa.concat_tables(
                [
                    votes_of(unit, name, split.labels, logits[i].softmax(1).numpy())
                    for name, split, logits in splits
                ]
            )
            for i, unit in enumerate(units)
        )

    def _setting(self, selection: Selection | None, noise: NoiseClass | None) -> Setting:
        """Label a setting by what it trains on: hc+ls-0.25, all+gaussian-127.5-70-x1."""
        chosen = WHOLE if selection is None else selection.label
        added = _added(noise)
        label = chosen if noise is None else f"{chosen}+{added}"
        values = (("selection", chosen), ("noise", added))
        needs = () if selection is None else (f"{WHOLE}.{peer_name(self.sorted_by)}",)
        return Setting(label, values, self.network, label, needs, more_classes=int(noise is not None))

    def _parts(self, setting: Setting) -> tuple[Selection | None, NoiseClass | None]:
        """Return what a setting of this experiment trains on."""
        wanted = dict(setting.values)
        noises = (*self.noises, *([self.beside] if self.beside else []))
        noise = next((noise for noise in noises if _added(noise) == wanted["noise"]), None)
        selections = (Selection(criteria=c, fraction=f) for c in self.selections for f in self.fractions)
        return next((one for one in selections if one.label == wanted["selection"]), None), noise


def _added(noise: NoiseClass | None) -> str:
    if noise is None:
        return "none"
    seed = f"-seed{noise.seed}" if noise.seed else ""
    return f"{noise.noise.label}-x{plain(noise.number)}{seed}"


def _logits(stack: Stack, split: Split) -> torch.Tensor:
    """Return the networks' logits for a split: (n, images, classes)."""
    found = []
    with torch.inference_mode():
        for images in torch.split(torch.tensor(split.images), _BATCH):
            found.append(stack(images.to(stack.device).float() / 255).cpu())
    return torch.cat(found, dim=1)


def _selected(selection: Selection, votes: pa.Table) -> Ints:
    trained = votes.filter(pc.equal(votes["split"], "train"))
    labels, predicted, confidence = (
        trained[name].to_numpy() for name in ("label", "predicted", "confidence")
    )
    return selection.rows(labels, predicted, confidence)
