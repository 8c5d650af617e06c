"""Networks to save weights of, and what is read from the files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from outvoted.actors.networks import LoadedWeights, PythonFactory, members
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import EVERYTHING
from tests.actors.networks.hostile_programs import told

SHAPE, CLASSES = (1, 4, 4), 5
IMAGES = torch.rand(3, *SHAPE, generator=torch.Generator().manual_seed(5))


class Tied(nn.Module):
    """Two layers with one weight, behind batch normalisation."""

    def __init__(self, width: int = 6, classes: int = CLASSES) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Flatten(), nn.Linear(16, width), nn.BatchNorm1d(width))
        self.second, self.third = nn.Linear(width, width), nn.Linear(width, width)
        self.third.weight = self.second.weight
        self.last = nn.Linear(width, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.last(self.third(self.second(self.first(images)).relu()).relu())
        return logits


def normed() -> nn.Module:
    return nn.Sequential(nn.Flatten(), parametrizations.weight_norm(nn.Linear(16, CLASSES)))


def lazy() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(CLASSES))


def own(file: Path, factory: str = "Tied", **arguments: Any) -> PythonFactory:
    path = f"{__name__}:{factory}"
    return PythonFactory(factory=path, arguments=arguments, weights=file, alias="net")


def loaded(file: Path, factory: str = "Tied", **arguments: Any) -> LoadedWeights:
    found = own(file, factory, **arguments).load(SHAPE, CLASSES)
    assert found is not None
    return found


def refused(file: Path, factory: str = "Tied", classes: int = CLASSES, **arguments: Any) -> OutvotedError:
    with pytest.raises(OutvotedError) as caught:
        own(file, factory, classes=classes, **arguments).load(SHAPE, classes)
    told(caught.value)
    for internal in ("weights_only", "BytesIO", "Unpickling", "Error(s) in loading", "kind='"):
        assert internal not in str(caught.value)
    return caught.value


State = dict[str, torch.Tensor]


def prefixed(prefix: str) -> Callable[[State], Any]:
    return lambda state: {prefix + name: value for name, value in state.items()}


def without(*ends: str) -> Callable[[State], Any]:
    return lambda state: {name: value for name, value in state.items() if not name.endswith(ends)}


def other(state: State) -> State:
    return {name: value + 1 for name, value in state.items()}


def keeps_its_answers(found: LoadedWeights, network: nn.Module, folder: Path) -> None:
    """Answers are those of the network that was saved, also from a run's own folder."""
    settings = own(folder / "none")
    one = Member("net", "peer", settings, 0, found.weights, (EpochRecord(0, None, None),))
    members.save(folder / "peers", [one])
    for again in (one, *members.load(folder / "peers", EVERYTHING)):
        assert torch.equal(again.bare(SHAPE, CLASSES).eval()(IMAGES), network(IMAGES))
