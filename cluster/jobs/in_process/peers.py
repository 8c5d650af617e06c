"""The networks of runs that are made in this process: their files, and what computes with them."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import members
from outvoted.actors.networks.computing import own_device
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.cost import cost
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from outvoted.cluster.jobs.in_process.base import Making
from outvoted.search.errors import OutvotedError
from outvoted.search.transforms import Transform

_MOST = 4
_MOST_NUMBERS = 1 << 27
"""Of all networks together that are kept; each number takes about sixteen bytes, in all of its copies."""


def linked(run: Making[Any], wanted: tuple[Recipe, ...]) -> Callable[[Path, Sequence[Member]], None]:
    """Return what puts networks into a run's folder: as other names of the shelf's files, where it can."""
    key = shelf_key(run, wanted)
    return partial(members.save, shelf=None if key is None else run.store.panels / key)


def shelf_key(run: Making[Any], wanted: tuple[Recipe, ...]) -> str | None:
    """Return the name of a panel on the shelf; None where this machine lacks a file of a user's network."""
    try:
        return panel_settings.key(wanted, run.data.fingerprint)
    except OutvotedError:
        return None


class ReadyPanel:
    """A panel and its referee, whose networks stay ready while they are asked under other transforms."""

    def __init__(self, found: Sequence[Member], data: Dataset, batch: Batch) -> None:
        """Take trained members, the referee last, and the images that searches start from.

        Raises:
            OutvotedError: their weights don't fit the images.
        """
        self._members, self._data, self._batch = tuple(found), data, batch
        self._networks = [member.build(data.shape, data.classes) for member in found]
        self._ready: list[Peer] = []

    @property
    def numbers(self) -> int:
        """How many numbers the weights of all networks are."""
        return sum(value.numel() for member in self._members for value in member.weights.values())

    @cached_property
    def operations(self) -> int:
        """Operations of the costliest peer for an image, as :func:`cost` counts them."""
        peers = [member.architecture for member in self._members if member.role == "peer"]
        return cost(peers, self._data.shape, self._data.classes).largest

    def moving(self, transform: Transform) -> tuple[list[Peer], Peer | None]:
        """Return the peers, and the referee if there is one, as they answer under a transform."""
        if self._ready:
            renderer = self._ready[0].renderer
            if renderer.transform != transform:
                renderer = renderer.moving(transform)
            self._ready = [peer.beside(renderer) for peer in self._ready]
        else:
            renderer = Renderer(transform, self._data.train)
            self._ready = [Peer(network, renderer, self._batch) for network in self._networks]
        peers = [
            peer for peer, member in zip(self._ready, self._members, strict=True) if member.role == "peer"
        ]
        return peers, next(iter(self._ready[len(peers) :]), None)


class ReadyPanels:
    """The panels that were used last."""

    def __init__(self) -> None:
        self._panels = OrderedDict[tuple[object, ...], ReadyPanel]()

    def of(self, found: Sequence[Member], data: Dataset, batch: Batch) -> ReadyPanel:
        """Return members ready to be asked on the images of a data set.

        Raises:
            OutvotedError: their weights don't fit the images.
        """
        referees = [(one.sha256, one.architecture.model_dump_json()) for one in found if one.role != "peer"]
        key = (fingerprint(found), *referees, id(data), batch, str(own_device()))
        panel = self._panels.pop(key) if key in self._panels else ReadyPanel(found, data, batch)
        self._panels[key] = panel  # keeps the data, so that no other has its id
        while len(self._panels) > 1 and (len(self._panels) > _MOST or self._numbers() > _MOST_NUMBERS):
            self._panels.popitem(last=False)
        return panel

    def _numbers(self) -> int:
        return sum(panel.numbers for panel in self._panels.values())
