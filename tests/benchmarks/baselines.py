"""What a user would pick instead of Outvoted: the same searches by other tools and by plain PyTorch.

Each baseline takes the same networks, the same seeds and the same range of moves, and makes each network the
target in turn. What it finds is judged outside its clock, as Outvoted judges its own: images are rounded to
bytes, and the target has to be wrong on them while all its peers are correct.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from outvoted.actors.data.datasets import Split
from outvoted.search.arrays import Ints
from outvoted.search.transforms import Affine, resample
from tests.benchmarks.sequential import Asked, InProcess, Sequential

GRID = 5
"""Foolbox's and ART's values along each axis."""
RANDOM_STEPS = 100
"""Foolbox's random moves of each image."""
WORST_OF = 128
"""Random moves of each image in plain PyTorch."""
ROWS = 512
"""Rows of plain PyTorch's batches."""
ASCENT = 20
"""Steps of gradient ascent."""
PATIENCE = 250
"""Candidates without improvement after which the paper's procedure gives up."""


@dataclass(frozen=True)
class Problem:
    """What is searched.

    Attributes:
        networks: the panel in single precision, from images in [0, 1] to logits.
        seeds: images that all networks classify correctly, and their labels.
        classes: how many the networks tell apart.
        transform: rotation and translation within its budget.
    """

    networks: tuple[nn.Module, ...]
    seeds: Split
    transform: Affine
    classes: int = 10

    def rows(self, chosen: Ints) -> "Problem":
        """Return the same with some of the seeds."""
        return replace(self, seeds=Split(self.seeds.images[chosen], self.seeds.labels[chosen]))

    @property
    def pixels(self) -> torch.Tensor:
        """Return the seeds as numbers 0-255."""
        return torch.from_numpy(self.seeds.images).float()

    @property
    def labels(self) -> torch.Tensor:
        """Return the seeds' labels."""
        return torch.from_numpy(self.seeds.labels)

    @property
    def degrees(self) -> float:
        """Largest rotation."""
        return self.transform.budget.rotation

    @property
    def shift(self) -> float:
        """Largest translation in pixels."""
        return self.transform.budget.translation

    def verified(self, target: int, images: torch.Tensor) -> int:
        """Count the images (one for each seed, in [0, 1]) that are mistakes once they are stored as bytes."""
        stored = (images * 255).round().clamp(0, 255).double() / 255
        with torch.inference_mode():
            correct = torch.stack(
                [network.double()(stored).argmax(1) == self.labels for network in self.networks]
            )
        for network in self.networks:
            network.float()
        others = torch.cat([correct[:target], correct[target + 1 :]])
        return int((~correct[target] & others.all(0)).sum())


