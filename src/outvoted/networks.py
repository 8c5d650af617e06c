"""Networks of a panel, by what they are: ``Panel.train(networks=[MLP(hidden=8), CNN()])``."""

from outvoted.actors.networks import (
    CNN,
    MLP,
    Architecture,
    DeepCNN,
    ExportedNetwork,
    InputRecipe,
    PackagedNetwork,
    PlainCNN,
    PreprocessedNetwork,
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
    "DeepCNN",
    "ExportedNetwork",
    "InputRecipe",
    "PackagedNetwork",
    "PlainCNN",
    "PreprocessedNetwork",
    "PythonFactory",
    "TimmModel",
    "TorchvisionModel",
    "Training",
    "ViT",
]
