"""A network computed twice where once is not enough: fast in float32, and as its answers are defined."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from outvoted.actors.networks.computing import exact_device
from outvoted.actors.networks.user_modules import is_machines
from outvoted.actors.panel.canonical import FEW, MANY, Canonical
from outvoted.actors.panel.exactness import Bound, Differences, Exactness, log_odds
from outvoted.actors.panel.fast import Batch, Fast
from outvoted.search.arrays import Bools, Ints, Texts

_AUDITED = 4096
"""Rows after which some are computed twice, if none had to be."""

Exactly = Callable[[Ints, int], tuple[torch.Tensor, Texts]]
"""Computes rows as answers are defined, in batches of a size: their logits, and why one has none."""


@dataclass(frozen=True)
class Settled:
    """Answers that float64 would give too, for n rows.

    Attributes:
        odds: shape (n,), of the labels; on the grid they are those of float64.
        classes: shape (n,), -1 where the network has no answer.
        failures: shape (n,), why it has none, "" where it has; None if all have.
    """

    odds: torch.Tensor
    classes: torch.Tensor
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
        labels: torch.Tensor,
    ) -> None:
        """Copy a network; by how much its float32 differs is measured at the first call of :meth:`logits`.

        Args:
            batch: rows that reach it at once, fast.
            pixels: what it is tried on: grey levels, shape (n, channels, height, width), n >= 2.
            labels: shape (n,), on the CPU.
        """
        self._network, self._batch, self._device = network, batch, device
        self.canonical = Canonical(network, pixels, exact_device(device))
        self._fast: Fast | None = None
        self._begin(pixels, labels)

    def tried_on(self, pixels: torch.Tensor, labels: torch.Tensor) -> "Twofold":
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

    def _begin(self, pixels: torch.Tensor, labels: torch.Tensor) -> None:
        """Know nothing yet but the images that the network is to be tried on."""
        self.exactness = Exactness(str(self.canonical.dtype).removeprefix("torch."))
        self._measured: Bound | None = None
        self._untried: tuple[torch.Tensor, torch.Tensor] | None = None
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

    def settle(self, logits: torch.Tensor, labels: torch.Tensor, exactly: Exactly) -> Settled:
        """Compute again what cannot be told from ``logits``, as :meth:`logits` gave them for n >= 1 rows."""
        bound = self.exactness.bound
        if bound is None or not logits.shape[1]:
            exact, failures = exactly(np.arange(len(labels)), MANY)
            return Settled(log_odds(exact, labels), classes_of(exact), _said(failures))
        odds, classes = log_odds(logits, labels), classes_of(logits)
        rows = self._filled(bound.unsure(logits, odds))
        if not len(rows):
            return Settled(odds, classes, None)
        exact, failures = exactly(rows, FEW)
        if not self._holds(bound, Differences.between(logits[rows], exact, labels[rows])):
            return self.settle(logits, labels, exactly)
        odds, failed = odds.double(), np.full(len(labels), "", object)
        odds[rows], classes[rows], failed[rows] = log_odds(exact, labels[rows]), classes_of(exact), failures
        return Settled(odds, classes, _said(failed))

    def _try(self, pixels: torch.Tensor, labels: torch.Tensor) -> None:
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
        missing = due or -len(rows) % size
        if len(rows) or due:
            self._unseen = 0
        others = (np.arange(missing) * n // max(missing, 1) + self._calls) % n
        return np.union1d(rows, others)


def classes_of(logits: torch.Tensor) -> torch.Tensor:
    """Return the class of the largest logit of each row, -1 where one is not a number."""
    return logits.argmax(1).masked_fill(logits.isnan().any(1), -1)


def _said(failures: Texts) -> Texts | None:
    return failures if (failures != "").any() else None
