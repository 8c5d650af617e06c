"""Importing torchvision and timm, which are an extra."""

import importlib
from collections.abc import Mapping
from typing import Any

import torch

from outvoted.search.errors import OutvotedError

_WEIGHTS = ("weights", "pretrained", "checkpoint", "cache_dir")
_OPS = ("nms", "qnms")
_defined: list[torch.library.Library] = []  # operators vanish with their library


def vision(name: str) -> Any:
    """Return the module torchvision or timm.

    Raises:
        OutvotedError: it is not installed, or does not fit the installed torch.
    """
    try:
        _import_torchvision()
        return importlib.import_module(name)
    except (ImportError, RuntimeError) as error:
        raise OutvotedError(
            expected=f"the package {name}",
            found=f"{type(error).__name__}: {error}",
            remedy="pip install 'outvoted[vision]'",
        ) from error


def refuse_files(model: str, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that would have a library read or download weights by its own ways.

    Raises:
        OutvotedError: there is one.
    """
    found = [name for name in arguments if name.startswith(_WEIGHTS)]
    if found:
        raise OutvotedError(
            expected=f"arguments: for {model} that say how it is built",
            found=f"{found[0]}: {arguments[found[0]]!r}"[:200],
            remedy="nothing is downloaded: name a file with weights: beside model:, not under arguments:",
        )


def _import_torchvision() -> None:
    """Import torchvision, also beside a torch that its binary operators were not built for.

    Package indexes offer torchvision built for CUDA. Beside a CPU-only torch its operators don't load, and
    the import stops where it describes two of them. No classifier uses either, so declaring them is enough.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error) or torch.version.cuda is not None or _defined:
            raise
        library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for operator in _OPS:
            schema = f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            library.define(schema)  # type: ignore[no-untyped-call]
        _defined.append(library)
        importlib.import_module("torchvision")
