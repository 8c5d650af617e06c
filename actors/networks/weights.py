"""Reading weights that a user brings, without unpickling anything but tensors."""

import hashlib
import mmap
import re
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from outvoted.actors.networks import archive, file_kinds
from outvoted.actors.networks.base import Weights
from outvoted.actors.networks.program_description import shown
from outvoted.search.errors import OutvotedError

_ALONE = "save the tensors alone: torch.save(network.state_dict(), 'weights.pth')"


def read_weights(path: Path) -> dict[str, Weights]:
    """Read the named tensors of a safetensors file or of a file of `torch.save`, whatever it is called.

    Returns:
        The tensors at the file's top under "", and those one level below under their key: of a checkpoint
        ``{"model": {...}, "epoch": 3}`` the dictionary under "model".

    Raises:
        OutvotedError: it cannot be read, or holds no named tensors.
    """
    kind = file_kinds.kind_of(path, _expected(path))
    if kind is file_kinds.SAFETENSORS:
        found: Any = _safetensors(path)
    elif kind in (file_kinds.WEIGHTS, file_kinds.PICKLE):
        found = _saved(path, kind)
    else:
        raise OutvotedError(_expected(path), kind.name, kind.remedy)
    nests = {"": found, **found} if isinstance(found, dict) else {}
    tensors = {str(key): _tensors(values) for key, values in nests.items() if isinstance(values, dict)}
    named = {key: values for key, values in tensors.items() if values}
    if not named:
        raise OutvotedError(_expected(path), _without_tensors(found), _ALONE)
    _refuse_unusual(path, named)
    return named


def file_hash(path: Path) -> str:
    """Return a file's SHA-256.

    Raises:
        OutvotedError: it cannot be read.
    """
    file_kinds.kind_of(path, f"a file at {path}")
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise OutvotedError(f"a file at {path}", error.strerror or str(error), "make it readable") from error


def _safetensors(path: Path) -> Weights:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        reason = shown(str(error).partition(":")[2].strip() or str(error))
        raise OutvotedError(
            expected=_expected(path),
            found=f"a damaged safetensors file: {reason}",
            remedy="copy the file again, or save it again with safetensors.torch.save_file",
        ) from error


def _saved(path: Path, kind: file_kinds.Kind) -> Any:
    """Unpickle tensors, and nothing else, from an archive of the plainest structure or an early file."""
    try:
        if kind is file_kinds.WEIGHTS:
            with path.open("rb") as file:
                archive.entries(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old kinds of tensors
            return torch.load(path, map_location="cpu", weights_only=True)
    except archive.NotPlainError as error:
        again = "copy the file again, or save it again with torch.save"
        raise OutvotedError(_expected(path), str(error), again) from error
    except Exception as error:  # torch.load raises whatever pickle or its own code meets
        raise OutvotedError(_expected(path), _pickled(str(error)), _ALONE) from error


def _pickled(reason: str) -> str:
    """Say what a file holds besides tensors, from what PyTorch says of it."""
    name = re.search(r"Unsupported (?:global|class)[^:]*: (?:GLOBAL )?([\w.]+)", reason)
    if name is None:
        return "a damaged file, or a pickle of other things than tensors"
    whole = "a whole pickled network, or other pickled objects beside the tensors"
    return f"{whole} (the class {shown(name[1])}): to read it would run code from the file"


def _tensors(values: dict[Any, Any]) -> Weights:
    """Return what is a tensor under a name; all of it has to be but for notes that PyTorch adds."""
    return {
        key: value
        for key, value in values.items()
        if isinstance(value, torch.Tensor) and isinstance(key, str)
    }


def _without_tensors(found: Any) -> str:
    if isinstance(found, torch.Tensor):
        return "one tensor without a name"
    if not isinstance(found, dict):
        return f"a {type(found).__name__} that is no state dict"
    keys = ", ".join(shown(str(key)) for key in list(found)[:5])
    optimiser = " (the state of an optimizer?)" if {"state", "param_groups"} <= found.keys() else ""
    return f"no tensors under the keys {keys}{optimiser}" if found else "an empty state dict"


def _refuse_unusual(path: Path, named: dict[str, Weights]) -> None:
    """Refuse tensors that are no plain arrays of numbers."""
    for nest, weights in named.items():
        for name, value in weights.items():
            plain = type(value) in (torch.Tensor, nn.Parameter) and value.layout == torch.strided
            if not plain or value.is_quantized or value.is_nested or value.device.type != "cpu":
                what = "quantized" if value.is_quantized else "without numbers" if value.is_meta else "sparse"
                raise OutvotedError(
                    expected=f"dense tensors of plain numbers in {path}",
                    found=f"{'.'.join(filter(None, (nest, shown(name))))} {what}",
                    remedy="save the network's state_dict() as it was before it was quantized or converted",
                )


def _expected(path: Path) -> str:
    return f"weights at {path}: safetensors, or a state dict of torch.save"
