"""A network computed twice where once is not enough: fast in float32, and as its answers are defined."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from outvoted.actors.networks.computing import exact_device
from outvoted.actors.networks.user_modules import is_machines
from outvoted.actors.panel.canonical import FEW, MANY, Canonical
from outvoted.actors.panel.exactness import Bound, Differences, Exactness, Reading, log_odds, on_grid
from outvoted.actors.panel.fast import Batch, Fast
from outvoted.search.arrays import Bools, Ints, Singles, Texts

_AUDITED = 4096
"""Rows after which some are computed twice, if none had to be."""

Exactly = Callable[[Ints, int], tuple[torch.Tensor, Texts]]
"""Computes rows as answers are defined, in batches of a size: their logits, and why one has none."""


@dataclass(frozen=True)
class Settled:
    """Answers that float64 would give too, for n rows.

    Attributes:
        score: shape (n,), the labels' log-odds on the grid.
        classes: shape (n,), -1 where the network has no answer.
        failures: shape (n,), why it has none, "" where it has; None if all have.
    """

    score: Singles
    classes: NDArray[np.int16]
    failures: Texts | None


class Twofold:
    """A network in float32 and in float64, and by how much the two differ.

    Rows that have to be computed twice, and those that fill their last batch, show in every call whether the
    bound holds. If it doesn't, it is widened, and the call is answered by the wider one.
    """

    def __init__(
        self,
        network: nn.Module,
        batch: Batch,
        device: torch.device,
        pixels: torch.Tensor,
        labels: Ints,
    ) -> None:
        """Copy a network; by how much its float32 differs is measured at the first call of :meth:`logits`.

        Args:
            batch: rows that reach it at once, fast.
            pixels: what it is tried on: grey levels, shape (n, channels, height, width), n >= 2.
            labels: shape (n,).
        """
        self._network, self._batch, self._device = network, batch, device
        self.canonical = Canonical(network, pixels, exact_device(device))
        self._fast: Fast | None = None
        self._begin(pixels, labels)

    def tried_on(self, pixels: torch.Tensor, labels: Ints) -> "Twofold":
        """Return the same network, tried on other images, as if it were copied for them anew.

        The copies themselves are kept, where new ones would be of the same types: only time tells.
        """
        if self.canonical.dtype != torch.float64 or not self.canonical.answers(pixels):
            return Twofold(self._network, self._batch, self._device, pixels, labels)
        other = copy(self)
        other._begin(pixels, labels)
        return other

    def begun_again(self) -> "Twofold":
        """Return the same network, tried on the same images, that has not been asked anything else yet."""
        other = copy(self)
        other.exactness = Exactness(self.exactness.precision, self._measured)
        other._calls = other._unseen = 0
        return other

    def _begin(self, pixels: torch.Tensor, labels: Ints) -> None:
        """Know nothing yet but the images that the network is to be tried on."""
        self.exactness = Exactness(str(self.canonical.dtype).removeprefix("torch."))
        self._measured: Bound | None = None
        self._untried: tuple[torch.Tensor, Ints] | None = None
        if self.canonical.dtype == torch.float64:
            self._untried = pixels.to(self._device, torch.float32), labels
        self._calls = self._unseen = 0

    def logits(self, inputs: torch.Tensor) -> torch.Tensor:
        """Compute logits (n, classes) fast, on the CPU then; none, (n, 0), where that tells nothing."""
        if self._untried is not None:
            self._try(*self._untried)
        if self._fast is None or self.exactness.bound is None:
            return torch.empty(len(inputs), 0)
        return self._fast.logits(inputs).cpu()

    def settle(self, logits: torch.Tensor, labels: Ints, exactly: Exactly) -> Settled:
        """Compute again what cannot be told from ``logits``, as :meth:`logits` gave them for n >= 1 rows."""
        bound = self.exactness.bound
        if bound is None or not logits.shape[1]:
            exact, failures = exactly(np.arange(len(labels)), MANY)
            return _settled(exact, labels, failures)
        read = Reading.of(logits, labels)
        score, classes = on_grid(read.odds), read.classes.astype(np.int16)
        rows = self._filled(bound.unsure(read))
        if not len(rows):
            return Settled(score, classes, None)
        exact, failures = exactly(rows, FEW)
        if not self._holds(bound, Differences.between(logits[rows], exact, labels[rows])):
            return self.settle(logits, labels, exactly)
        again = _settled(exact, labels[rows], failures)
        score[rows], classes[rows] = again.score, again.classes
        if again.failures is None:
            return Settled(score, classes, None)
        failed = np.full(len(labels), "", object)
        failed[rows] = again.failures
        return Settled(score, classes, failed)

    def _try(self, pixels: torch.Tensor, labels: Ints) -> None:
        """Measure by how much float32 differs, if the network has answers in it."""
        self._untried = None
        try:
            fast = self._fast or Fast(self._network, self._batch, pixels / 255)
        except Exception as error:  # it can't be converted, say; float64 can do without
            if is_machines(error):
                raise
            return
        logits = fast.logits(pixels / 255).cpu()
        if bool(torch.isfinite(logits).all(1).any()):
            exact, _ = self.canonical.logits(pixels)
            bound = Bound.measured(Differences.between(logits, exact, labels))
            self._fast, self._measured = fast, bound if bound.useful else None
            self.exactness = replace(self.exactness, bound=self._measured)

    def _holds(self, bound: Bound, seen: Differences) -> bool:
        """Note what computing some rows twice has shown; widen the bound if they are too far apart."""
        holds, known = bound.holds(seen), self.exactness
        if not holds:
            bound = bound.widened(seen)
        self.exactness = replace(
            known,
            bound=bound if bound.useful else None,
            again=known.again + len(seen.score),
            largest=max(known.largest, float(seen.score.max())),
            widened=known.widened + (not holds),
        )
        return holds

    def _filled(self, unsure: Bools) -> Ints:
        """Return the unsure rows, and others that fill their last batch."""
        rows, n, size = np.flatnonzero(unsure), len(unsure), self.canonical.batch(FEW)
        self._calls += 1
        self._unseen += n
        due = size if not len(rows) and self._unseen >= _AUDITED else 0
        if not len(rows) and not due:
            return rows
        self._unseen, missing = 0, due or -len(rows) % size
        others = (np.arange(missing) * n // max(missing, 1) + self._calls) % n
        return np.union1d(rows, others)


def _settled(exact: torch.Tensor, labels: Ints, failures: Texts) -> Settled:
    """Answer as is defined, from logits (n, classes) computed so; -1 where one is not a number."""
    classes = exact.argmax(1).masked_fill(exact.isnan().any(1), -1)
    odds = log_odds(exact, torch.from_numpy(labels)).numpy()
    return Settled(
        on_grid(odds), classes.numpy().astype(np.int16), failures if (failures != "").any() else None
    )
