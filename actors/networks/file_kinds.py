"""What kind of file a path leads to, told by its content, and what to do with those that are not for us."""

import os
import stat
import zipfile
from pathlib import Path
from typing import NamedTuple

from outvoted.search.errors import OutvotedError


class Kind(NamedTuple):
    """A kind of file: what it is called, and what to do where it is brought in place of another."""

    name: str
    remedy: str = (
        "bring the weights as safetensors.torch.save_file(network.state_dict(), 'weights.safetensors')"
    )


_ELSEWHERE = "rebuild the network in PyTorch, copy the numbers into it, and save its state_dict()"
SAFETENSORS = Kind("safetensors")
WEIGHTS = Kind(
    "a file of torch.save", "bring it as weights: of a network of kind: python, torchvision or timm"
)
PICKLE = Kind("a pickle, or a file of an early torch.save", WEIGHTS.remedy)
PROGRAM = Kind(
    "an exported program (torch.export.save)", "bring it as kind: exported, with file: in place of weights:"
)
TORCHSCRIPT = Kind(
    "a TorchScript program (torch.jit.save)",
    "save the state_dict() of the network that it was made from, or export that with torch.export.save",
)
_OLDER = Kind("a program exported by PyTorch 2.8 or earlier", "export it again with PyTorch 2.9 or later")
_COMPILED = Kind("a compiled program (AOTInductor)", "export the network with torch.export.save instead")
_KERAS = Kind("a Keras model", _ELSEWHERE)
_ARRAYS = Kind("NumPy arrays", _ELSEWHERE)
_TFLITE = Kind("a TensorFlow Lite model", _ELSEWHERE)
_ONNX = Kind("an ONNX model", _ELSEWHERE)
_TAR = Kind("a tar archive", "unpack it, or save the weights again with a PyTorch of this decade")
_EMPTY = Kind("an empty file", "copy the file again: it was cut off")
_UNKNOWN = Kind("a file of an unknown kind")
_BEGINNINGS = {
    b"\x89HDF": Kind("an HDF5 file (Keras?)", _ELSEWHERE),
    b"GGUF": Kind("a GGUF file", _ELSEWHERE),
    b"\x93NUMPY": _ARRAYS,
    b"\x1f\x8b": Kind("a file compressed by gzip", "unpack it with gunzip"),
    b"version https://git-lfs": Kind(
        "a pointer of Git LFS in place of the file", "fetch the file: git lfs pull"
    ),
    b"<": Kind("a web page", "download the file again: the page says what went wrong"),
    b"\x80": PICKLE,
}
_INNER: dict[str, Kind] = {
    "models/model.json": PROGRAM,
    "constants.pkl": TORCHSCRIPT,
    "data.pkl": WEIGHTS,
    "serialized_exported_program.json": _OLDER,
    "model.weights.h5": _KERAS,
}


def kind_of(path: Path, expected: str) -> Kind:
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


def _beginning(head: bytes, size: int) -> Kind:
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


def _in_zip(path: Path) -> Kind:
    """Tell by the names in an archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.partition("/")[2] or name for name in archive.namelist()[:10_000]]
    except Exception:  # what is wrong with it is said where it is read
        return WEIGHTS
    if any(name.startswith("data/aotinductor/") for name in names):
        return _COMPILED
    for inner, kind in _INNER.items():
        if inner in names:
            return kind
    return _ARRAYS if any(name.endswith(".npy") for name in names) else _UNKNOWN
