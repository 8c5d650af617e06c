"""A network as its answers are defined: in float64, in batches of one small shape."""

from collections.abc import Callable
from math import prod

import numpy as np
import torch
from torch import nn

from outvoted.actors.networks.user_modules import Tolerant, is_machines, ready_copy, told
from outvoted.actors.panel.exactness import log_odds
from outvoted.actors.panel.realism import WithFeatures
from outvoted.actors.runs.beats import beat
from outvoted.search.arrays import Floats, Ints, Texts

FEW, MANY = 4, 32
"""Rows of a batch: of those that are computed a second time, and of all others."""
_NUMBERS = 2**15
"""Numbers of a batch of large images, so that little is computed in vain where a few rows fill one."""
_FEWEST = 2  # a forward that squeezes its tensors would lose the rows of a batch of one


class Canonical:
    """A copy of a network in float64; in float32 if it has no answer in float64.

    The sums of float64 too depend on a row's place in the batch, in bits that lie nine orders of magnitude
    below the grid.
    """

    def __init__(self, network: nn.Module, probe: torch.Tensor, device: torch.device) -> None:
        """Take a network and a few images, grey levels (n, channels, height, width), to try it on."""
        self._device, self._numbers = device, prod(probe.shape[1:])
        for dtype in (torch.float64, torch.float32, torch.float64):
            self._network, self.dtype = ready_copy(network, dtype, device), dtype
            if self.answers(probe):
                break
        self._seeing: tuple[Tolerant, int] | None = None

    def logits(self, pixels: torch.Tensor, rows: int = MANY) -> tuple[torch.Tensor, Texts]:
        """Return logits (n, classes) in float64 on the CPU, and why a row has none, "" where it has.

        Args:
            pixels: grey levels, shape (n, channels, height, width), n >= 1.
            rows: of a batch; the last one is filled with its last row.
        """
        return self._answered(self._network, pixels, rows)

    def seen(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits (n, classes) as :meth:`logits` does, and the features (n, size) they are made of.

        An image that has no answer has NaN for both.
        """
        self._seeing = self._seeing or self._with_features(pixels)
        if self._seeing is None:
            return self.logits(pixels)[0], torch.full((len(pixels), 1), torch.nan)
        network, classes = self._seeing
        found, _ = self._answered(network, pixels, MANY)
        return found[:, :classes], found[:, classes:]

    def _with_features(self, pixels: torch.Tensor) -> tuple[Tolerant, int] | None:
        """Return the network with its features, and its number of classes; None if it fails on all images."""
        inner = WithFeatures(self._network.network)
        for image in torch.split(pixels, 1):
            full = self._inputs(image.expand(self.batch(MANY), -1, -1, -1))
            logits = self._network.at_once(full)
            if bool(torch.isfinite(logits).all()):
                try:
                    return Tolerant(inner, inner(full).shape[1]), logits.shape[1]
                except Exception as error:  # it has answered a moment ago
                    if is_machines(error):
                        raise
        return None

    def _answered(self, network: Tolerant, pixels: torch.Tensor, rows: int) -> tuple[torch.Tensor, Texts]:
        size, logits, failures = self.batch(rows), [], []
        for part in torch.split(pixels, size):
            full = torch.cat([part, part[-1:].expand(size - len(part), -1, -1, -1)])
            found, said = network.answer(self._inputs(full))
            logits.append(found.detach().to("cpu", torch.float64)[: len(part)])
            failures += list(said[: len(part)] or ("",) * len(part))
            beat()
        return torch.cat(logits), np.array(failures, object)

    def gradients(
        self,
        render: Callable[[Ints, torch.Tensor], torch.Tensor],
        seed_id: Ints,
        composed: Floats,
        labels: Ints,
    ) -> tuple[Floats, Texts]:
        """Return the gradients of the labels' log-odds with respect to ``composed``, and why there is none.

        Args:
            render: makes images of seeds and ``composed`` (float64) that pass gradients on.
            seed_id: shape (n,).
            composed: shape (n, size).
            labels: shape (n,).
        """
        size, found, failures = (
            self.batch(MANY),
            np.full(composed.shape, np.nan),
            np.full(len(labels), "", object),
        )
        for first in range(0, len(labels), size):
            rows = np.minimum(np.arange(first, first + size), len(labels) - 1)
            leaf = torch.from_numpy(composed[rows]).requires_grad_()
            try:
                images = render(seed_id[rows], leaf)
                logits, _ = self._network.answer(self._inputs(images))
                odds = log_odds(logits, torch.from_numpy(labels[rows]).to(self._device))
                (gradient,) = torch.autograd.grad(odds.sum(), leaf)
            except Exception as error:  # the network is the user's, and so is its backward pass
                if is_machines(error):
                    raise
                failures[rows] = f"no gradient, {told(error)}"
            else:
                found[rows] = gradient.numpy()
        return found, failures

    def batch(self, rows: int) -> int:
        """Return how many rows a batch of up to so many has: fewer where images are large."""
        return max(_FEWEST, min(rows, _NUMBERS // self._numbers))

    def _inputs(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.to(self._device, self.dtype) / 255

    def answers(self, probe: torch.Tensor) -> bool:
        """Tell whether the network has an answer for any of the images (n, channels, height, width).

        The first batch usually does.
        """
        parts = torch.split(probe, self.batch(MANY))
        return any(bool(torch.isfinite(self.logits(part)[0]).all(1).any()) for part in parts)
