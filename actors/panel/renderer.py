"""Candidates rendered from their seeds: the whole grey levels that would be stored, on whatever device."""

from collections.abc import Iterator
from copy import copy
from math import prod

import numpy as np
import torch

from outvoted.actors.data.datasets import Split
from outvoted.actors.networks.computing import own_context, own_device, tensor_of
from outvoted.actors.panel.seeds import seed_pixels
from outvoted.search.arrays import Ints
from outvoted.search.messages import Candidates
from outvoted.search.transforms import Transform

_HELD, _LEAST_HELD = 2**20, 64
"""Numbers, and rows at least, that are rendered into one tensor: it stays in the caches until all peers have
seen it."""
_HELD_ON_A_GPU = 2**26
_AT_ONCE = 2**18
"""Numbers that are rendered at once: their grids stay in a core's cache (measured: 2**17 to 2**19 alike)."""
_SAFETY = 8
_SAMPLE = 64


class Renderer:
    """The seeds of a process, and how candidates are made of them; shared by all peers there.

    A candidate's pixels are *defined* as what `Transform.render` makes of it on the CPU in float32. A GPU
    computes grey levels that differ in their last bits: images with one that lies near a half, where that
    could change the rounding, are rendered again on the CPU. With a transform that rounds on the way all are.
    """

    def __init__(
        self,
        transform: Transform,
        seeds: Split,
        device: torch.device | None = None,
        reference: bool | None = None,
    ) -> None:
        """Take the moves and the seed data set.

        Args:
            device: where pixels are wanted; the GPU if there is one.
            reference: whether all candidates are rendered as defined, on the CPU; if left out, all but an
                NVIDIA GPU's are.
        """
        self.labels = seeds.labels.astype(np.int64)
        self.device = device or own_device()
        self.seeds = seed_pixels(seeds, self.device)
        self._referred = self.device.type != "cuda" if reference is None else reference
        self._move_by(transform)

    def moving(self, transform: Transform) -> "Renderer":
        """Return what renders the same seeds, which are kept where they are, under other moves."""
        other = copy(self)
        other._move_by(transform)
        return other

    def _move_by(self, transform: Transform) -> None:
        self.transform = transform
        self._rounds = type(transform).render is Transform.render
        as_defined = self._referred or not self._rounds or not transform.continuous
        self._bound = None if as_defined or not len(self.labels) else self._measured()
        self._as_double: bool | None = None

    def random(self, n: int) -> Candidates:
        """Draw candidates: the seeds themselves, evenly taken, then moves from them; always the same ones."""
        generator, moves = np.random.default_rng(0), n // 2
        seed_id = np.linspace(0, len(self.labels) - 1, n).astype(np.int32)
        composed = self.transform.identity(n)
        if self.transform.knobs:
            drawn = self.transform.place(generator.random((moves, self.transform.knobs)))
        else:
            drawn = self.transform.sample(generator.random((moves, self.transform.draws)))
        composed[::2][:moves] = self.transform.compose(composed[::2][:moves], drawn)
        return Candidates(seed_id, composed.astype(np.float32))

    def parts(self, n: int) -> Iterator[slice]:
        """Cut n rows into as many as are rendered into one tensor."""
        held = _HELD if self.device.type == "cpu" else _HELD_ON_A_GPU
        rows = max(_LEAST_HELD, held // prod(self.seeds.form))
        return (slice(first, min(first + rows, n)) for first in range(0, n, rows))

    def room(self, n: int) -> torch.Tensor:
        """Return a tensor that n candidates are rendered into."""
        with own_context():
            return torch.empty((n, *self.seeds.form), device=self.device)

    def inputs(self, candidates: Candidates, found: torch.Tensor | None = None) -> torch.Tensor:
        """Render candidates as networks see them: float32 in [0, 1], on the device.

        Args:
            candidates: n of them.
            found: what they are rendered into, as :meth:`room` gives it; if left out, a new tensor.
        """
        n, step = len(candidates), max(1, _AT_ONCE // prod(self.seeds.form))
        found = self.room(n) if found is None else found
        with own_context():
            for first in range(0, n, step):
                rows = slice(first, first + step)
                torch.div(self.pixels(candidates.rows(rows)), 255, out=found[rows])
        return found

    def pixels(self, candidates: Candidates) -> torch.Tensor:
        """Render candidates; shape (n, channels, height, width), whole numbers 0-255 on the device."""
        if self._bound is None:
            return self._reference(candidates).to(self.device)
        levels = self.computed(candidates).clamp_(0, 255)
        near = (levels - levels.floor() - 0.5).abs_() <= self._bound
        rows = near.flatten(1).any(1).nonzero()[:, 0].cpu().numpy()
        found = levels.round()
        if len(rows):
            exact, chosen = self._reference(candidates.rows(rows)).to(self.device), torch.from_numpy(rows)
            chosen = chosen.to(self.device)
            if bool(((found[chosen] != exact) & ~near[chosen]).any()):
                self._bound *= _SAFETY
                return self.pixels(candidates)
            found[chosen] = exact
        return found

    def computed(self, candidates: Candidates) -> torch.Tensor:
        """Compute grey levels on the device, not rounded."""
        composed = tensor_of(candidates.composed).to(self.device)
        return self.transform.apply(self.seeds.there(candidates.seed_id.astype(np.int64)).float(), composed)

    def differentiable(self, seed_id: Ints, composed: torch.Tensor) -> torch.Tensor:
        """Render candidates so that gradients reach ``composed``, as if nothing was rounded.

        Args:
            composed: shape (n, transform.size), float64, on the CPU.

        Returns:
            float64, on the CPU: the pixels as they are defined; what goes back through them is computed in
            float64, as far as the transform computes in that.
        """
        seeds = self.seeds.of(seed_id)
        if not self._rounds:
            return self.transform.render(seeds, composed.float()).double()
        pixels = self.transform.render(seeds, composed.detach().float()).double()
        dtype = torch.float64 if self._computes_in_double() else torch.float32
        soft = self.transform.apply(seeds.to(dtype), composed.to(dtype)).clamp(0, 255).double()
        return pixels + (soft - soft.detach())

    def _computes_in_double(self) -> bool:
        """Tell whether the transform takes float64: the user's own may be made for float32 alone."""
        if self._as_double is None:
            home = torch.from_numpy(self.transform.identity(1))
            try:
                found = self.transform.apply(self.seeds.of(np.zeros(1, np.int64)).double(), home)
                self._as_double = found.dtype == torch.float64
            except Exception:  # then the gradient is that of float32
                self._as_double = False
        return self._as_double

    def _reference(self, candidates: Candidates) -> torch.Tensor:
        return self.transform.render(
            self.seeds.of(candidates.seed_id.astype(np.int64)), tensor_of(candidates.composed)
        )

    def _measured(self) -> float:
        """Return eight times the largest difference between the device's grey levels and the CPU's."""
        some = self.random(_SAMPLE)
        with own_context():
            seeds = self.seeds.of(some.seed_id.astype(np.int64))
            exact = self.transform.apply(seeds.float(), tensor_of(some.composed)).clamp(0, 255)
            apart = (self.computed(some).clamp(0, 255).cpu() - exact).abs().max()
        return _SAFETY * max(float(apart), float(np.finfo(np.float32).eps) * 255)
