"""Training a DCGAN, a few hundred steps at a time, from a state that is kept in a file."""

from collections.abc import Iterator
from dataclasses import dataclass
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
from outvoted.actors.training.generators import dcgan
from outvoted.actors.training.steps import Learner, derived, steps
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

_BETAS = (0.5, 0.999)
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")
_ORDER, _LATENTS, _WEIGHTS = range(3)
"""What random numbers are drawn for; each has streams of its own."""


class DcganTraining(Settings):
    """How a DCGAN is trained, as in Vlaar's appendix A and section 4 of Radford et al."""

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 6
    batch_size: Annotated[int, Field(ge=2, le=65536)] = 128
    maps: Annotated[int, Field(ge=1, le=1024)] = 64
    """Feature maps of every layer of both networks."""
    learning_rate: Annotated[float, Field(gt=0)] = 0.0002
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0

    def check(self, images: int, shape: Shape) -> None:
        """Refuse images that these settings cannot train on.

        Raises:
            OutvotedError: they are too few for one batch, too small or too large.
        """
        dcgan.check_shape(shape)
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
                remedy="delete the file and go on with --resume: the generator is trained from the start",
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
    training.check(len(split), split.images[0].shape)
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
        channels, height, width = split.images[0].shape
        form = (channels, height, width)
        self._networks: dict[str, nn.Module] = {
            "generator": dcgan.generator(form, training.maps),
            "discriminator": dcgan.discriminator(form, training.maps),
        }
        random = derived(training.seed, _WEIGHTS, 0)
        for network in self._networks.values():
            dcgan.begin(network, random)
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
        latents = torch.randn(len(rows), dcgan.LATENT, 1, 1, generator=random).to(self._device)
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
