"""The pipeline of a scan on Ray Data: pieces are read into chunks, chunks are judged, dissents come back."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import ray
from ray.data import ActorPoolStrategy, DataContext, ExecutionResources
from ray.exceptions import RayTaskError

from outvoted.actors.data.pictures import Fit
from outvoted.actors.data.rows import Piece
from outvoted.actors.data.sources import Chunk, chunks
from outvoted.actors.mining.judge import JudgedChunk, local_judge
from outvoted.actors.networks.computing import use_one_thread
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.fast import Batch
from outvoted.cluster.ray.placement import Pool
from outvoted.search.errors import OutvotedError


class Reading:
    """Reads pieces; a chunk a row."""

    def __init__(self, fit: Fit, size: int, done: frozenset[int]) -> None:
        self._fit, self._size, self._done = fit, size, done

    def __call__(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Read a piece chunk by chunk; few chunks are in memory at a time."""
        piece: Piece = row["piece"]
        for chunk in chunks(piece, self._fit, self._size, self._done):
            yield chunk.to_row()


class Judging:
    """Holds a whole panel in one process and judges chunks."""

    def __init__(
        self, members: Sequence[Member], shape: tuple[int, int, int], classes: int, batch: Batch
    ) -> None:
        use_one_thread()
        self._judge = local_judge(members, shape, classes, batch)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Judge a chunk."""
        judged = self._judge.judge(Chunk.from_row(row))
        return {
            "first": judged.first,
            "scanned": _packed(judged.scanned),
            "dissents": _packed(judged.dissents),
        }


def judged(
    pieces: Sequence[Piece], reading: Reading, judging: tuple[Any, ...], pool: Pool, memory: int
) -> Iterator[JudgedChunk]:
    """Yield what comes of each chunk, in any order.

    Args:
        judging: the arguments of `Judging`.
        memory: bytes of images in flight, a soft limit.

    Raises:
        OutvotedError: the repository turned out to be damaged.
    """
    context = DataContext.get_current().copy()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.target_max_block_size = 1  # a chunk, which is a row, is a block of its own
    context.execution_options.resource_limits = ExecutionResources.for_limits(object_store_memory=memory)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    with DataContext.current(context):
        rows = ray.data.from_items([{"piece": piece} for piece in pieces], override_num_blocks=len(pieces))
        read = rows.flat_map(reading, num_cpus=pool.reader_cpus)
        found = read.map(
            Judging,
            fn_constructor_args=judging,
            compute=ActorPoolStrategy(size=pool.panels),
            num_cpus=pool.cpus,
            num_gpus=pool.gpus,
        )
        try:
            for row in found.iter_rows():
                yield JudgedChunk(int(row["first"]), _unpacked(row["scanned"]), _unpacked(row["dissents"]))
        except RayTaskError as error:
            if isinstance(error.cause, OutvotedError):
                raise error.cause from None
            raise


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _unpacked(data: bytes) -> pa.Table:
    with pa.ipc.open_stream(data) as reader:
        return reader.read_all()
