"""One trained network that answers for candidates and for images."""

from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import nn

from outvoted.actors.data.datasets import Split
from outvoted.actors.networks import Shape
from outvoted.actors.networks.computing import own_context, tensor_of
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.exactness import Exactness, significant
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.realism import FoundImages, Realism, Seen
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.panel.twofold import Twofold
from outvoted.search.arrays import Bools, Ints, Pixels, Singles, Texts
from outvoted.search.messages import Answers, Candidates, TakeGradient
from outvoted.search.transforms import Affine

_FEWEST, _MOST, _NUMBERS = 16, 256, 2**18
"""Rows on which a network is tried: as many as have so many numbers together."""
_NOISE = 32


class Peer:
    """A network beside the seeds. What it answers is a pure function of the row; any call can be made again.

    Answers are defined in float64 and computed in float32; those that float32 cannot tell are computed again
    (:mod:`outvoted.actors.panel.exactness`). Gradients and votes, of which there are few, are float64's.
    """

    def __init__(self, network: nn.Module, renderer: Renderer, batch: Batch = "auto") -> None:
        """Take a network that maps float images in [0, 1] to logits, and what renders its candidates.

        Args:
            network: is copied, and stays as it is.
            renderer: holds the seeds; peers of one process share it.
            batch: rows that reach the network at once; a matter of speed alone.
        """
        self.renderer = renderer
        self._network, self._batch, self._rows = network, batch, 0
        self._computed: Twofold | None = None
        self._copies: Twofold | None = None
        self._realism = Realism(renderer.labels, self._real_features)

    def beside(self, renderer: Renderer) -> "Peer":
        """Return a peer of the same network, for the candidates of this renderer or another one.

        It answers as one that is made anew, and knows as little of how exactly it computes. What only takes
        time is kept: the network's copies and, where the seeds are the same, the features of real images.
        """
        other = Peer(self._network, renderer, self._batch)
        other._copies = self._computed or self._copies
        if renderer is self.renderer and self._computed is not None:
            other._computed = self._computed.begun_again()
        if renderer.seeds is self.renderer.seeds:
            other._realism = self._realism.beside(other._real_features)
        return other

    def open(self) -> None:
        """Copy the network and try it now, which is otherwise done when it is first asked.

        Raises:
            Exception: whatever a user's network raises.
        """
        if len(self.renderer.labels):
            self.logits(self.renderer.inputs(self.renderer.random(2)))

    def exactness(self) -> Exactness:
        """Return how its answers were computed so far."""
        known = Exactness() if self._computed is None else self._computed.exactness
        return replace(known, rows=self._rows)

    def ask(self, candidates: Candidates) -> Answers:
        """Render candidates from their seeds and answer for each; any number of rows."""
        parts = [candidates.rows(rows) for rows in self.renderer.parts(len(candidates))]
        logits = [self.logits(self.renderer.inputs(part)) for part in parts]
        return self.answers(candidates, torch.cat(logits) if logits else torch.empty(0, 0))

    def logits(self, inputs: torch.Tensor) -> torch.Tensor:
        """Compute logits fast, for :meth:`answers`.

        Args:
            inputs: rendered candidates (`Renderer.inputs`), at least one.
        """
        with own_context():
            return self._opened().logits(inputs)

    def answers(self, candidates: Candidates, logits: torch.Tensor) -> Answers:
        """Answer for candidates, whatever was computed fast for them: ``logits``, a row for each."""
        take = candidates.take_gradient
        if not len(candidates):
            none = None if take is None else np.empty(candidates.composed.shape, np.float32)
            return Answers(np.empty(0, np.float32), np.empty(0, np.int16), none)
        labels = self.renderer.labels[candidates.seed_id]
        self._rows += len(candidates)
        with own_context():
            exactly = partial(self._exactly, candidates)
            found = self._opened().settle(logits, labels, exactly)
        answers = Answers(found.score, found.classes, failure=found.failures)
        if take is None:
            return answers
        taken = np.where(
            found.classes == labels, take == TakeGradient.IF_CORRECT, take == TakeGradient.IF_WRONG
        )
        return self._with_gradients(answers, candidates, labels, taken)

    def vote(self, images: Pixels) -> Singles:
        """Return every class's probability for images, at least one; (n, classes), each row summing to 1."""
        pixels = tensor_of(images)
        with own_context():
            logits, _ = self._opened(pixels).canonical.logits(pixels)
            return torch.softmax(logits, dim=1).float().numpy()

    def judge(self, found: FoundImages) -> Seen:
        """Vote on at least one image, as :meth:`vote` does, and say how realistic each is."""
        pixels = tensor_of(found.images)
        with own_context():
            logits, features = self._opened(pixels).canonical.seen(pixels)
            votes = torch.softmax(logits, dim=1).float().numpy()
            realism = self._realism.of(features, found.labels, found.seed_id)
            unseen = np.isfinite(votes).all(1) & features.isnan().any(1).numpy()
            doubtful = self._realism.doubtful(found.labels) | unseen
            return Seen(votes, realism, doubtful if doubtful.any() else None)

    def classify(self, images: Pixels) -> Ints:
        """Return the class of each image's largest logit, -1 where the network fails; n >= 1 images, (n,)."""
        pixels = tensor_of(images)
        with own_context():
            network = self._opened(pixels)
            parts = [pixels[rows] for rows in self.renderer.parts(len(pixels))]
            logits = torch.cat([network.logits(part.to(self.renderer.device) / 255) for part in parts])
            none = np.zeros(len(pixels), np.int64)
            labels = logits.argmax(1).numpy() if logits.shape[1] else none
            exactly = partial(self._exactly_seen, pixels)
            return network.settle(logits, labels, exactly).classes.astype(np.int64)

    def _opened(self, images: torch.Tensor | None = None) -> Twofold:
        """Return the network both ways, tried on the seeds or, without any, on the first images."""
        if self._computed is None:
            renderer = self.renderer
            rows = max(_FEWEST, min(_MOST, _NUMBERS // int(np.prod(renderer.seeds.form))))
            if images is None or len(renderer.labels):
                some = renderer.random(rows)
                pixels, labels = renderer.pixels(some), renderer.labels[some.seed_id]
            else:
                pixels, labels = _noisy(images, rows), np.zeros(rows, np.int64)
            if self._copies is None:
                self._computed = Twofold(self._network, self._batch, renderer.device, pixels, labels)
            else:
                self._computed = self._copies.tried_on(pixels, labels)
        return self._computed

    def _real_features(self, rows: Ints) -> torch.Tensor:
        return self._opened().canonical.seen(self.renderer.seeds.of(rows))[1]

    def _exactly(self, candidates: Candidates, rows: Ints, size: int) -> tuple[torch.Tensor, Texts]:
        """Compute some of the candidates as answers are defined."""
        found = [
            self._opened().canonical.logits(self.renderer.pixels(candidates.rows(rows[part])), size)
            for part in self.renderer.parts(len(rows))
        ]
        return torch.cat([logits for logits, _ in found]), np.concatenate([said for _, said in found])

    def _exactly_seen(self, pixels: torch.Tensor, rows: Ints, size: int) -> tuple[torch.Tensor, Texts]:
        return self._opened().canonical.logits(pixels[rows], size)

    def _with_gradients(
        self, answers: Answers, candidates: Candidates, labels: Ints, taken: Bools
    ) -> Answers:
        """Add the gradient of each ``taken`` row; one that should have it and lacks it has no answer."""
        gradient = np.full(candidates.composed.shape, np.nan, np.float32)
        rows = np.flatnonzero(taken & np.isfinite(answers.score))
        if not len(rows):
            return replace(answers, gradient=gradient)
        asked = candidates.rows(rows)
        with own_context(gradients=True):
            found, failures = self._opened().canonical.gradients(
                self.renderer.differentiable,
                asked.seed_id.astype(np.int64),
                asked.composed.astype(np.float64),
                labels[rows],
            )
        gradient[rows] = significant(found)
        return _without(replace(answers, gradient=gradient), rows[failures != ""], failures[failures != ""])


def _without(answers: Answers, rows: Ints, texts: Texts) -> Answers:
    """Take back the answers of some rows, and say why."""
    if not len(rows):
        return answers
    score, predicted = answers.score.copy(), answers.predicted.copy()
    failure = np.full(len(answers), "", object) if answers.failure is None else answers.failure.copy()
    score[rows], predicted[rows], failure[rows] = np.nan, -1, texts
    return replace(answers, score=score, predicted=predicted, failure=failure)


def _noisy(images: torch.Tensor, n: int) -> torch.Tensor:
    """Return n images: those that there are, evenly taken, every other one with noise."""
    rows = torch.linspace(0, len(images) - 1, n).round().long()
    some = images[rows].float()
    noise = torch.rand(some[::2].shape, generator=torch.Generator().manual_seed(0))
    some[::2] = (some[::2] + _NOISE * (2 * noise - 1)).clamp(0, 255).round()
    return some


def voter(member: Member, shape: Shape, classes: int, batch: Batch = "auto") -> Peer:
    """Return a trained network without seeds: it votes on images, as on a panel, and is asked nothing else.

    Args:
        shape: channels, height and width of the images it was trained on.
        batch: see :class:`Peer`.

    Raises:
        OutvotedError: its weights don't fit, or are not finite.
    """
    no_seeds = Split(np.empty((0, *shape), np.uint8), np.empty(0, np.int64))
    return Peer(member.build(shape, classes), Renderer(Affine(), no_seeds), batch)
