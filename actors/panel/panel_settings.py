"""The networks of a run: the panel's peers, and the referee."""

import hashlib
import json
from collections import Counter
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from outvoted.actors.networks import CNN, MLP, Architecture, Network
from outvoted.actors.networks.members import Role
from outvoted.actors.panel.fast import Batch
from outvoted.actors.training.steps import Training
from outvoted.search.settings import MayChange, NoResult, Settings
from outvoted.search.transforms import Affine, AffineRange

_RECIPE = 2  # raise when the same settings train other weights


class PanelSettings(Settings):
    """The peers: trained alike, or the user's own with their weights."""

    networks: tuple[Network, ...] = tuple(MLP(hidden=hidden) for hidden in (10, 20, 30, 40, 50))
    """At least two. A name for each comes from its kind and size, or is its alias."""
    training: Training = Training()
    """How they are trained; those that come with weights are not."""
    batch: Annotated[Batch, MayChange(), NoResult()] = "auto"
    """Images that reach a network at once, a matter of speed alone; "auto" chooses by what an image costs."""

    @field_validator("networks")
    @classmethod
    def _enough(cls, networks: tuple[Network, ...]) -> tuple[Network, ...]:
        if len(networks) < 2:
            raise ValueError("a panel needs at least 2 networks: a target and a peer that outvotes it")
        return networks

    @model_validator(mode="after")
    def _told_apart(self) -> "PanelSettings":
        names = [*self.names, "referee"]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two networks would be called {', '.join(twice)}; give one another alias")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each peer; networks of one architecture are told apart by a number."""
        labels = [network.label for network in self.networks]
        seen: Counter[str] = Counter()
        names = []
        for label in labels:
            names.append(label if labels.count(label) == 1 else f"{label}-{seen[label] + 1}")
            seen[label] += 1
        return tuple(names)


class RefereeSettings(Settings):
    """The independent network that judges whether a mistake still shows its label."""

    network: Network = CNN()
    """Better a stronger one than the peers; with weights of its own, it is not trained."""
    training: Training = Training(
        epochs=6, augment=Affine(move=AffineRange(rotation=15, translation=1.5, scale=1.15, shear=15))
    )
    """How it is trained, by default on images that are moved at random."""


BY_PANEL: Any = "by panel"
"""The default of a field of :data:`FittingReferee`."""


def _fitting(value: Any, info: ValidationInfo) -> Any:
    if value != BY_PANEL:
        return value
    panel = info.data.get("panel")  # missing where it is not valid
    brought = isinstance(panel, PanelSettings) and all(network.loaded for network in panel.networks)
    return None if brought else RefereeSettings()


FittingReferee = Annotated[RefereeSettings | None, BeforeValidator(_fitting), Field(validate_default=True)]
"""The referee, in a field behind ``panel``. Where it is left out, one is trained beside networks that are
trained; none where all of them come with weights: nobody knows what would make a stronger one then."""


class Recipe(Settings):
    """One network to be trained; everything its weights depend on besides the data."""

    name: str
    role: Role
    network: Network
    training: Training
    seed: int


def recipes(panel: PanelSettings, referee: RefereeSettings | None) -> tuple[Recipe, ...]:
    """List the networks of a run: the peers in the panel's order, then the referee if there is one."""
    peers = [
        _recipe(name, "peer", network, panel.training, offset)
        for offset, (name, network) in enumerate(zip(panel.names, panel.networks, strict=True))
    ]
    return (*peers, *([] if referee is None else [referee_recipe(referee)]))


def referee_recipe(referee: RefereeSettings) -> Recipe:
    """Return how the referee is trained."""
    return _recipe("referee", "referee", referee.network, referee.training, 0)


def key(wanted: tuple[Recipe, ...], data_fingerprint: str) -> str:
    """Name trained networks by everything they depend on: equal settings and files, equal key.

    Raises:
        OutvotedError: a network's own file cannot be read.
    """
    contents = [recipe.network.content for recipe in wanted if recipe.network.content]
    settings = [recipe.model_dump(mode="json") for recipe in wanted]
    text = json.dumps([_RECIPE, data_fingerprint, *settings, *contents])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _recipe(name: str, role: Role, network: Architecture, training: Training, offset: int) -> Recipe:
    return Recipe.model_validate(
        {"name": name, "role": role, "network": network, "training": training, "seed": training.seed + offset}
    )
