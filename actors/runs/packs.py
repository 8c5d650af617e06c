"""Packs: files that hold the rows of many units of a table, with a manifest that says whose rows they are."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from outvoted.actors.runs.files import plain_name, write_atomically

_KEY = "outvoted.units"
_NAME = re.compile(r"pack-.*-[0-9a-f]{16}")
_LONGEST = 100  # characters of a unit's name in a pack's
GROUP_BYTES = 1 << 23
"""Of the rows that are read from a pack at once, however few are wanted: 8 MiB, a few thousand digits."""
_PIECES = 64
"""Tables that wait to be written, at most; each takes up to 20 kB beside its rows."""

Rows = Annotated[int, Field(ge=0)]


class Manifest(BaseModel):
    """Which units a pack holds.

    Attributes:
        units: how many rows are of each unit, in the order in which they follow one another.
        notes: what the file of a unit held beside its rows, where there was anything.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    units: dict[str, Rows]
    notes: dict[str, dict[str, str]] = Field(default_factory=dict)

    @staticmethod
    def of(metadata: pq.FileMetaData) -> "Manifest":
        """Read the manifest of a pack.

        Raises:
            ValueError: there is none, or it doesn't fit the file.
        """
        text = (metadata.metadata or {}).get(_KEY.encode())
        if text is None:
            raise ValueError("no pack: nothing says of which units the rows are")
        found = Manifest.model_validate_json(text)
        for unit in found.units:
            plain_name(unit)
        if sum(found.units.values()) != metadata.num_rows:
            raise ValueError(f"{metadata.num_rows:,} rows of units that have {sum(found.units.values()):,}")
        return found


def manifest(path: Path) -> Manifest:
    """Read the manifest of a pack; its rows are not read.

    Raises:
        ValueError, OSError, ArrowException: it is none, or it cannot be read.
    """
    with pq.ParquetFile(path) as file:
        return Manifest.of(file.metadata)


def is_pack(stem: str) -> bool:
    """Return whether a file is called as packs are."""
    return _NAME.fullmatch(stem) is not None


def pack_name(units: Iterable[str]) -> str:
    """Name a pack by what it holds; packs sort by their first units."""
    names = sorted(units)
    digest = hashlib.sha256("\0".join(names).encode()).hexdigest()
    return f"pack-{names[0][:_LONGEST]}-{digest[:16]}"


@dataclass(frozen=True)
class PackedRows:
    """Rows of one unit, all or some of them; ``note`` is what its file held beside them."""

    unit: str
    rows: pa.Table
    note: Mapping[str, str] = field(default_factory=dict)


def write_pack(path: Path, pieces: Iterable[PackedRows], metadata: Mapping[bytes, bytes]) -> None:
    """Write a pack; no more of it than one group of rows is in memory.

    Args:
        path: where.
        pieces: of all units, each unit's one after another; at least one.
        metadata: of the table.

    Raises:
        OutvotedError: the disk is full, read-only, or otherwise refuses; or ``pieces`` raises it.
        ValueError: the units' rows are not of one form.
    """
    write_atomically(path, lambda partial: _write(partial, pieces, metadata))


def _write(path: Path, pieces: Iterable[PackedRows], metadata: Mapping[bytes, bytes]) -> None:
    units, notes = dict[str, int](), dict[str, dict[str, str]]()
    waiting, size, writer = list[pa.Table](), 0, None
    try:
        for piece in pieces:
            rows = piece.rows.replace_schema_metadata(metadata)
            if writer is None:
                writer = pq.ParquetWriter(path, rows.schema, compression="zstd", write_page_checksum=True)
            units[piece.unit] = units.get(piece.unit, 0) + len(rows)
            if piece.note:
                notes[piece.unit] = dict(piece.note)
            if len(rows):
                waiting.append(rows)
                size += rows.nbytes
            if len(waiting) == _PIECES:
                waiting = [pa.concat_tables(waiting).combine_chunks()]
            if size >= GROUP_BYTES:
                _write_group(writer, waiting)
                waiting, size = [], 0
        assert writer is not None
        _write_group(writer, waiting)
        writer.add_key_value_metadata({_KEY: Manifest(units=units, notes=notes).model_dump_json()})
    finally:
        if writer is not None:
            writer.close()


def _write_group(writer: pq.ParquetWriter, parts: list[pa.Table]) -> None:
    """Write rows as groups of at most about GROUP_BYTES."""
    rows = pa.concat_tables(parts) if parts else None
    if rows is not None and len(rows):
        writer.write_table(rows, max(1, len(rows) * GROUP_BYTES // max(rows.nbytes, 1) + 1))
