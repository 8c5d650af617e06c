"""A network in a file of `torch.export`: weights and computation, no code needed to run it."""

import io
import json
import logging
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import nn

from outvoted.actors.data.files import UserPath
from outvoted.actors.networks import archive
from outvoted.actors.networks.base import Shape
from outvoted.actors.networks.operators import checked
from outvoted.actors.networks.preprocessing import Preprocessed
from outvoted.actors.networks.program_description import RefusedError, plain, plain_description, weight_name
from outvoted.actors.networks.user_network import UserNetwork
from outvoted.actors.networks.weights import LoadedWeights, Weights, shown
from outvoted.actors.networks.weights_files import PROGRAM, file_hash, kind_of
from outvoted.search.errors import OutvotedError

DESCRIPTION = 64 * 2**20
"""Bytes that a program's description may have: its graph, without weights."""

_FILES = {"weights": re.compile(r"weight_\d+", re.ASCII), "constants": re.compile(r"tensor_\d+", re.ASCII)}
_PASSED_OVER = re.compile(r"data/sample_inputs/model\.pt|extra/.*|byteorder|\.data/\w+")
_MODEL, _SAMPLES = "models/model.json", "data/sample_inputs/model.pt"

Parts = dict[str, memoryview]


def plain_program(data: memoryview, name: str) -> io.BytesIO:
    """Take a file apart and write an archive of what a plain network needs, for `torch.export.load`.

    Raises:
        OutvotedError: it holds more than that, or is no such file at all.
    """
    remedy = "export it again from PyTorch modules alone, or use the network as kind: python"
    try:
        return archive.written(_parts(archive.entries(data)))
    except RefusedError as error:
        found, remedy = str(error), error.remedy or remedy
    except archive.NotPlainError as error:
        found = str(error)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        found = "a program whose description is damaged"
    raise OutvotedError(
        f"a plain network of torch.export.save (PyTorch 2.9 or later) in {name}", found, remedy
    )


def _parts(entries: Parts) -> Iterator[tuple[str, bytes | memoryview]]:
    """List what a plain network needs, by its name in the new archive."""
    inner = {name.partition("/")[2]: content for name, content in entries.items()}
    if len({name.partition("/")[0] for name in entries}) != 1 or len(inner) != len(entries):
        raise RefusedError("several folders in one archive")
    if bytes(inner.get("byteorder", b"little")) != b"little":
        raise RefusedError("numbers in big-endian order")
    version = bytes(inner.pop("archive_version"))
    if bytes(inner.pop("archive_format")) != b"pt2" or not re.fullmatch(rb"\d{1,4}", version):
        raise RefusedError("an archive of another format")
    parts: dict[str, bytes | memoryview] = {"archive_format": b"pt2", "archive_version": version}
    for kind in _FILES:
        parts |= _tensors(kind, inner)
    parts[_MODEL] = json.dumps(plain_description(_json(inner, _MODEL))).encode()
    parts[_SAMPLES] = b""  # PyTorch takes them for none
    parts[".data/version"] = b"6"
    more = [name for name in inner if name not in parts and not _PASSED_OVER.fullmatch(name)]
    if more:
        raise RefusedError(f"the entry {more[0]}")
    return ((f"program/{name}", content) for name, content in parts.items())


def _json(inner: Parts, name: str) -> Any:
    if name not in inner:
        raise RefusedError(f"no entry {name}")
    if len(inner[name]) > DESCRIPTION:
        raise RefusedError(f"the entry {name} of more than {DESCRIPTION // 2**20} MiB")
    return json.loads(bytes(inner[name]))


def _tensors(kind: str, inner: Parts) -> dict[str, bytes | memoryview]:
    """Return the files of weights or constants, and the list that names them."""
    path = f"data/{kind}/model_{kind}_config.json"
    listed, files = {}, {}
    for name, meta in _json(inner, path)["config"].items():
        if meta["use_pickle"] is not False or not meta["tensor_meta"]:
            raise RefusedError(f"the pickled {kind} {name}")
        file = meta["path_name"]
        if not _FILES[kind].fullmatch(file):
            raise RefusedError(f"the {kind} {name} in a file {file!r}")
        files[f"data/{kind}/{file}"] = content = inner[f"data/{kind}/{file}"]
        listed[weight_name(name)] = {
            "path_name": file,
            "is_param": meta["is_param"] is True,
            "use_pickle": False,
            "tensor_meta": _tensor(meta["tensor_meta"], name, len(content)),
        }
    return {**files, path: json.dumps({"config": listed}).encode()}


def _tensor(meta: dict[str, Any], name: str, length: int) -> Any:
    """Return the form of a tensor if it lies within the bytes of its file."""
    sizes, strides = ([side["as_int"] for side in meta[key]] for key in ("sizes", "strides"))
    numbers = [*sizes, *strides, meta["storage_offset"]["as_int"]]
    if len(sizes) != len(strides) or not all(type(number) is int and number >= 0 for number in numbers):
        raise RefusedError(f"a form of {name} that no tensor has")
    if math.prod(sizes) > length:
        raise RefusedError(f"more numbers in {name} than are in the file")
    return plain(meta)


