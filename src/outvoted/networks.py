"""Networks of a panel, by what they are: ``Panel.train(networks=[MLP(hidden=8), CNN()])``."""

from outvoted.actors.networks import (
    CNN,
    MLP,
    Architecture,
    PreprocessedNetwork,
    DeepCNN,
    ExportedNetwork,
    InputRecipe,
    PackagedNetwork,
    PlainCNN,
    PythonFactory,
    TimmModel,
    TorchvisionModel,
    ViT,
)
from outvoted.actors.training.steps import Training

__all__ = [
    "CNN",
    "MLP",
    "Architecture",
    "PreprocessedNetwork",
    "DeepCNN",
    "ExportedNetwork",
    "InputRecipe",
    "PackagedNetwork",
    "PlainCNN",
    "PythonFactory",
    "TimmModel",
    "TorchvisionModel",
    "Training",
    "ViT",
]
