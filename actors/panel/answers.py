"""What a network answers for a few images: whether it is one logit for each class, and always the same."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import nn

from outvoted.actors.data.datasets import Split
from outvoted.actors.networks import Shape
from outvoted.actors.networks.user_modules import Tolerant, copied
from outvoted.search.arrays import Ints, Pixels
from outvoted.search.errors import OutvotedError

_IMAGES = 6


@dataclass(frozen=True)
class Sample:
    """The few images that networks are checked on.

    Attributes:
        images: shape (n, channels, height, width), n >= 2, the last two a ramp from black to white and back.
        labels: shape (n,), 0 to classes - 1, -1 where there is none.
        classes: how many a network has to answer.
    """

    images: Pixels
    labels: Ints
    classes: int

    @property
    def shape(self) -> Shape:
        """Channels, height and width."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    def inputs(self, dtype: torch.dtype) -> torch.Tensor:
        """Return the images as networks see them, numbers in [0, 1]."""
        return torch.tensor(self.images).to(dtype) / 255


def sample(split: Split | None, shape: Shape, classes: int) -> Sample:
    """Take images evenly from a split, if there is one, and add two ramps."""
    ramp = np.linspace(0, 255, shape[0] * shape[1] * shape[2]).round().astype(np.uint8).reshape(1, *shape)
    images, labels = [ramp, ramp[..., ::-1, ::-1]], [np.full(2, -1, np.int64)]
    if split is not None and len(split):
        rows = np.unique(np.linspace(0, len(split) - 1, _IMAGES).astype(np.int64))
        images.insert(0, split.read(rows))
        labels.insert(0, split.labels[rows])
    return Sample(np.concatenate(images), np.concatenate(labels), classes)


_BATCH = 8


@dataclass(frozen=True)
class AskedNetwork:
    """A copy of a network in some precision, and the sample it is asked about.

    Attributes:
        inputs: the sample's images as the network sees them.
    """

    network: Tolerant
    sample: Sample
    inputs: torch.Tensor

    @staticmethod
    def of(network: nn.Module, sample: Sample, dtype: torch.dtype, device: torch.device) -> "AskedNetwork":
        """Copy a network, and bring the copy to a precision and a device.

        Raises:
            Exception: whatever the user's code raises meanwhile.
        """
        ready = Tolerant(copied(network), sample.classes).to(device, dtype).eval()
        return AskedNetwork(ready, sample, sample.inputs(dtype).to(device))

    @property
    def size(self) -> int:
        """Images in a batch."""
        return _BATCH

    def about(self, rows: Ints | None = None) -> tuple[torch.Tensor, tuple[str, ...]]:
        """Return logits (n, classes) in double precision for rows of the sample, and why any have none."""
        logits, failures = [], []
        wanted = torch.from_numpy(np.arange(len(self.inputs)) if rows is None else rows)
        for part in torch.split(wanted, self.size):
            full = torch.cat([part, part[-1:].expand(self.size - len(part))])
            found, said = self.network.answer(self.inputs[full.to(self.inputs.device)])
            logits.append(found.detach().to("cpu", torch.float64)[: len(part)])
            failures += list(said[: len(part)] or ("",) * len(part))
        return torch.cat(logits), tuple(failures)

    @cached_property
    def first(self) -> tuple[torch.Tensor, tuple[str, ...]]:
        """What it answered for the whole sample when it was asked first."""
        return self.about()

    @property
    def has_answers(self) -> bool:
        """Whether the network answers for any image of the sample."""
        return bool(torch.isfinite(self.first[0]).all(1).any())


def check_form(asked: AskedNetwork) -> torch.Tensor:
    """Return the logits for the sample, NaN where the network fails, which it must not for all images.

    Raises:
        OutvotedError: it fails for all.
    """
    logits, failures = asked.first
    if asked.has_answers:
        return logits
    sample = asked.sample
    expected = f"one finite logit for each of the data's {sample.classes} classes from an image of shape "
    raise OutvotedError(
        expected=f"{expected}{sample.shape}", found=failures[0], remedy=_remedy(asked, sample.classes)
    )


_REMEDY = "correct the network, its weights or its input recipe, or mine the data it was trained for"
_WRAPPER = """return the logits alone, a tensor of shape (n, classes):
            class LogitsAlone(nn.Module):
                def __init__(self, network): super().__init__(); self.network = network
                def forward(self, images): return self.network(images){}"""
_MORE = "wrap it in a module of its own whose forward takes the images alone and hands over the rest"
_TWO = "return two logits: with z the one output it has, torch.cat([torch.zeros_like(z), z], 1)"


def _remedy(asked: AskedNetwork, classes: int) -> str:
    """Look at what the network returns for what can be done about it."""
    try:
        found = asked.network.network(asked.inputs[: asked.size])
    except (Exception, SystemExit) as error:
        more = isinstance(error, TypeError) and "required positional argument" in str(error)
        return _MORE if more else _REMEDY
    if isinstance(found, torch.Tensor):
        return _TWO if classes == 2 and found.shape in ((asked.size, 1), (asked.size,)) else _REMEDY
    return _WRAPPER.format(_place(found, classes))


