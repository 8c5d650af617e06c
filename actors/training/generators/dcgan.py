"""A DCGAN: a network that makes images, one that tells them from real ones, and the training of both."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import convert_conv2d_weight_memory_format

from outvoted.actors.data.datasets import Split
from outvoted.actors.networks import Shape, Weights
from outvoted.actors.networks.computing import own_device
from outvoted.actors.runs.files import write_atomically
from outvoted.actors.training.steps import Learner, derived, steps
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

LATENT = 100
"""Numbers in the random vector that an image is made from (Vlaar, section 2)."""
SMALLEST, LARGEST = 8, 128
"""Heights and widths, in pixels, that five layers with constant feature maps can make."""
_SLOPE = 0.2
_DEVIATION = 0.02


def generator(shape: Shape, maps: int) -> nn.Sequential:
    """Return five transposed convolutions: latents (n, LATENT, 1, 1) to images (n, *shape) in [-1, 1].

    The first makes an eighth of the height and width (rounded up), the next three double them, the last
    makes the pixels: 1, 4, 7, 14, 28, 28 for digits. Vlaar, appendix A; Radford et al., section 3.
    """
    sides = _sides(shape)
    layers: list[nn.Module] = [nn.ConvTranspose2d(LATENT, maps, sides[0], bias=False)]
    for before, after in pairwise(sides):
        layers += [nn.BatchNorm2d(maps), nn.ReLU()]
        layers.append(nn.ConvTranspose2d(maps, maps, _kernel(before, after), 2, 1, bias=False))
    layers += [nn.BatchNorm2d(maps), nn.ReLU(), nn.ConvTranspose2d(maps, shape[0], 3, 1, 1), nn.Tanh()]
    return nn.Sequential(*layers)


def discriminator(shape: Shape, maps: int) -> nn.Sequential:
    """Return five convolutions: images (n, *shape) in [-1, 1] to log-odds of being real, (n, 1, 1, 1)."""
    sides = _sides(shape)[::-1]
    first = nn.Conv2d(shape[0], maps, _kernel(sides[1], sides[0]), 2, 1)
    layers: list[nn.Module] = [first, nn.LeakyReLU(_SLOPE)]
    for larger, smaller in pairwise(sides[1:]):
        layers.append(nn.Conv2d(maps, maps, _kernel(smaller, larger), 2, 1, bias=False))
        layers += [nn.BatchNorm2d(maps), nn.LeakyReLU(_SLOPE)]
    layers += [nn.Conv2d(maps, maps, 3, 1, 1, bias=False), nn.BatchNorm2d(maps), nn.LeakyReLU(_SLOPE)]
    return nn.Sequential(*layers, nn.Conv2d(maps, 1, sides[-1]))


def begin(network: nn.Module, random: torch.Generator) -> None:
    """Draw the first weights: N(0, 0.02), the scales of batch normalisation N(1, 0.02); biases are 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
            mean = 1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0
            with torch.no_grad():
                layer.weight.normal_(mean, _DEVIATION, generator=random)
                if layer.bias is not None:
                    layer.bias.zero_()


def check_shape(shape: Shape) -> None:
    """Refuse images that are too small or too large for five layers.

    Raises:
        OutvotedError: say which sizes will do.
    """
    if not all(SMALLEST <= side <= LARGEST for side in shape[1:]):
        raise OutvotedError(
            expected=f"images of {SMALLEST} to {LARGEST} pixels in height and width, to train a generator on",
            found=f"{shape[1]} by {shape[2]} pixels",
            remedy="choose another data set, or one whose images are resized",
        )


