"""The paper's procedure in plain PyTorch, one candidate at a time: the reference that mining is measured by.

Baluja, Covell & Sukthankar, section 2: make one random move; if any peer leaves the label, reject it; if
the target's output for the label falls, keep it; stop when the target is wrong, or after ``patience``
candidates in a row without improvement. It makes the same moves from the same seeds as the main job.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from outvoted.search.plan import drawn_seeds
from outvoted.search.streams import Purpose, uniforms
from outvoted.search.transforms import Transform

_DRAWN_AT_ONCE = 512


class Asked(ABC):
    """Networks that are asked about one image, (1, channels, height, width) in [0, 1]."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of networks."""

    @abstractmethod
    def one(self, number: int, image: torch.Tensor) -> torch.Tensor:
        """Return one network's outputs, (classes,), which add up to 1."""

    @abstractmethod
    def every(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Return the outputs of all."""


class InProcess(Asked):
    """Networks of this process."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        self._networks = networks

    @property
    def size(self) -> int:
        """Number of networks."""
        return len(self._networks)

    def one(self, number: int, image: torch.Tensor) -> torch.Tensor:
        """Ask one."""
        return functional.softmax(self._networks[number](image), dim=1)[0]

    def every(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Ask one after the other."""
        return [self.one(number, image) for number in range(self.size)]


class OnRay(Asked):
    """Networks in an actor each; one call for every network and image."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        """Start an actor for each network; Ray has to run."""
        import ray

        remote: Any = ray.remote(InProcess)
        self._ray, self._actors = ray, [remote.options(num_cpus=0).remote([network]) for network in networks]

    @property
    def size(self) -> int:
        """Number of networks."""
        return len(self._actors)

    def one(self, number: int, image: torch.Tensor) -> torch.Tensor:
        """Call one actor, and wait."""
        found: torch.Tensor = self._ray.get(self._actors[number].one.remote(0, image))
        return found

    def every(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Call all actors, and wait for all."""
        found: list[torch.Tensor] = self._ray.get([actor.one.remote(0, image) for actor in self._actors])
        return found

    def stop(self) -> None:
        """End the actors."""
        for actor in self._actors:
            self._ray.kill(actor)


@dataclass(frozen=True)
class Ended:
    """How a search ended; ``inferences`` counts every forward pass, ``image`` is in [0, 1]."""

    mistake: bool
    moves: int
    candidates: int
    inferences: int
    image: torch.Tensor


@dataclass(frozen=True)
class Sequential:
    """A panel, the images it starts from (0-255), and the settings of the search.

    With ``lazy`` the target is asked first and the peers one by one until one objects; without, all
    networks see every candidate, as the paper counts them.
    """

    networks: Asked
    images: torch.Tensor
    labels: list[int]
    transform: Transform
    patience: int
    run_seed: int
    lazy: bool

    def search(self, replica: int, target: int) -> Ended | None:
        """Run the search of a replica from the seed that the main job draws; None if it is disputed."""
        seed_id = int(drawn_seeds(self.run_seed, np.array([replica]), len(self.labels))[0])
        return self.climb(seed_id, target, replica * self.networks.size + target)

    def climb(self, seed_id: int, target: int, search_id: int) -> Ended | None:
        """Run a search from a seed; None where the panel disputes it."""
        seed, label = self.images[seed_id : seed_id + 1], self.labels[seed_id]
        outputs = self.networks.every(seed / 255)
        if any(int(output.argmax()) != label for output in outputs):
            return None
        best, composed = float(outputs[target][label]), self.transform.identity(1)
        moves, stale, tried, inferences = 0, 0, 0, self.networks.size
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
                    return Ended(True, moves, tried, inferences, image)
        return Ended(False, moves, tried, inferences, seed / 255)

    def _ask(
        self, image: torch.Tensor, label: int, target: int, best: float
    ) -> tuple[torch.Tensor, bool, int]:
        """Return the target's output, whether all peers agree on the label, and how many networks ran."""
        size = self.networks.size
        if not self.lazy:
            outputs = self.networks.every(image)
            agreed = all(int(o.argmax()) == label for peer, o in enumerate(outputs) if peer != target)
            return outputs[target], agreed, len(outputs)
        output = self.networks.one(target, image)
        if float(output[label]) >= best:
            return output, False, 1
        for ran, peer in enumerate((p for p in range(size) if p != target), start=2):
            if int(self.networks.one(peer, image).argmax()) != label:
                return output, False, ran
        return output, True, size

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
