"""The paper's procedure in plain PyTorch, one candidate at a time: the reference that mining is measured by.

Baluja, Covell & Sukthankar, section 2: make one random move; if any peer leaves the label, reject it; if
the target's output for the label falls, keep it; stop when the target is wrong, or after ``patience``
candidates in a row without improvement. It makes the same moves from the same seeds as the main job.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from outvoted.search.plan import drawn_seeds
from outvoted.search.streams import Purpose, uniforms
from outvoted.search.transforms import Transform

_DRAWN_AT_ONCE = 512


@dataclass(frozen=True)
class Ended:
    """How a search ended; ``inferences`` counts every forward pass."""

    mistake: bool
    moves: int
    candidates: int
    inferences: int


@dataclass(frozen=True)
class Sequential:
    """A panel, the digits it starts from, and the settings of the search.

    With ``lazy`` the target is asked first and the peers one by one until one objects; without, all
    networks see every candidate, as the paper counts them.
    """

    networks: list[nn.Module]
    images: torch.Tensor
    labels: list[int]
    transform: Transform
    patience: int
    run_seed: int
    lazy: bool

    def search(self, replica: int, target: int) -> Ended | None:
        """Run one search; None where the panel disputes the seed."""
        seed_id = int(drawn_seeds(self.run_seed, np.array([replica]), len(self.labels))[0])
        seed, label = self.images[seed_id : seed_id + 1], self.labels[seed_id]
        outputs = [functional.softmax(network(seed / 255), dim=1)[0] for network in self.networks]
        if any(int(output.argmax()) != label for output in outputs):
            return None
        best, composed = float(outputs[target][label]), self.transform.identity(1)
        moves, stale, tried, inferences = 0, 0, 0, len(self.networks)
        search_id = replica * len(self.networks) + target
        while stale < self.patience:
            if tried % _DRAWN_AT_ONCE == 0:
                drawn = self._moves(search_id, tried)
            move = drawn[tried % _DRAWN_AT_ONCE : tried % _DRAWN_AT_ONCE + 1]
            candidate = self.transform.compose(composed, move)
            tried, stale = tried + 1, stale + 1
            if not self.transform.within_budget(candidate)[0]:
                continue
            image = self._render(seed, candidate)
            output, agreed, ran = self._ask(image, label, target, best)
            inferences += ran
            if agreed and float(output[label]) < best:
                best, composed, moves, stale = float(output[label]), candidate, moves + 1, 0
                if int(output.argmax()) != label:
                    return Ended(True, moves, tried, inferences)
        return Ended(False, moves, tried, inferences)

    def _ask(
        self, image: torch.Tensor, label: int, target: int, best: float
    ) -> tuple[torch.Tensor, bool, int]:
        """Return the target's output, whether all peers agree on the label, and how many networks ran."""
        if not self.lazy:
            outputs = [functional.softmax(network(image), dim=1)[0] for network in self.networks]
            agreed = all(int(o.argmax()) == label for peer, o in enumerate(outputs) if peer != target)
            return outputs[target], agreed, len(outputs)
        output = functional.softmax(self.networks[target](image), dim=1)[0]
        if float(output[label]) >= best:
            return output, False, 1
        for ran, peer in enumerate((p for p in range(len(self.networks)) if p != target), start=2):
            if int(self.networks[peer](image)[0].argmax()) != label:
                return output, False, ran
        return output, True, len(self.networks)

    def _render(self, seed: torch.Tensor, candidate: np.ndarray) -> torch.Tensor:
        """Resample the seed with torch's own affine grid, whose unit is half an image."""
        matrix = torch.tensor(candidate, dtype=torch.float32).view(1, 2, 3)
        matrix[:, :, 2] *= 2 / seed.shape[-1]
        grid = functional.affine_grid(matrix, list(seed.shape), align_corners=False)
        return functional.grid_sample(seed, grid, align_corners=False).round() / 255

    def _moves(self, search_id: int, first: int) -> np.ndarray:
        """Draw the next moves of a search in one go; one by one would cost more than the networks."""
        steps = np.arange(first, first + _DRAWN_AT_ONCE)
        ids = np.full_like(steps, search_id)
        return self.transform.sample(uniforms(self.run_seed, Purpose.MOVE, ids, steps, self.transform.draws))
