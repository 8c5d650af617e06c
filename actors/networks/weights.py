"""Reading weights that a user brings, without unpickling anything but tensors."""

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from outvoted.actors.networks.base import Weights
from outvoted.search.errors import OutvotedError


def read_weights(path: Path) -> Weights:
    """Read a safetensors file or a state dict, also one kept under the key ``state_dict``.

    Raises:
        OutvotedError: it cannot be read, or holds something else than named tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError) as error:
        raise _unread(path, getattr(error, "strerror", None) or str(error)) from error
    except Exception as error:  # torch.load raises whatever pickle, zip or its own code meets
        raise _unread(path, f"{type(error).__name__}: {str(error).splitlines()[0]}"[:200]) from error
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    if not isinstance(found, dict) or not all(isinstance(v, torch.Tensor) for v in found.values()):
        raise _unread(path, f"a {type(found).__name__} that is no state dict")
    return dict(found)


def file_hash(path: Path) -> str:
    """Return a file's SHA-256.

    Raises:
        OutvotedError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unread(path, error.strerror or str(error)) from error


def _unread(path: Path, found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"weights at {path}: safetensors, or a state dict of plain tensors",
        found=found,
        remedy="correct the path, or save them with safetensors.torch.save_file(network.state_dict(), ...)",
    )