_PROGRAM = "program"


class ExportedNetwork(UserNetwork):
    """A program saved by `torch.export.save`, in evaluation mode; it is loaded, never trained.

    The file's bytes travel and are kept as one tensor among the weights: a run can be replayed from its own
    folder, and the weights' hash covers the whole program.
    """

    kind: Literal["exported"] = "exported"
    file: UserPath
    """A .pt2 file."""

    @property
    def origin(self) -> str:
        """Name the file."""
        return self.file.stem

    @property
    def content(self) -> str:
        """Hash the file."""
        return file_hash(self.file)

    @property
    def loaded(self) -> bool:
        """Always: it comes with its weights."""
        return True

    def load(self, shape: Shape, classes: int) -> LoadedWeights:
        """Read the file's bytes."""
        return LoadedWeights(self._read())

    def _read(self) -> Weights:
        expected = f"a program of torch.export.save at file: {self.file}"
        kind = kind_of(self.file, expected)
        if kind is not PROGRAM:
            raise OutvotedError(expected, kind.name, kind.remedy)
        return {_PROGRAM: torch.from_numpy(np.fromfile(self.file, np.uint8))}

    def module(self, shape: Shape, classes: int) -> nn.Module:
        """Load the program from its file; it has to fit images and classes as it is."""
        return _Program(_bytes(self._read()), str(self.file))

    def restore(self, shape: Shape, classes: int, weights: Weights) -> nn.Module:
        """Load the program from the bytes among the weights."""
        if weights.keys() != {_PROGRAM}:
            raise RuntimeError(f"Missing key '{_PROGRAM}' among {', '.join(weights)}")
        if weights[_PROGRAM].dtype != torch.uint8 or weights[_PROGRAM].ndim != 1:
            raise RuntimeError(f"'{_PROGRAM}' is not the bytes of a file")
        program = _Program(_bytes(weights), str(self.file))
        return Preprocessed(self.input, shape, program)


def _bytes(weights: Weights) -> memoryview:
    """Return the file's bytes without copying them."""
    return weights[_PROGRAM].numpy().data


class _Program(nn.Module):
    """A loaded program, with the batches it was exported for."""

    def __init__(self, data: memoryview, name: str) -> None:
        super().__init__()
        self.program, self._batch = _loaded(data, name)

    def train(self, mode: bool = True) -> Self:
        """Stay as exported: programs refuse to change between training and evaluation."""
        self.training = mode
        return self

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the program's logits, batch by batch where it was exported for a fixed one."""
        if self._batch is None:
            return self.program(images)  # type: ignore[no-any-return]
        parts = []
        for part in torch.split(images, self._batch):
            missing = self._batch - len(part)
            full = torch.cat([part, part[-1:].expand(missing, *part.shape[1:])]) if missing else part
            parts.append(self.program(full)[: len(part)])
        return torch.cat(parts)


def _loaded(data: memoryview, name: str) -> tuple[nn.Module, int | None]:
    """Return a plain network, and how many images it takes at a time: None where any number will do.

    It is loaded from an archive that is written here, never from the file's own bytes.
    """
    plain = plain_program(data, name)
    with _heard() as reasons:
        try:
            program = torch.export.load(plain)
            # guards would be Python source; the probe and Tolerant notice what they would
            return checked(program.module(check_guards=False)), _fixed_batch(program)
        except Exception as error:  # PyTorch's own code, which raises whatever it meets
            reason = str(next(iter([*reasons, error]))).splitlines() or [type(error).__name__]
            raise OutvotedError(
                expected=f"a program in {name} that PyTorch {torch.__version__} can load",
                found=shown(reason[0]),
                remedy="export it again with the PyTorch that is installed here",
            ) from error


@contextmanager
def _heard() -> Iterator[list[BaseException]]:
    """Keep what PyTorch would log with a traceback: the errors that it catches while it loads."""
    reasons: list[BaseException] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and record.exc_info[1] is not None:
                reasons.append(record.exc_info[1])

    log, ear = logging.getLogger("torch.export"), Ear()
    kept = log.handlers, log.propagate
    log.handlers, log.propagate = [ear], False
    try:
        yield reasons
    finally:
        log.handlers, log.propagate = kept


def _fixed_batch(program: "torch.export.ExportedProgram") -> int | None:
    """Return the number of images a program takes at a time, None where any number will do."""
    (image, *_) = program.graph_signature.user_inputs
    node = next(node for node in program.graph.nodes if node.name == image)
    rows = node.meta["val"].shape[0]
    return rows if isinstance(rows, int) else None