def _place(found: object, classes: int) -> str:
    """Return how to get at logits within what a network returns."""
    if isinstance(found, dict):
        name = next((key for key, value in found.items() if _fits(value, classes)), "logits")
        return f".{name}" if hasattr(found, str(name)) else f'["{name}"]'
    if isinstance(found, tuple | list):
        return f"[{next((index for index, value in enumerate(found) if _fits(value, classes)), 0)}]"
    named = getattr(found, "__dict__", {})
    return f".{next((key for key, value in named.items() if _fits(value, classes)), 'logits')}"


def _fits(value: object, classes: int) -> bool:
    return isinstance(value, torch.Tensor) and value.ndim == 2 and value.shape[1] == classes


_ROUNDING = 1e-4
"""Share of the largest logit by which answers computed in single precision may differ."""
_LAST_BITS = 1e-9
"""The same in double precision."""

_TWICE = "two answers when it was asked twice about the same images"
_LATER = "another answer for the same images after a few calls"
_BESIDE = "another answer for an image when other images are in its batch"
_RANDOM = (
    "leave out what is random or remembered in its forward (dropout with training=True, random augmentation, "
    "caches, counters)"
)
_MIXED = (
    "give batch normalisation its statistics (track_running_stats=True), and leave out what mixes the images "
    "of a batch"
)


def check_steady(asked: AskedNetwork, logits: torch.Tensor) -> str | None:
    """Ask again, and ask about every image among others and at another place of the batch.

    Args:
        logits: what was answered for the sample, (n, classes).

    Returns:
        What should be said of a network whose answers differ in their last bits in double precision.

    Raises:
        OutvotedError: the answers differ.
    """
    again, rows = asked.about()[0], np.arange(len(logits))
    elsewhere = torch.empty_like(logits)
    for half in (rows[1::2][::-1].copy(), rows[::2][::-1].copy()):  # the last is repeated to fill the batch
        elsewhere[torch.from_numpy(half)] = asked.about(half)[0]
    last, _ = asked.about()
    for found, what, remedy in (
        (again, _TWICE, _RANDOM),
        (last, _LATER, _RANDOM),
        (elsewhere, _BESIDE, _MIXED),
    ):
        if (apart := _apart(logits, found)) > _ROUNDING:
            raise _unsteady(what, apart, remedy)
    apart = max(_apart(logits, found) for found in (again, elsewhere, last))
    if asked.inputs.dtype == torch.float64 and apart > _LAST_BITS:
        return (
            "its answers differ in their last bits with an image's place in a batch, although it was asked "
            "in double precision: it computes in single precision somewhere; a run may not repeat exactly"
        )
    return None


def _apart(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return by how much answers differ, as a share of the largest; infinite where only one is finite."""
    finite, also = torch.isfinite(one), torch.isfinite(other)
    if not torch.equal(finite, also):
        return float("inf")
    if not finite.any():
        return 0.0
    scale = float(one[finite].abs().max())
    return float((one[finite] - other[finite]).abs().max()) / max(scale, 1e-30)


def _unsteady(found: str, apart: float, remedy: str) -> OutvotedError:
    how = "some are NaN or fail once" if apart == float("inf") else f"by {apart:.2g} times the largest output"
    return OutvotedError(
        expected="one answer for each image, whenever and beside whichever images it is asked about",
        found=f"{found} ({how})",
        remedy=remedy,
    )


def check_logits(logits: torch.Tensor, sample: Sample) -> None:
    """Refuse probabilities: a softmax of them would call every answer unsure.

    The outputs of a softmax are told by their sums, whatever they say. Numbers from 0 to 1 that don't add up
    to 1 may be logits that happen to lie there; they are taken for a sigmoid's only where the network is
    right on most images: one that learned logits to be right would not keep them so close together.

    Args:
        logits: what was answered for the sample, (n, classes).

    Raises:
        OutvotedError: they are probabilities.
    """
    finite = torch.isfinite(logits).all(1)
    answers, labels = logits[finite], torch.from_numpy(sample.labels)[finite]
    within = bool((answers >= 0).all() and (answers <= 1).all())
    if not within or not len(answers):
        return
    sums = answers.sum(1)
    varied = bool((answers != answers[0]).any())
    if varied and bool((sums - 1).abs().max() < _ROUNDING):
        raise _probabilities(
            "probabilities: numbers from 0 to 1 that sum to 1 for every image",
            "leave out the softmax at its end, or return torch.log of it",
        )
    known = labels >= 0
    right = (answers.argmax(1) == labels)[known].double()
    if len(right) > 1 and float(right.mean()) > (1 + 1 / sample.classes) / 2:
        raise _probabilities(
            f"numbers from 0 to 1 for every class and image (the largest {float(answers.max()):.3g}), as a "
            "sigmoid gives them",
            "leave out the sigmoid at its end, or return torch.logit of it",
        )


def _probabilities(found: str, remedy: str) -> OutvotedError:
    return OutvotedError(expected="logits: outputs before any softmax or sigmoid", found=found, remedy=remedy)
