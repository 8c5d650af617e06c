"""A network in a file of `torch.export`: weights and computation, no code needed to run it."""

import io
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import nn

from outvoted.actors.networks.base import Shape, Weights
from outvoted.actors.networks.brought import Brought
from outvoted.actors.networks.exported_check import check_program
from outvoted.actors.networks.prepared import Prepared
from outvoted.actors.networks.weights import file_hash
from outvoted.actors.paths import UserPath
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

    def load(self) -> Weights:
        """Read the file's bytes."""
        try:
            return {_PROGRAM: torch.from_numpy(np.fromfile(self.file, np.uint8))}
        except OSError as error:
            raise OutvotedError(
                expected=f"a program of torch.export.save at file: {self.file}",
                found=error.strerror or str(error),
                remedy="correct the path, from the folder in which outvoted is started",
            ) from error

    def module(self, shape: Shape, classes: int) -> nn.Module:
        """Load the program from its file; it has to fit images and classes as it is."""
        return _Program(self.load()[_PROGRAM].numpy().tobytes(), str(self.file))

    def restore(self, shape: Shape, classes: int, weights: Weights) -> nn.Module:
        """Load the program from the bytes among the weights."""
        if weights.keys() != {_PROGRAM}:
            raise RuntimeError(f"Missing key '{_PROGRAM}' among {', '.join(weights)}")
        program = _Program(weights[_PROGRAM].numpy().tobytes(), str(self.file))
        return Prepared(self.input, shape, program)


class _Program(nn.Module):
    """A loaded program, with the batches it was exported for."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__()
        check_program(data, name)
        try:
            program = torch.export.load(io.BytesIO(data))
        except Exception as error:
            raise OutvotedError(
                expected=f"a program of torch.export.save in {name}",
                found=f"{type(error).__name__}: {' '.join(str(error).split())}"[:300],
                remedy="export it again with the torch that is installed here",
            ) from error
        self._batch = _fixed_batch(program)
        # its guards on the input are Python source in the file; the probe and Tolerant notice what they would
        self.program: Any = program.module(check_guards=False)

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


def _fixed_batch(program: torch.export.ExportedProgram) -> int | None:
    """Return the number of images a program takes at a time, None where any number will do."""
    (image, *_) = program.graph_signature.user_inputs
    node = next(node for node in program.graph.nodes if node.name == image)
    rows = node.meta["val"].shape[0]
    return rows if isinstance(rows, int) else None