def _sides(shape: Shape) -> list[tuple[int, int]]:
    """Return height and width after each of the generator's first four layers."""
    sides = [(shape[1], shape[2])]
    for _ in range(3):
        height, width = sides[0]
        sides.insert(0, ((height + 1) // 2, (width + 1) // 2))
    return sides


def _kernel(smaller: tuple[int, int], larger: tuple[int, int]) -> tuple[int, int]:
    """Return the kernel whose stride of 2 turns one size into the other: 4 where it doubles, else 3."""
    height, width = (4 if 2 * small == large else 3 for small, large in zip(smaller, larger, strict=True))
    return height, width


_BETAS = (0.5, 0.999)
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")
_ORDER, _LATENTS, _WEIGHTS = range(3)
"""What random numbers are drawn for; each has streams of its own."""


class DcganTraining(Settings):
    """How a DCGAN is trained, as in Vlaar's appendix A and section 4 of Radford et al."""

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 6
    """How often every training image is seen."""
    batch_size: Annotated[int, Field(ge=2, le=65536)] = 128
    """Images of a step."""
    maps: Annotated[int, Field(ge=1, le=1024)] = 64
    """Feature maps of every layer of both networks."""
    learning_rate: Annotated[float, Field(gt=0)] = 0.0002
    """The size of Adam's steps, for both networks."""
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Fixes the first weights and all random vectors."""

    def check(self, images: int, shape: Shape) -> None:
        """Refuse images that these settings cannot train on.

        Raises:
            OutvotedError: they are too few for one batch, too small or too large.
        """
        check_shape(shape)
        if images < self.batch_size:
            raise OutvotedError(
                expected=f"at least {self.batch_size} training images: one batch",
                found=f"{images}",
                remedy="lower study.generator.training.batch_size, or use more images",
            )

    def steps(self, images: int) -> int:
        """Count the steps of the whole training; what is left over of an epoch's last batch is left out."""
        return self.epochs * (images // self.batch_size)


@dataclass(frozen=True)
class Checkpoint:
    """How far a training is: the steps that are done, and everything that the next one depends on.

    Attributes:
        tensors: weights and the optimisers' moments by name, on the CPU.
    """

    step: int
    tensors: Weights

    def weights(self, network: str) -> Weights:
        """Return the weights of the ``generator`` or the ``discriminator``."""
        start = f"{network}/weights/"
        return {name.removeprefix(start): one for name, one in self.tensors.items() if name.startswith(start)}

    def save(self, path: Path, key: str) -> None:
        """Write the checkpoint, all or nothing; ``key`` names the training it belongs to."""
        data = save_tensors(self.tensors, {"key": key, "step": str(self.step)})
        write_atomically(path, lambda partial: partial.write_bytes(data))

    @staticmethod
    def load(path: Path, key: str) -> "Checkpoint | None":
        """Read a checkpoint; None where there is none.

        Raises:
            OutvotedError: it cannot be read, or belongs to another training.
        """
        if not path.is_file():
            return None
        try:
            with safe_open(path, "pt") as file:
                noted = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if noted["key"] != key:
                raise ValueError("one of other settings or other images")
            return Checkpoint(int(noted["step"]), tensors)
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise OutvotedError(
                expected=f"the generator's checkpoint in {path}",
                found=str(error).splitlines()[0] if str(error) else type(error).__name__,
                remedy="delete the file and continue with --resume: the generator is trained from the start",
            ) from error


@dataclass(frozen=True)
class TrainingStage:
    """What some steps gave: mean losses since the stage before, and a checkpoint to go on from."""

    checkpoint: Checkpoint
    generator_loss: float
    discriminator_loss: float


def train_dcgan(
    training: DcganTraining, split: Split, start: Checkpoint | None = None, every: int = 50
) -> Iterator[TrainingStage]:
    """Train a DCGAN; a pure function of its arguments on machines of one kind.

    Wherever a training is cut, going on from a checkpoint gives bit for bit what an uncut one gives: order
    and random vectors follow from (seed, epoch) and (seed, step).

    Args:
        training: how it is trained.
        split: the images; labels play no part.
        start: where to go on; from the beginning without it.
        every: steps from one stage to the next.

    Yields:
        A TrainingStage every ``every`` steps and after the last one; none where ``start`` is the end already.

    Raises:
        OutvotedError: the settings cannot train on these images.
    """
    training.check(len(split), split.shape)
    pair, losses = _Pair(training, split, start), []
    total = training.steps(len(split))
    while pair.done < total:
        for found, _ in steps(pair, pair.order(), training.batch_size):
            losses.append(found.tolist())
            if pair.done % every == 0 or pair.done == total:
                generator_loss, discriminator_loss = np.mean(losses, axis=0).tolist()
                yield TrainingStage(pair.checkpoint(), generator_loss, discriminator_loss)
                losses = []


class _Pair(Learner):
    """Generator and discriminator with their optimizers."""

    def __init__(self, training: DcganTraining, split: Split, start: Checkpoint | None) -> None:
        self._training, self.done = training, 0 if start is None else start.step
        self._device = own_device()
        self._images = torch.tensor(split.images).to(self._device)
        channels, height, width = split.shape
        form = (channels, height, width)
        self._networks: dict[str, nn.Module] = {
            "generator": generator(form, training.maps),
            "discriminator": discriminator(form, training.maps),
        }
        random = derived(training.seed, _WEIGHTS, 0)
        for network in self._networks.values():
            begin(network, random)
            network.to(self._device).train()
            convert_conv2d_weight_memory_format(network, torch.channels_last)  # half the time on a CPU
        self._optimizers = {
            name: torch.optim.Adam(network.parameters(), training.learning_rate, _BETAS)
            for name, network in self._networks.items()
        }
        if start is not None:
            self._restore(start)

    def order(self) -> torch.Tensor:
        """Return the images that are left of an epoch, in whole batches; each epoch has its own order."""
        count, size = len(self._images), self._training.batch_size
        epoch, place = divmod(self.done, count // size)
        order = torch.randperm(count, generator=derived(self._training.seed, _ORDER, epoch))
        return order[place * size : count // size * size]

    def step(self, rows: torch.Tensor) -> torch.Tensor:
        """Step with both networks, whatever the labels; return the losses of generator and discriminator."""
        generator, discriminator = self._networks["generator"], self._networks["discriminator"]
        random = derived(self._training.seed, _LATENTS, self.done)
        latents = torch.randn(len(rows), LATENT, 1, 1, generator=random).to(self._device)
        real, made = self._images[rows].float() / 127.5 - 1, generator(latents)
        telling = _loss(discriminator(real), 1) + _loss(discriminator(made.detach()), 0)
        self._descend("discriminator", telling)
        fooling = _loss(discriminator(made), 1)
        self._descend("generator", fooling)
        self.done += 1
        return torch.stack([fooling, telling])

    def checkpoint(self) -> Checkpoint:
        """Copy everything that the next step depends on."""
        tensors: Weights = {}
        for name, network in self._networks.items():
            tensors |= {f"{name}/weights/{key}": value for key, value in network.state_dict().items()}
            for number, moments in self._optimizers[name].state_dict()["state"].items():
                tensors |= {f"{name}/moments/{number}/{moment}": moments[moment] for moment in _MOMENTS}
        return Checkpoint(self.done, {name: _copied(one) for name, one in tensors.items()})

    def _restore(self, start: Checkpoint) -> None:
        for name, network in self._networks.items():
            network.load_state_dict(start.weights(name))
            optimizer = self._optimizers[name]
            state = {
                number: {
                    moment: _laid_out(start.tensors[f"{name}/moments/{number}/{moment}"], parameter)
                    for moment in _MOMENTS
                }
                for number, parameter in enumerate(network.parameters())
            }
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state, "param_groups": groups})

    def _descend(self, name: str, loss: torch.Tensor) -> None:
        parameters = list(self._networks[name].parameters())
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = gradient
        self._optimizers[name].step()


def _loss(odds: torch.Tensor, real: float) -> torch.Tensor:
    return binary_cross_entropy_with_logits(odds, torch.full_like(odds, real))


def _copied(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _laid_out(moment: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    """Lay a moment out in memory like its weights, as the optimiser does: its last bits depend on it."""
    return moment if moment.shape != parameter.shape else torch.empty_like(parameter).copy_(moment)