class Counted:
    """A panel that counts the images it is asked about."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        self._networks = networks
        self.peers = range(len(networks))
        self.inferences = 0

    def wrong(self, number: int, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Tell on which images one network is wrong."""
        self.inferences += len(images)
        found: torch.Tensor = self._networks[number](images).argmax(1) != labels
        return found

    def outvoted(self, target: int, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Tell where the target is wrong and all others are correct, who are asked while none objects."""
        left = self.wrong(target, images, labels).nonzero()[:, 0]
        for peer in self.peers:
            if peer != target and len(left):
                left = left[~self.wrong(peer, images[left], labels[left])]
        found = torch.zeros(len(images), dtype=torch.bool)
        found[left] = True
        return found


Search = Callable[[Problem, int, Counted], torch.Tensor]
"""Searches all seeds for one target; returns an image for each seed, in [0, 1]: a mistake, or the seed."""


def random_moves(problem: Problem, target: int, panel: Counted) -> torch.Tensor:
    """Try random moves in plain PyTorch: the target first, then voters in turn; what is found is left alone.

    The forty lines that an engineer would write.
    """
    generator = torch.Generator().manual_seed(target)
    best = problem.pixels / 255
    for first in range(0, len(best), ROWS):
        active = torch.arange(first, min(first + ROWS, len(best)))
        for _ in range(WORST_OF):
            moves = 2 * torch.rand(len(active), 3, generator=generator) - 1
            images = _moved(problem, active, moves)
            found = panel.outvoted(target, images, problem.labels[active])
            best[active[found]] = images[found]
            active = active[~found]
            if not len(active):
                break
    return best


def one_at_a_time(problem: Problem, target: int, panel: Counted) -> torch.Tensor:
    """Follow the paper's procedure: one candidate, all networks, the next candidate."""
    return climbed(InProcess(problem.networks), problem, target, panel)


def climbed(networks: Asked, problem: Problem, target: int, panel: Counted) -> torch.Tensor:
    """Follow the paper's procedure, whatever asks the networks."""
    labels = problem.labels.tolist()
    reference = Sequential(networks, problem.pixels, labels, problem.transform, PATIENCE, 0, lazy=False)
    best = problem.pixels / 255
    for seed in range(len(labels)):
        ended = reference.climb(seed, target, seed * networks.size + target)
        if ended is not None:
            panel.inferences += ended.inferences
            best[seed] = ended.image[0]
    return best


def joint_gradients(problem: Problem, target: int, panel: Counted) -> torch.Tensor:
    """Ascend DeepXplore's joint objective over the moves' parameters, and score every step.

    Pei et al., "DeepXplore" (SOSP 2017), equation 2 without neuron coverage: the peers' outputs for the
    label less the target's, here as log-probabilities, since the outputs of sure networks have no gradient,
    and with as much weight for the target as for all others. A backward pass counts as two inferences.
    """
    best = problem.pixels / 255
    for first in range(0, len(best), ROWS):
        active = torch.arange(first, min(first + ROWS, len(best)))
        moves = torch.zeros(len(active), 3)
        for _ in range(ASCENT):
            with torch.enable_grad():
                moves.requires_grad_()
                images, labels = _moved(problem, active, moves), problem.labels[active]
                outputs = torch.stack(
                    [
                        functional.log_softmax(network(images), 1).gather(1, labels[:, None]).sum()
                        for network in problem.networks
                    ]
                )
                others = outputs.sum() - outputs[target]
                (uphill,) = torch.autograd.grad(others - len(outputs) * outputs[target], moves)
            panel.inferences += 3 * len(active) * len(problem.networks)
            moves = (moves.detach() + 0.1 * uphill.sign()).clamp(-1, 1)
            images = (_moved(problem, active, moves) * 255).round() / 255
            found = panel.outvoted(target, images, labels)
            best[active[found]] = images[found]
            active, moves = active[~found], moves[~found]
            if not len(active):
                break
    return best


def foolbox(grid: bool, target_first: bool) -> Search:
    """Return Foolbox's SpatialAttack with a criterion that asks the peers.

    Args:
        grid: its grid, or its random moves.
        target_first: whether the criterion asks the peers only where the target is wrong. Foolbox's own loop
            moves and scores every image until all are found.
    """
    from foolbox.attacks.spatial_attack import SpatialAttack
    from foolbox.criteria import Criterion
    from foolbox.models.pytorch import PyTorchModel

    class OutvotedCriterion(Criterion):
        def __init__(self, target: int, labels: torch.Tensor, panel: Counted) -> None:
            self._target, self._labels, self._panel = target, labels, panel

        def __repr__(self) -> str:
            return "outvoted"

        def __call__(self, perturbed: Any, outputs: Any) -> Any:
            images, labels = perturbed.raw, self._labels
            self._panel.inferences += len(images)
            wrong = outputs.raw.argmax(1) != labels
            others = [peer for peer in self._panel.peers if peer != self._target]
            if not target_first:
                for peer in others:
                    wrong &= ~self._panel.wrong(peer, images, labels)
                return type(perturbed)(wrong)
            rows = wrong.nonzero()[:, 0]
            for peer in others:
                if len(rows):
                    rows = rows[~self._panel.wrong(peer, images[rows], labels[rows])]
            return type(perturbed)(torch.zeros_like(wrong).index_fill(0, rows, True))

    def search(problem: Problem, target: int, panel: Counted) -> torch.Tensor:
        attack = SpatialAttack(
            max_translation=problem.shift,
            max_rotation=problem.degrees,
            num_translations=GRID,
            num_rotations=GRID,
            grid_search=grid,
            random_steps=RANDOM_STEPS,
        )
        np.random.seed(target)
        model = PyTorchModel(problem.networks[target], bounds=(0, 1), device="cpu")
        criterion = OutvotedCriterion(target, problem.labels, panel)
        found: torch.Tensor = attack(model, problem.pixels / 255, criterion=criterion)[0]
        return found

    return search


def art(problem: Problem, target: int, panel: Counted) -> torch.Tensor:
    """Run ART's SpatialTransformation image by image; the peers judge what it returns.

    It takes the first of the moves that fool the target; its interface has no place for the peers, and it
    asks about one image at a time.
    """
    from art.attacks.evasion import SpatialTransformation
    from art.estimators.classification import PyTorchClassifier

    _, channels, height, width = problem.seeds.images.shape
    classifier = PyTorchClassifier(
        problem.networks[target],
        loss=nn.CrossEntropyLoss(),
        input_shape=(channels, height, width),
        nb_classes=problem.classes,
        clip_values=(0, 1),
        device_type="cpu",
    )
    found = []
    for image in (problem.pixels / 255).numpy():
        attack = SpatialTransformation(
            classifier,
            max_translation=100 * problem.shift / height,
            num_translations=GRID,
            max_rotation=problem.degrees,
            num_rotations=GRID,
            verbose=False,
        )
        found.append(attack.generate(image[None])[0])
        panel.inferences += GRID**3 + 1
    return torch.from_numpy(np.stack(found))


def _moved(problem: Problem, rows: torch.Tensor, moves: torch.Tensor) -> torch.Tensor:
    """Rotate and shift seeds; ``moves`` (n, 3) are shares of the range, -1 to 1. Returns images in [0, 1]."""
    angle = torch.deg2rad(moves[:, 0] * problem.degrees)
    cos, sin = torch.cos(angle), torch.sin(angle)
    across, down = (moves[:, 1:] * problem.shift).unbind(1)
    inverse = torch.stack(
        (cos, sin, -(cos * across + sin * down), -sin, cos, sin * across - cos * down), dim=1
    )
    border = problem.transform.border_of(problem.seeds.images.shape[1])
    return resample(problem.pixels[rows], inverse, border) / 255
