"""Training a DCGAN, a few hundred steps at a time, from a state that is kept in a file."""

from collections.abc import Iterator, Sequence
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
                remedy="lower study.generator.training.batch_size, or bring more images",
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
class Stage:
    """What some steps gave: mean losses since the stage before, and a checkpoint to go on from."""

    checkpoint: Checkpoint
    generator_loss: float
    discriminator_loss: float


def train_dcgan(
    training: DcganTraining, split: Split, start: Checkpoint | None = None, every: int = 50
) -> Iterator[Stage]:
    """Train a DCGAN; a pure function of its arguments on machines of one kind.

    Wherever a training is cut, going on from a checkpoint gives bit for bit what an uncut one gives: order
    and random vectors follow from (seed, epoch) and (seed, step).

    Args:
        training: how it is trained.
        split: the images; labels play no part.
        start: where to go on; from the beginning without it.
        every: steps from one stage to the next.

    Yields:
        A Stage every ``every`` steps and after the last one; none where ``start`` is the end already.

    Raises:
        OutvotedError: the settings cannot train on these images.
    """
    training.check(len(split), split.images[0].shape)
    pair = _Pair(training, split.images[0].shape, start)
    images = torch.tensor(split.images).to(pair.device)
    total, losses = training.steps(len(split)), []
    for step in range(pair.step, total):
        losses.append(pair.advance(images, _rows(training, len(split), step)))
        if pair.step % every == 0 or pair.step == total:
            generator_loss, discriminator_loss = np.mean(losses, axis=0).tolist()
            yield Stage(pair.checkpoint(), generator_loss, discriminator_loss)
            losses = []


class _Pair:
    """Generator and discriminator with their optimisers."""

    def __init__(self, training: DcganTraining, shape: Sequence[int], start: Checkpoint | None) -> None:
        self._training, self.step = training, 0 if start is None else start.step
        self.device = own_device()
        form = (shape[0], shape[1], shape[2])
        self._networks: dict[str, nn.Module] = {
            "generator": dcgan.generator(form, training.maps),
            "discriminator": dcgan.discriminator(form, training.maps),
        }
        random = _random(training.seed, _WEIGHTS, 0)
        for network in self._networks.values():
            dcgan.begin(network, random)
            network.to(self.device).train()
            convert_conv2d_weight_memory_format(network, torch.channels_last)  # half the time on a CPU
        self._optimizers = {
            name: torch.optim.Adam(network.parameters(), training.learning_rate, _BETAS)
            for name, network in self._networks.items()
        }
        if start is not None:
            self._restore(start)

    def advance(self, images: torch.Tensor, rows: torch.Tensor) -> tuple[float, float]:
        """Take a step with both networks; return the losses of generator and discriminator."""
        generator, discriminator = self._networks["generator"], self._networks["discriminator"]
        random = _random(self._training.seed, _LATENTS, self.step)
        latents = torch.randn(len(rows), dcgan.LATENT, 1, 1, generator=random).to(self.device)
        real, made = images[rows].float() / 127.5 - 1, generator(latents)
        telling = _loss(discriminator(real), 1) + _loss(discriminator(made.detach()), 0)
        self._descend("discriminator", telling)
        fooling = _loss(discriminator(made), 1)
        self._descend("generator", fooling)
        self.step += 1
        return float(fooling.detach()), float(telling.detach())

    def checkpoint(self) -> Checkpoint:
        """Copy everything that the next step depends on."""
        tensors: Weights = {}
        for name, network in self._networks.items():
            tensors |= {f"{name}/weights/{key}": value for key, value in network.state_dict().items()}
            for number, moments in self._optimizers[name].state_dict()["state"].items():
                tensors |= {f"{name}/moments/{number}/{moment}": moments[moment] for moment in _MOMENTS}
        return Checkpoint(self.step, {name: _copied(one) for name, one in tensors.items()})

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


def _rows(training: DcganTraining, images: int, step: int) -> torch.Tensor:
    """Return the images of a step's batch; every epoch has an order of its own."""
    epoch, place = divmod(step, images // training.batch_size)
    order = torch.randperm(images, generator=_random(training.seed, _ORDER, epoch))
    return order[place * training.batch_size :][: training.batch_size]


def _random(seed: int, purpose: int, number: int) -> torch.Generator:
    key = np.random.SeedSequence([seed, purpose, number]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(key >> np.uint64(1)))
