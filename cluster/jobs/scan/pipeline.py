"""A scan on Ray: tasks that each read some chunks of a piece, and put them to a whole panel."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import ray

from outvoted.actors.data.pictures import Fit
from outvoted.actors.data.rows import Piece
from outvoted.actors.data.sources import chunks, firsts
from outvoted.actors.mining.judge import Judge, JudgedChunk, local_judge
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.panel.fast import Batch
from outvoted.actors.runs.beats import beat
from outvoted.cluster.ray.calls import FETCH_SECONDS
from outvoted.cluster.ray.placement import Pool
from outvoted.cluster.ray.work import Errand, Say, carried_out, value

_AHEAD = 2
"""Tasks that are asked for, for each that has room: the next one is there when another ends."""


@dataclass(frozen=True)
class Judging:
    """What chunks are judged with.

    Attributes:
        key: tells the panel from others, so that a process builds it once.
        members: their object reference, in a tuple, so that it arrives as it is.
    """

    key: str
    members: tuple[Any]
    shape: tuple[int, int, int]
    classes: int
    batch: Batch

    @classmethod
    def of(
        cls, members: Sequence[Member], shape: tuple[int, int, int], classes: int, batch: Batch
    ) -> "Judging":
        """Place the networks in the object store, once for each machine."""
        return cls(f"{fingerprint(members)} {batch}", (ray.put(tuple(members)),), shape, classes, batch)

    def judge(self) -> Judge:
        """Build the panel, or take the one that this process has built."""
        if self.key not in _built:
            _built.clear()
            members = ray.get(self.members[0], timeout=FETCH_SECONDS)
            _built[self.key] = local_judge(members, self.shape, self.classes, self.batch)
        return _built[self.key]


_built: dict[str, Judge] = {}


@dataclass(frozen=True)
class ChunkReading:
    """How images become chunks of ``size`` positions; those that are ``done`` are left out."""

    fit: Fit
    size: int
    done: frozenset[int]

    def parts(self, piece: Piece, most: int) -> Iterator[tuple[int, ...]]:
        """Divide the chunks of a piece that are left among at most so many tasks, each its first positions.

        A piece may be one long stream: each of its tasks then reads all of it, and decodes its own chunks.
        """
        left = [first for first in firsts(piece, self.size) if first not in self.done]
        for start in range(min(most, len(left))):
            yield tuple(left[start::most])


def scan_part(
    piece: Piece, wanted: tuple[int, ...], fit: Fit, size: int, judging: Judging
) -> Iterator[JudgedChunk]:
    """Read and judge the chunks of a piece that begin at the positions ``wanted``."""
    judge = judging.judge()
    others = frozenset(firsts(piece, size)) - set(wanted)
    for chunk in chunks(piece, fit, size, others):
        beat()
        yield judge.judge(chunk)


def judged(
    pieces: Sequence[Piece], reading: ChunkReading, judging: Judging, pool: Pool, say: Say
) -> Iterator[JudgedChunk]:
    """Yield what comes of each chunk, in any order.

    Args:
        say: is told where nothing goes on.

    Raises:
        OutvotedError: the repository turned out to be damaged, or a task hangs again and again.
    """
    errands: dict[int, Callable[[], Errand]] = {}
    for piece in pieces:
        parts = list(reading.parts(piece, pool.panels))
        placed = piece if len(parts) < 2 else ray.put(piece)
        for wanted in parts:
            arguments = (placed, wanted, reading.fit, reading.size, judging)
            errands[wanted[0]] = partial(Errand, f"scanning from image {wanted[0]:,}", scan_part, arguments)
    known = set[int]()
    for _, found in carried_out(errands, pool.share, say, _AHEAD * pool.panels):
        chunk: JudgedChunk = value(found)
        if chunk.first not in known:  # what was begun again comes again
            known.add(chunk.first)
            yield chunk
