"""Training a panel's networks in this process, one after another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import Architecture
from outvoted.actors.networks.computing import own_context
from outvoted.actors.networks.members import Member, Role
from outvoted.actors.panel.answers import sample
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.panel_settings import PanelSettings, Recipe
from outvoted.actors.panel.panel_settings import recipes as wanted_networks
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import Epoch, measured, train, trained_member
from outvoted.cluster.configuration import reading
from outvoted.cluster.console.terminal import Terminal, bars, training_task
from outvoted.cluster.python.in_hand import InHand
from outvoted.cluster.python.modules import named, taken
from outvoted.cluster.python.recipes import Recipes, prepared, recipes
from outvoted.search.settings import Settings

Normalisation = tuple[float | Sequence[float] | None, float | Sequence[float] | None, Recipes | None]
"""Mean, std and recipe."""
_WHERE = "Panel.train(...)"


@dataclass(frozen=True)
class TrainedModules:
    """TrainedModules networks by name, and how they were trained."""

    modules: dict[str, nn.Module]
    training: Training


@dataclass(frozen=True)
class _Wanted:
    """A network to be trained from a seed."""

    name: str
    role: Role
    network: Architecture
    training: Training
    seed: int


def trained(
    data: Dataset, networks: Any, training: Training | Mapping[str, Any], batch: Batch, how: Normalisation
) -> TrainedModules:
    """Train architectures, or a user's modules from the weights they have; these stay as they are.

    Raises:
        OutvotedError: a setting is not what it must be, or a module is no network that can be trained.
    """
    listed = networks if isinstance(networks, Mapping | nn.Module) else list(networks)
    several = [] if isinstance(listed, nn.Module) else list(_values(listed))
    if isinstance(listed, nn.Module) or any(isinstance(one, nn.Module) for one in several):
        settings = reading.validated(PanelSettings, {"training": training, "batch": batch}, _WHERE)
        wanted = list(_modules(listed, data, settings.training, how))
    else:
        values = {"networks": _kinds(several), "training": training, "batch": batch}
        settings = reading.validated(PanelSettings, values, _WHERE)
        wanted = [_of(one) for one in wanted_networks(settings, None)]
        recipes((), *how)  # which says so where there is no use for it
    made = {one.name: one.bare(data.shape, data.classes) for one in _members(wanted, data)}
    return TrainedModules(made, settings.training)


def as_configured(settings: Settings) -> tuple[Dataset, list[Member]]:
    """Return the images and the networks, the referee's among them, of a run's configuration.

    Raises:
        OutvotedError: the images cannot be had, or a network can't be built.
    """
    config: Any = settings
    load = getattr(config, "load", None)  # of a scan, which may train on a part
    data: Dataset = datasets.load(config.data) if load is None else load()
    wanted = [_of(one) for one in wanted_networks(config.panel, getattr(config, "referee", None))]
    return data, _members(wanted, data)


def _of(one: Recipe) -> _Wanted:
    return _Wanted(one.name, one.role, one.network, one.training, one.seed)


def _values(networks: Any) -> Iterable[Any]:
    return networks.values() if isinstance(networks, Mapping) else networks


def _kinds(networks: Iterable[Any]) -> list[Any]:
    """Take a text for a kind of network with its usual settings."""
    return [{"kind": one} if isinstance(one, str) else one for one in networks]


def _modules(networks: Any, data: Dataset, training: Training, how: Normalisation) -> Iterator[_Wanted]:
    shown, modules = sample(data.train, data.shape, data.classes), named(networks)
    known = recipes(list(modules), *how)
    for offset, (name, module) in enumerate(modules.items()):
        recipe = known.get(name)

        def prepare(copy: nn.Module, name: str = name, recipe: Any = recipe) -> nn.Module:
            return copy if recipe is None else prepared(name, copy, recipe, data.shape)

        ready = taken(name, module, shown, prepare).network
        yield _Wanted(name, "peer", InHand.of(ready), training, training.seed + offset)


def _members(wanted: Sequence[_Wanted], data: Dataset) -> list[Member]:
    """Train networks one after another; those that come with weights are measured instead."""
    with bars(Terminal()) as bar, own_context(gradients=True):
        name = training_task(one.network.loaded for one in wanted)
        task = bar.add_task(name, total=sum(one.training.epochs for one in wanted), details="")

        def shown(one: _Wanted) -> Iterator[Epoch]:
            loaded = one.network.load(data.shape, data.classes)
            if loaded is not None and loaded.note:
                note = f"{one.name}: weights read from its file: {loaded.note}"
                bar.console.print(note, markup=False, highlight=False)
            known = None if loaded is None else loaded.weights
            epochs = (
                train(one.network, one.training, data, one.seed)
                if known is None
                else measured(one.network, known, data)
            )
            for epoch in epochs:
                bar.update(task, advance=one.training.epochs if known is not None else 1, details=one.name)
                yield epoch

        return [trained_member(one.name, one.role, one.network, one.seed, shown(one)) for one in wanted]
