"""Networks to bring: a module of Python code, files of weights, an exported program."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from outvoted.actors.networks import (
    Architecture,
    ExportedNetwork,
    InputRecipe,
    PythonFactory,
    TimmModel,
    TorchvisionModel,
)
from tests.actors.networks.hostile_programs import Payload
from tests.actors.networks.saved_weights import Tied

SHAPE = (3, 20, 24)
CLASSES = 7
KINDS = ("python", "exported", "torchvision", "timm")
LARGE = InputRecipe(size=(32, 32), channels=3)
CODE = """
import torch
from torch import nn

def tiny(classes=7, channels=3, width=4):
    return nn.Sequential(
        nn.Conv2d(channels, width, 3), nn.BatchNorm2d(width), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(4 * width, classes))

def failing():
    raise RuntimeError("no such luck")

class Odd(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.answer = answer
    def forward(self, images):
        if self.answer == "raise":
            raise ValueError("seven channels, please")
        logits = images.mean((1, 2, 3))[:, None].expand(-1, 7) * self.weight
        return {"nan": logits * torch.nan, "tuple": (logits, logits), "flat": logits[:, 0]}[self.answer]

def odd(answer):
    return Odd(answer)

def number():
    return 3

constant = 3

def the_class():
    return Odd

def nothing():
    tiny()

def leaving():
    raise SystemExit(0)

def demanding(width, depth=2):
    return tiny(width=width)
"""

Bring = Callable[[str], Architecture]


def tiny() -> nn.Sequential:
    """The same network as `tiny` in the code above."""
    layers = (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
    return nn.Sequential(*layers, nn.Linear(16, CLASSES))


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a user's module `brought_models` in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "brought_models", raising=False)
    (tmp_path / "brought_models.py").write_text(CODE)
    return tmp_path


@pytest.fixture
def bring(workplace: Path) -> Bring:
    """Make settings of a network of each kind, with weights drawn at random."""

    def make(kind: str) -> Architecture:
        torch.manual_seed(0)
        if kind == "exported":
            return ExportedNetwork(file=exported(workplace / "tiny.pt2", tiny().eval()))
        bare: PythonFactory | TorchvisionModel | TimmModel
        if kind == "python":
            bare = PythonFactory(factory="brought_models:tiny")
        elif kind == "torchvision":
            vision("torchvision")
            bare = TorchvisionModel(model="squeezenet1_1", input=LARGE)
        else:
            vision("timm")
            bare = TimmModel(model="test_resnet", input=LARGE)
        shape = bare.input.seen(SHAPE)
        save_file(bare.module(shape, CLASSES).state_dict(), workplace / f"{kind}.safetensors")
        return bare.model_copy(update={"weights": workplace / f"{kind}.safetensors"})

    return make


def exported(path: Path, network: nn.Module, fixed: bool = False) -> Path:
    """Export a network for images of SHAPE, for two at a time or for any number."""
    dynamic = None if fixed else ({0: torch.export.Dim("batch")},)
    program = torch.export.export(network, (torch.zeros(2, *SHAPE),), dynamic_shapes=dynamic)
    torch.export.save(program, path)
    return path


def vision(name: str) -> None:
    """Skip where an optional package is not installed."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed: pip install 'outvoted[vision]'")


@pytest.fixture
def payload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Payload]:
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield Payload(tmp_path / "mark")
    sys.modules.pop("hostile_module", None)


@pytest.fixture(scope="module")
def tied() -> nn.Module:
    torch.manual_seed(4)
    return Tied().eval()
