"""Panels that engines and strategies are measured on."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from torch import nn

from outvoted.actors.data.datasets import ENVIRONMENT, Dataset, DataSettings, Split, load
from outvoted.actors.networks import CNN, Architecture, PackagedNetwork, Shape
from outvoted.actors.networks.packaged import Model
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import train, trained_member
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.search.arrays import Pixels
from outvoted.search.transforms import Affine, AffineRange

SMALL_CNNS = PanelSettings(
    networks=tuple(
        CNN(channels=wide, hidden=hidden) for wide, hidden in ((4, 35), (5, 28), (6, 23), (7, 20), (8, 17))
    ),
    training=Training(epochs=4),
)
"""About 14,500 parameters each, for 28 x 28 grey levels and 10 classes."""
PERCEPTRONS = PanelSettings(training=Training(epochs=8))
"""The main job's."""
CHANNELS = ((16, 32, 32), (15, 30, 35), (17, 30, 33), (14, 34, 31), (18, 31, 31))
CONFIGS = Path(__file__).parents[2] / "configs"
FASHION = 10_000
"""Training images of Fashion-MNIST."""


class StridedCNN(Architecture):
    """Three convolutions of stride 2 and the mean over positions.

    Twice the operations of a small CNN, but neither normalisation nor pooling, and fewer numbers between
    layers: in plain PyTorch it takes a quarter to a half of the time.
    """

    kind: Literal["strided-cnn"] = "strided-cnn"
    channels: tuple[int, int, int]

    @property
    def label(self) -> str:
        """Say the channels."""
        return f"strided-cnn-{'x'.join(map(str, self.channels))}"

    def build(self, shape: Shape, classes: int) -> nn.Sequential:
        """Build the module; about 14,500 parameters for grey images and 10 classes."""
        layers: list[nn.Module] = []
        for before, after in pairwise((shape[0], *self.channels)):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.ReLU()]
        head = nn.Linear(self.channels[-1], classes)
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)


def moved(rotation: float, translation: float) -> Affine:
    """Rotation and translation alone, within ``rotation`` degrees and ``translation`` pixels, on black."""
    budget = AffineRange(rotation=rotation, translation=translation, scale=1, shear=0)
    move = AffineRange(rotation=rotation * 0.7, translation=translation * 0.7, scale=1, shear=0)
    return Affine(move=move, budget=budget, border="black")


WIDE, NARROW = moved(30, 3), moved(15, 2)
FAR = moved(15, 26).model_copy(update={"border": "reflect"})
"""For photographs of 260 x 260 pixels."""


@dataclass(frozen=True)
class Panel:
    """Networks, how they are trained unless they come with weights, and on what."""

    networks: tuple[Architecture, ...]
    training: Training
    data: Callable[[], Dataset]

    def trained(self) -> tuple[tuple[nn.Module, ...], Dataset]:
        """Train or load the networks; return them ready to answer, in single precision, and the data."""
        data, found = self.data(), []
        for number, network in enumerate(self.networks):
            given = network.load(data.shape, data.classes)
            if given is None:
                epochs = train(network, self.training, data, number)
                member = trained_member(network.label, "peer", network, number, epochs)
                made = member.build(data.shape, data.classes)
            else:
                made = network.restore(data.shape, data.classes, given.weights)
            found.append(made.float().eval().requires_grad_(False))
        return tuple(found), data


def digits() -> Dataset:
    """Load the packaged digits."""
    return load(DataSettings())


def fashion(colours: bool) -> Dataset:
    """Load Fashion-MNIST, part of its training images; in grey, or each in a colour of its own.

    Raises:
        OutvotedError: it is neither found nor downloaded.
    """
    data = load(DataSettings(name="fashion-mnist"))
    part = Split(data.train.images[:FASHION], data.train.labels[:FASHION])
    if not colours:
        return replace(data, train=part)
    return replace(data, train=_coloured(part), test=_coloured(data.test))


def photographs() -> Dataset:
    """Load the photographs that `configs/imagenet.yaml` mines, from ``$OUTVOTED_DATA/imagenet-samples``.

    Raises:
        OutvotedError: they are not there.
    """
    folder = Path(os.environ.get(ENVIRONMENT, "data")) / "imagenet-samples"
    return load(read(MineConfig, CONFIGS / "imagenet.yaml", [f"data.path={folder}"]).data)


def _coloured(split: Split) -> Split:
    tints = np.random.default_rng(0).uniform(0.4, 1, (len(split), 3, 1, 1))
    coloured: Pixels = np.round(split.images * tints).astype(np.uint8)
    return Split(coloured, split.labels)


IMAGENET = "ImageNet"
_CNNS = SMALL_CNNS.networks
PANELS: dict[str, Panel] = {
    "perceptrons": Panel(PERCEPTRONS.networks, PERCEPTRONS.training, digits),
    "cheap CNNs": Panel(tuple(StridedCNN(channels=wide) for wide in CHANNELS), Training(epochs=6), digits),
    "small CNNs": Panel(_CNNS, SMALL_CNNS.training, digits),
    "Fashion-MNIST, grey": Panel(_CNNS, Training(epochs=2), lambda: fashion(colours=False)),
    "Fashion-MNIST, RGB": Panel(_CNNS, Training(epochs=2), lambda: fashion(colours=True)),
    IMAGENET: Panel(
        tuple(PackagedNetwork(model=model) for model in get_args(Model)), Training(), photographs
    ),
}


def agreed(networks: tuple[nn.Module, ...], split: Split, seeds: int) -> Split:
    """Return the first images that all networks classify correctly, of four times as many as are wanted."""
    images, labels = split.images[: 4 * seeds], split.labels[: 4 * seeds]
    with torch.no_grad():
        parts = torch.split(torch.from_numpy(images).float() / 255, 64)
        seen = [torch.cat([network(part) for part in parts]).argmax(1).numpy() for network in networks]
    rows = np.flatnonzero((np.stack(seen) == labels).all(0))[:seeds]
    return Split(images[rows], labels[rows])


@cache
def trained(name: str) -> tuple[tuple[nn.Module, ...], Dataset]:
    """Train a panel, once in a process."""
    return PANELS[name].trained()
