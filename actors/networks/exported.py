"""A network in a file of `torch.export`: weights and computation, no code needed to run it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Self

import numpy as np
import torch
from torch import nn

from outvoted.actors.data.paths import UserPath
from outvoted.actors.networks import file_kinds
from outvoted.actors.networks.base import Loaded, Shape, Weights
from outvoted.actors.networks.brought import Brought
from outvoted.actors.networks.exported_check import plain_program
from outvoted.actors.networks.prepared import Prepared
from outvoted.actors.networks.program_description import shown
from outvoted.actors.networks.sized_operators import checked
from outvoted.actors.networks.weights import file_hash
from outvoted.search.errors import OutvotedError

_PROGRAM = "program"


class Exported(Brought):
    """A program saved by `torch.export.save`, in evaluation mode; it is loaded, never trained.

    The file's bytes travel and are kept as one tensor among the weights: a run can be replayed from its own
    folder, and the weights' hash covers the whole program.
    """

    kind: Literal["exported"] = "exported"
    file: UserPath

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

    def load(self, shape: Shape, classes: int) -> Loaded:
        """Read the file's bytes."""
        return Loaded(self._read())

    def _read(self) -> Weights:
        expected = f"a program of torch.export.save at file: {self.file}"
        kind = file_kinds.kind_of(self.file, expected)
        if kind is not file_kinds.PROGRAM:
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
        return Prepared(self.input, shape, program)


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
