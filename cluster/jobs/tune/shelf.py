"""Panels of a sweep, each trained once: whoever needs one that nobody has trained yet helps to train it.

A desk beside the driver, where the shelf of trained panels is, hands out one network after another to the
workers whose trials wait for the panel. Nobody waits while there is a network that nobody trains.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ray

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import Weights, members
from outvoted.actors.networks.members import Member
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.training.training import trained_member, trained_or_measured
from outvoted.cluster.jobs.in_process.base import Shelf
from outvoted.cluster.jobs.networks import kept
from outvoted.cluster.ray.calls import FETCH_SECONDS, result
from outvoted.search.errors import OutvotedError

_WAIT_SECONDS = 5.0
_KEPT = 4
"""Panels that a worker keeps; others it asks for again."""
_PLACED = 8
"""Panels that are kept in the object store; others are read from the shelf again."""


@dataclass(frozen=True)
class WantedPanel:
    """A panel, and the images that it is trained on: their fingerprint, shape, and number of classes."""

    recipes: tuple[Recipe, ...]
    fingerprint: str
    shape: tuple[int, int, int]
    classes: int

    @property
    def name(self) -> str:
        """What tells it from other panels; files of networks are not read."""
        return "\n".join([self.fingerprint, *(one.model_dump_json() for one in self.recipes)])


@dataclass(frozen=True)
class ToTrain:
    """A network that a worker is to train, with its weights where it comes with some."""

    index: int
    loaded: Weights | None


@dataclass(frozen=True)
class PlacedPanel:
    """A panel: a reference to its members in the object store."""

    members: Any


@dataclass
class _Order:
    """A panel that is being trained.

    Attributes:
        shelf: its folder among trained panels.
        trainers: who trains which network, by its place.
        trained: the networks that are trained, by their places.
        refused: why it cannot be trained.
    """

    wanted: tuple[Recipe, ...]
    shelf: Path
    trainers: dict[int, str] = field(default_factory=dict)
    trained: dict[int, Member] = field(default_factory=dict)
    refused: OutvotedError | None = None
    ready: PlacedPanel | None = None

    def next(self) -> int | None:
        """Return the place of a network that nobody trains, the referee first, which takes longest."""
        waiting = [place for place in range(len(self.wanted)) if place not in {*self.trainers, *self.trained}]
        return min(waiting, key=lambda place: (self.wanted[place].role != "referee", place), default=None)

    def settled(self) -> bool:
        """Return whether there is something to say to who asks."""
        return self.refused is not None or self.ready is not None or self.next() is not None


class PanelDesk:
    """Knows which panels there are, and who trains which network; its methods take turns."""

    def __init__(self, panels: Path) -> None:
        """Take the folder of trained panels."""
        self._panels = panels
        self._orders: dict[str, _Order] = {}
        self._changed = asyncio.Condition()
        self._count = 0

    async def ask(self, wanted: WantedPanel, who: str) -> ToTrain | PlacedPanel | None:
        """Return a panel, or the next network of it that is to be trained; None: ask again.

        Raises:
            OutvotedError: it cannot be trained, or what is on the shelf cannot be read.
        """
        order = self._order(wanted)
        self._free(order, who)  # what it was training when its process died
        async with self._changed:
            try:
                async with asyncio.timeout(_WAIT_SECONDS):
                    await self._changed.wait_for(order.settled)
            except TimeoutError:
                return None
        if order.refused is not None:
            raise order.refused
        if order.ready is not None:
            return order.ready
        place = order.next()
        assert place is not None
        try:  # here, so that other machines need not have the file of weights
            loaded = wanted.recipes[place].network.load(wanted.shape, wanted.classes)
        except Exception as error:
            await self.refused(wanted, _refusal(wanted.recipes[place], error))
            raise _refusal(wanted.recipes[place], error) from error
        order.trainers[place] = who
        return ToTrain(place, None if loaded is None else loaded.weights)

    async def trained(self, wanted: WantedPanel, place: int, member: Member) -> None:
        """Take a network that was trained; the last one of its panel puts the panel onto the shelf.

        Raises:
            OutvotedError: the disk refuses; so it is for all trials that want the panel.
        """
        order = self._order(wanted)
        order.trainers.pop(place, None)
        if order.ready is None and place not in order.trained:
            order.trained[place] = member
            self._count += not wanted.recipes[place].network.loaded
            if len(order.trained) == len(wanted.recipes):
                found = [order.trained[each] for each in range(len(wanted.recipes))]
                try:
                    members.save(order.shelf, found)
                except OutvotedError as error:
                    await self.refused(wanted, error)
                    raise
                _place(order, found)
        await self._tell()

    async def refused(self, wanted: WantedPanel, why: OutvotedError) -> None:
        """Take why a network cannot be trained: all trials that want its panel are told."""
        self._order(wanted).refused = why
        await self._tell()

    async def lost(self, who: str) -> None:
        """Hand out again what somebody trained whose process has died."""
        for order in self._orders.values():
            self._free(order, who)
        await self._tell()

    async def count(self) -> int:
        """Count the networks that were trained."""
        return self._count

    def _order(self, wanted: WantedPanel) -> _Order:
        if wanted.name not in self._orders:
            shelf = self._panels / panel_settings.key(wanted.recipes, wanted.fingerprint)
            order = _Order(wanted.recipes, shelf)
            if (shelf / members.TABLE).exists():
                _place(order, kept(shelf, wanted.recipes, shelf=True))
            self._orders[wanted.name] = order
            self._drop()
        return self._orders[wanted.name]

    def _drop(self) -> None:
        """Forget the oldest panels that are on the shelf, where there are many."""
        placed = [name for name, order in self._orders.items() if order.ready is not None]
        for name in placed[:-_PLACED]:
            del self._orders[name]

    @staticmethod
    def _free(order: _Order, who: str) -> None:
        for place in [place for place, trainer in order.trainers.items() if trainer == who]:
            del order.trainers[place]

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _place(order: _Order, found: Sequence[Member]) -> None:
    order.ready = PlacedPanel((ray.put(tuple(found)),))
    order.trained.clear()


class DeskShelf(Shelf):
    """The shelf as a worker sees it."""

    def __init__(self, desk: Any) -> None:
        """Take the panels' part of the sweep's desk."""
        self._desk, self.who = desk, ""
        self._kept: OrderedDict[str, list[Member]] = OrderedDict()

    def trained(self, wanted: tuple[Recipe, ...], data: Dataset) -> list[Member]:
        """Return trained networks; train some of them, as long as there are any that nobody trains.

        Raises:
            OutvotedError: a network cannot be built or trained.
        """
        panel = WantedPanel(wanted, data.fingerprint, data.shape, data.classes)
        if panel.name not in self._kept:
            self._kept[panel.name] = self._got(panel, data)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(panel.name)
        return list(self._kept[panel.name])

    def _got(self, wanted: WantedPanel, data: Dataset) -> list[Member]:
        while True:
            told = result(self._desk.remote("ask", wanted, self.who))
            if isinstance(told, PlacedPanel):
                (placed,) = told.members
                return list(ray.get(placed, timeout=FETCH_SECONDS))
            if isinstance(told, ToTrain):
                self._train(wanted, told, data)

    def _train(self, wanted: WantedPanel, what: ToTrain, data: Dataset) -> None:
        one = wanted.recipes[what.index]
        try:
            epochs = trained_or_measured(one.network, one.training, data, one.seed, what.loaded)
            member = trained_member(one.name, one.role, one.network, one.seed, epochs)
        except Exception as error:
            result(self._desk.remote("refused", wanted, _refusal(one, error)))
            raise _refusal(one, error) from error
        result(self._desk.remote("trained", wanted, what.index, member))


def _refusal(recipe: Recipe, error: Exception) -> OutvotedError:
    """Return why a network cannot be had, in words."""
    if isinstance(error, OutvotedError):
        return error
    return OutvotedError(
        expected=f"{recipe.name} to be trained",
        found=" ".join(f"{type(error).__name__}: {error}".split()),
        remedy="mend what panel says of it, then continue with --resume",
    )
