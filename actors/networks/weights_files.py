"""Reading the user's weights files, without unpickling anything but tensors."""

import hashlib
import mmap
import os
import re
import stat
import warnings
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from outvoted.actors.networks import archive
from outvoted.actors.networks.weights import Weights, shown
from outvoted.search.errors import OutvotedError


class FileKind(NamedTuple):
    """A kind of file: its name, and what to do if it is given in place of another."""

    name: str
    remedy: str = (
        "save the weights with safetensors.torch.save_file(network.state_dict(), 'weights.safetensors')"
    )


_ELSEWHERE = "rebuild the network in PyTorch, copy the numbers into it, and save its state_dict()"
SAFETENSORS = FileKind("safetensors")
WEIGHTS = FileKind(
    "a file of torch.save", "name it as weights: of a network of kind: python, torchvision or timm"
)
PICKLE = FileKind("a pickle, or a file of an early torch.save", WEIGHTS.remedy)
PROGRAM = FileKind(
    "an exported program (torch.export.save)", "use kind: exported, with file: in place of weights:"
)
TORCHSCRIPT = FileKind(
    "a TorchScript program (torch.jit.save)",
    "save the state_dict() of the network that it was made from, or export that with torch.export.save",
)
_OLDER = FileKind("a program exported by PyTorch 2.8 or earlier", "export it again with PyTorch 2.9 or later")
_COMPILED = FileKind("a compiled program (AOTInductor)", "export the network with torch.export.save instead")
_KERAS = FileKind("a Keras model", _ELSEWHERE)
_ARRAYS = FileKind("NumPy arrays", _ELSEWHERE)
_TFLITE = FileKind("a TensorFlow Lite model", _ELSEWHERE)
_ONNX = FileKind("an ONNX model", _ELSEWHERE)
_TAR = FileKind("a tar archive", "unpack it, or save the weights again with a PyTorch of this decade")
_EMPTY = FileKind("an empty file", "copy the file again: it was cut off")
_UNKNOWN = FileKind("a file of an unknown kind")
_BEGINNINGS = {
    b"\x89HDF": FileKind("an HDF5 file (Keras?)", _ELSEWHERE),
    b"GGUF": FileKind("a GGUF file", _ELSEWHERE),
    b"\x93NUMPY": _ARRAYS,
    b"\x1f\x8b": FileKind("a file compressed by gzip", "unpack it with gunzip"),
    b"version https://git-lfs": FileKind(
        "a pointer of Git LFS in place of the file", "fetch the file: git lfs pull"
    ),
    b"<": FileKind("a web page", "download the file again: the page says what went wrong"),
    b"\x80": PICKLE,
}
_INNER: dict[str, FileKind] = {
    "models/model.json": PROGRAM,
    "constants.pkl": TORCHSCRIPT,
    "data.pkl": WEIGHTS,
    "serialized_exported_program.json": _OLDER,
    "model.weights.h5": _KERAS,
}


def kind_of(path: Path, expected: str) -> FileKind:
    """Tell what kind of file a path leads to, whatever it is called.

    Args:
        path: a file that a user names.
        expected: says what should lie there.

    Raises:
        OutvotedError: it leads to none.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            found = "a folder" if stat.S_ISDIR(mode) else "something that is no file"
            raise OutvotedError(expected, found, "name the file itself")
        with path.open("rb") as file:
            head, size = file.read(512), os.fstat(file.fileno()).st_size
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise OutvotedError(
            expected=expected,
            found=found,
            remedy=f"correct the path: a relative one starts at {Path.cwd()}",
        ) from error
    return _in_zip(path) if head.startswith(b"PK") else _beginning(head, size)


def _beginning(head: bytes, size: int) -> FileKind:
    """Tell by a file's first bytes."""
    if not head:
        return _EMPTY
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8:
        return SAFETENSORS
    if head[4:8] == b"TFL3":
        return _TFLITE
    if head[257:262] == b"ustar":
        return _TAR
    for beginning, kind in _BEGINNINGS.items():
        if head.startswith(beginning):
            return kind
    return _ONNX if head[:1] == b"\x08" and head[2:3] == b"\x12" else _UNKNOWN


def _in_zip(path: Path) -> FileKind:
    """Tell by the names in an archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.partition("/")[2] or name for name in archive.namelist()[:10_000]]
    except Exception:  # what is wrong with it is reported where it is read
        return WEIGHTS
    if any(name.startswith("data/aotinductor/") for name in names):
        return _COMPILED
    for inner, kind in _INNER.items():
        if inner in names:
            return kind
    return _ARRAYS if any(name.endswith(".npy") for name in names) else _UNKNOWN


_ALONE = "save the tensors alone: torch.save(network.state_dict(), 'weights.pth')"


def read_weights(path: Path) -> dict[str, Weights]:
    """Read the named tensors of a safetensors file or of a file of `torch.save`, whatever it is called.

    Returns:
        The tensors at the file's top under "", and those one level below under their key: of a checkpoint
        ``{"model": {...}, "epoch": 3}`` the dictionary under "model".

    Raises:
        OutvotedError: it cannot be read, or holds no named tensors.
    """
    kind = kind_of(path, _expected(path))
    if kind is SAFETENSORS:
        found: Any = _safetensors(path)
    elif kind in (WEIGHTS, PICKLE):
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
    kind_of(path, f"a file at {path}")
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


def _saved(path: Path, kind: FileKind) -> Any:
    """Unpickle tensors, and nothing else, from an archive of the plainest structure or an early file."""
    try:
        if kind is WEIGHTS:
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
