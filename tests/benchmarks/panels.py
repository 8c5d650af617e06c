"""Panels that engines and strategies are measured on."""

from functools import cache

from torch import nn

from outvoted.actors.data.datasets import DataSettings, Split, load
from outvoted.actors.networks import CNN
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import train, trained_member
from outvoted.search.transforms import Affine, AffineRange

SMALL_CNNS = PanelSettings(
    networks=tuple(
        CNN(channels=wide, hidden=hidden) for wide, hidden in ((4, 35), (5, 28), (6, 23), (7, 20), (8, 17))
    ),
    training=Training(epochs=4),
)
"""About 14,500 parameters each, for 28 x 28 grey levels and 10 classes."""


def moved(rotation: float, translation: float) -> Affine:
    """Rotation and translation alone, within ``rotation`` degrees and ``translation`` pixels."""
    budget = AffineRange(rotation=rotation, translation=translation, scale=1, shear=0)
    move = AffineRange(rotation=rotation * 0.7, translation=translation * 0.7, scale=1, shear=0)
    return Affine(move=move, budget=budget)


WIDE, NARROW = moved(30, 3), moved(15, 2)


@cache
def small_cnns(seeds: int = 500) -> tuple[dict[str, nn.Module], Split]:
    """Train five small CNNs on the packaged digits; return them, and the first test digits as seeds."""
    data = load(DataSettings())
    panel = SMALL_CNNS
    members = [
        trained_member(name, "peer", network, number, train(network, panel.training, data, number))
        for number, (name, network) in enumerate(zip(panel.names, panel.networks, strict=True))
    ]
    images, labels = data.test.images[:seeds], data.test.labels[:seeds]
    return {member.name: member.build(data.shape, data.classes) for member in members}, Split(images, labels)
