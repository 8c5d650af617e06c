"""Chunks: nothing is lost between repository and panel, and memory does not grow with the repository."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from outvoted.actors.data.formats import ArraySource
from outvoted.actors.data.pictures import Fit, UndecodableError
from outvoted.actors.data.rows import Item, Piece, Rows
from outvoted.actors.data.sources import Chunk, chunks, firsts


@dataclass(frozen=True)
class Fake(Rows):
    """Every third item has no content."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    def _range(self, first: int, last: int) -> Rows:
        return Fake(self.where, self.first + first, self.first + last)

    def items(self) -> Iterator[Item]:
        for position in range(self.first, self.last):
            image = np.full((2, 2), position, np.uint8)
            content = UndecodableError("third") if position % 3 == 0 else image
            yield Item(content, path=f"{position}.png", label=position % 5)


FIT, PIECE = Fit(shape=(1, 2, 2)), Piece(4, Fake("", 4, 15))


@pytest.mark.parametrize("size", [1, 3, 4, 100])
def test_every_position_is_an_image_or_undecodable_in_exactly_one_chunk(size: int) -> None:
    found = list(chunks(PIECE, FIT, size))
    assert [chunk.first for chunk in found] == list(firsts(PIECE, size))
    assert sum(len(chunk) for chunk in found) == 11
    positions = [int(position) for chunk in found for position in chunk.positions]
    assert positions == [position for position in range(4, 15) if position % 3]
    for chunk in found:
        assert chunk.images[:, 0, 0, 0].tolist() == chunk.positions.tolist()
        assert chunk.labels.tolist() == [position % 5 for position in chunk.positions]
        assert chunk.paths == [f"{position}.png" for position in chunk.positions]
    missing = [row for chunk in found for row in chunk.undecodable]
    assert [row["position"] for row in missing] == [6, 9, 12]
    assert missing[0] == {"position": 6, "path": "6.png", "reason": "third"}


def test_done_chunks_are_left_out_and_change_no_other() -> None:
    everything = {chunk.first: chunk for chunk in chunks(PIECE, FIT, 3)}
    rest = list(chunks(PIECE, FIT, 3, frozenset({4, 10})))
    assert [chunk.first for chunk in rest] == [7, 13]
    for chunk in rest:
        assert chunk.to_row() == everything[chunk.first].to_row()


@pytest.mark.parametrize("piece", [PIECE, Piece(3, Fake("", 3, 4))], ids=["images", "none decodable"])
def test_a_chunk_travels_unchanged(piece: Piece) -> None:
    (chunk,) = chunks(piece, FIT, 100)
    arrived = Chunk.from_row(chunk.to_row())
    assert arrived.to_row() == chunk.to_row()
    assert arrived.images.shape == chunk.images.shape
    assert arrived.images.dtype == np.uint8


def test_memory_does_not_grow_with_the_repository(tmp_path: Path) -> None:
    def peak(n: int) -> int:
        np.savez_compressed(tmp_path / f"{n}.npz", x=np.zeros((n, 28, 28), np.uint8))
        source = ArraySource(path=tmp_path / f"{n}.npz")
        tracemalloc.start()
        for piece in source.pieces(100):
            for _ in chunks(piece, Fit(shape=(1, 28, 28)), 100):
                pass
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)  # imports
    few, many = peak(1000), peak(4000)
    assert many < 1.2 * few < 1000 * 28 * 28
