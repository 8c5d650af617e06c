"""Networks of a panel: those trained here, and those a user brings."""

from typing import Annotated

from pydantic import Field

from outvoted.actors.networks.base import Architecture, Loaded, Shape, Weights
from outvoted.actors.networks.behind_input import BehindInput
from outvoted.actors.networks.brought import Brought
from outvoted.actors.networks.cnn import CNN
from outvoted.actors.networks.deep_cnn import DeepCNN
from outvoted.actors.networks.exported import Exported
from outvoted.actors.networks.mlp import MLP
from outvoted.actors.networks.packaged import Packaged
from outvoted.actors.networks.plain_cnn import PlainCNN
from outvoted.actors.networks.prepared import Input, Prepared
from outvoted.actors.networks.python_factory import PythonFactory
from outvoted.actors.networks.timm_model import TimmModel
from outvoted.actors.networks.torchvision_model import TorchvisionModel
from outvoted.actors.networks.vit import ViT

Network = Annotated[
    MLP
    | CNN
    | PlainCNN
    | DeepCNN
    | ViT
    | BehindInput
    | PythonFactory
    | TorchvisionModel
    | TimmModel
    | Exported
    | Packaged,
    Field(discriminator="kind"),
]
"""Any architecture, told apart by its ``kind``."""

__all__ = [
    "CNN",
    "MLP",
    "Architecture",
    "BehindInput",
    "Brought",
    "DeepCNN",
    "Exported",
    "Input",
    "Loaded",
    "Network",
    "Packaged",
    "PlainCNN",
    "Prepared",
    "PythonFactory",
    "Shape",
    "TimmModel",
    "TorchvisionModel",
    "ViT",
    "Weights",
]
