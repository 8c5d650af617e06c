"""One trained network that answers for candidates and for images."""

import warnings
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from outvoted.actors.data.datasets import Split
from outvoted.actors.networks import Shape
from outvoted.actors.networks.computing import USUAL, Arithmetic, own_context, own_device
from outvoted.actors.networks.members import Member
from outvoted.actors.networks.user_modules import answered, is_machines, told
from outvoted.search.arrays import AnyArray, Bools, Ints, Pixels, Singles
from outvoted.search.messages import Answers, Candidates, TakeGradient
from outvoted.search.transforms import Affine, Transform


class Peer:
    """A network with the seeds beside it; stateless, so any call can be made again.

    The network runs in float64, unless told otherwise, and its answers are rounded to float32. In float32,
    sums differ in their last bits with a row's place in the batch (seen in matrix products whose width is
    no multiple of four, and in convolutions); in float64 that noise lies nine orders of magnitude below
    what is kept.
    """

    def __init__(
        self, network: nn.Module, transform: Transform, seeds: Split, arithmetic: Arithmetic = USUAL
    ) -> None:
        """Take a network that maps float images in [0, 1] to logits, and the seed data set."""
        self._batch, self._dtype = arithmetic.batch, arithmetic.dtype
        self._device = own_device()
        self._transform = transform
        with own_context():
            self._network = network.to(self._device, self._dtype).eval()
            for parameter in self._network.parameters():  # TorchScript has no requires_grad_ of its own
                parameter.requires_grad_(False)
            self._seeds = _tensor(seeds.images).to(self._device)
            self._labels = _tensor(seeds.labels).to(self._device)

    def ask(self, candidates: Candidates) -> Answers:
        """Render candidates from their seeds and answer for each; any number of rows."""
        if not len(candidates):
            none = (
                None if candidates.take_gradient is None else np.empty(candidates.composed.shape, np.float32)
            )
            return Answers(np.empty(0, np.float32), np.empty(0, np.int16), none)
        size = self._batch
        parts = [candidates.rows(slice(first, first + size)) for first in range(0, len(candidates), size)]
        return Answers.joined([self._answer(part) for part in parts])

    def _answer(self, part: Candidates) -> Answers:
        """Answer for one batch; gradients are taken where they are asked for, the rows beside come along."""
        n, take = len(part), part.take_gradient
        wanted = take is not None and bool(take.any())
        with own_context(gradients=wanted):
            seed_id = _padded(part.seed_id.astype(np.int64), self._batch).to(self._device)
            composed = _padded(part.composed, self._batch).to(self._device).requires_grad_(wanted)
            pixels = self._transform.render(self._seeds.index_select(0, seed_id), composed)
            logits, failures = answered(self._network, pixels.to(self._dtype) / 255)
            labels = self._labels.index_select(0, seed_id)
            odds = log_odds(logits, labels)
            classes = logits.detach().argmax(1).masked_fill(logits.detach().isnan().any(1), -1)
            answers = Answers(
                odds.detach().float().cpu().numpy()[:n],
                classes.cpu().numpy()[:n].astype(np.int16),
                failure=np.array(failures[:n], object) if failures else None,
            )
            if take is None:
                return answers
            correct = answers.predicted == labels.cpu().numpy()[:n]
            taken = np.where(correct, take == TakeGradient.IF_CORRECT, take == TakeGradient.IF_WRONG)
            return _with_gradients(answers, odds, composed, taken)

    def vote(self, images: Pixels) -> Singles:
        """Return every class's probability for images, at least one; (n, classes), each row summing to 1."""
        parts = []
        with own_context():
            for first in range(0, len(images), self._batch):
                part = images[first : first + self._batch]
                logits = self._network(_padded(part, self._batch).to(self._device, self._dtype).mul_(1 / 255))
                parts.append(torch.softmax(logits, dim=1).float().cpu().numpy()[: len(part)])
        return np.concatenate(parts)

    def classify(self, images: Pixels) -> Ints:
        """Return the most probable class of images, at least one, -1 where the network fails; shape (n,)."""
        votes = self.vote(images)
        return np.where(np.isfinite(votes).all(axis=1), votes.argmax(axis=1), -1)


def voter(member: Member, shape: Shape, classes: int, arithmetic: Arithmetic = USUAL) -> Peer:
    """Return a trained network without seeds: it votes on images, as on a panel, and is asked nothing else.

    Args:
        shape: channels, height and width of the images it was trained on.

    Raises:
        OutvotedError: its weights don't fit, or are not finite.
    """
    no_seeds = Split(np.empty((0, *shape), np.uint8), np.empty(0, np.int64))
    return Peer(member.build(shape, classes), Affine(), no_seeds, arithmetic)


def _with_gradients(answers: Answers, odds: torch.Tensor, composed: torch.Tensor, taken: Bools) -> Answers:
    """Add the gradient of each ``taken`` row; rows that should have one and don't have no answer at all."""
    gradient = np.full((len(answers), composed.shape[1]), np.nan, np.float32)
    if not (taken & np.isfinite(answers.score)).any():  # a network that failed on every row has no gradient
        return replace(answers, gradient=gradient)
    try:
        (found,) = torch.autograd.grad(odds.sum(), composed)
    except Exception as error:  # the network is the user's, and so is its backward pass
        if is_machines(error):
            raise
        return _without(answers, gradient, taken, f"no gradient, {told(error)}")
    gradient[taken] = found.cpu().numpy()[: len(answers)][taken]
    return replace(answers, gradient=gradient)


def _without(answers: Answers, gradient: Singles, taken: Bools, text: str) -> Answers:
    """Take back the answers of ``taken`` rows, and say why."""
    before = np.full(len(answers), "", object) if answers.failure is None else answers.failure
    return Answers(
        np.where(taken, np.float32(np.nan), answers.score),
        np.where(taken, np.int16(-1), answers.predicted),
        gradient,
        np.where(taken & (before == ""), text, before),
    )


def log_odds(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return log(p / (1 - p)) of each row's label, shape (n,), from logits (n, classes)."""
    own = logits.gather(1, labels[:, None])[:, 0]
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return own - torch.logsumexp(others, dim=1)


def _padded(rows: AnyArray, batch: int) -> torch.Tensor:
    """Repeat the last row until there are ``batch`` of them."""
    missing = batch - len(rows)
    return _tensor(np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)]) if missing else rows)


def _tensor(array: AnyArray) -> torch.Tensor:
    """View an array as a tensor without copying, also one that Ray shares between processes read-only."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(array))
