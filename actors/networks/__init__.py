"""Networks of a panel: those Outvoted trains, and the user's own."""

from typing import Annotated

from pydantic import Field

from outvoted.actors.networks.base import Architecture, Shape
from outvoted.actors.networks.exported import ExportedNetwork
from outvoted.actors.networks.image_networks import CNN, DeepCNN, PlainCNN, ViT
from outvoted.actors.networks.libraries import TimmModel, TorchvisionModel
from outvoted.actors.networks.mlp import MLP
from outvoted.actors.networks.packaged import PackagedNetwork
from outvoted.actors.networks.preprocessing import InputRecipe, Preprocessed, PreprocessedNetwork
from outvoted.actors.networks.user_network import PythonFactory, UserNetwork
from outvoted.actors.networks.weights import LoadedWeights, Weights

Network = Annotated[
    MLP
    | CNN
    | PlainCNN
    | DeepCNN
    | ViT
    | PreprocessedNetwork
    | PythonFactory
    | TorchvisionModel
    | TimmModel
    | ExportedNetwork
    | PackagedNetwork,
    Field(discriminator="kind"),
]
"""Any architecture, told apart by its ``kind``."""

__all__ = [
    "CNN",
    "MLP",
    "Architecture",
    "DeepCNN",
    "ExportedNetwork",
    "InputRecipe",
    "LoadedWeights",
    "Network",
    "PackagedNetwork",
    "PlainCNN",
    "Preprocessed",
    "PreprocessedNetwork",
    "PythonFactory",
    "Shape",
    "TimmModel",
    "TorchvisionModel",
    "UserNetwork",
    "ViT",
    "Weights",
]
