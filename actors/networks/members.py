"""Trained networks on disk: safetensors for the weights, one Parquet table for where they come from."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter
from pydantic_core import from_json
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors

from outvoted.actors.networks import Architecture, Network
from outvoted.actors.networks.member import EpochRecord, Member
from outvoted.actors.runs import schema, tables
from outvoted.actors.runs.files import plain_name, reason, refuse_link, write_atomically
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import NOTHING, Trust

TABLE = "peers.parquet"
MOST = 10_000
"""Networks of a table."""
MOST_BYTES = 1 << 28
"""Of a table in memory: 256 MiB."""
_NETWORK: TypeAdapter[Network] = TypeAdapter(Network)


def save(folder: Path, members: Sequence[Member]) -> None:
    """Write all members; the table comes last, so a folder with a table is whole."""
    for member in members:
        member.save(folder)
    rows = [
        {
            "name": member.name,
            "role": member.role,
            "file": f"{member.name}.safetensors",
            "architecture": member.architecture.model_dump_json(),
            "training_seed": member.training_seed,
            "test_accuracy": member.test_accuracy,
            "sha256": member.sha256,
            "epochs": [vars(epoch) for epoch in member.epochs],
        }
        for member in members
    ]
    table = pa.Table.from_pylist(rows, schema=schema.peers())
    write_atomically(folder / TABLE, lambda path: pq.write_table(table, path))


def load(folder: Path, trust: Trust = NOTHING) -> list[Member]:
    """Read all members in the order they were saved. Nothing is imported: that is for who builds them.

    Args:
        folder: anybody's.
        trust: the import paths that their architectures may name.

    Raises:
        OutvotedError: the folder holds none; a file is missing, unreadable, altered, a link or elsewhere; or
            an architecture names code that is not trusted.
    """
    try:
        rows = _rows(folder / TABLE)
        architectures = [_architecture(row, trust.at(folder / TABLE)) for row in rows]  # before any weights
        return [_member(folder, *each) for each in zip(rows, architectures, strict=True)]
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise OutvotedError(
            expected=f"a trained panel ({TABLE} and its safetensors files) in {folder}",
            found=_found(error),
            remedy=f"delete {folder}: the panel is then trained again under the same settings",
        ) from error


def _found(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"no {Path(error.filename).name if error.filename else TABLE} there"
    return reason(error)


def _rows(path: Path) -> list[dict[str, object]]:
    found = tables.bounded(refuse_link(path), None, MOST_BYTES)
    if len(found) > MOST:
        raise ValueError(f"{len(found):,} networks in {path.name}, of at most {MOST:,}")
    rows: list[dict[str, object]] = found.to_pylist()
    return rows


def _architecture(row: dict[str, object], trust: Trust) -> Architecture:
    trust.check_all(from_json(str(row["architecture"])), f"network '{plain_name(str(row['name']))}'")
    return _NETWORK.validate_json(str(row["architecture"]), context=trust.context)


def _member(folder: Path, row: dict[str, object], architecture: Architecture) -> Member:
    name = plain_name(str(row["name"]))
    if row["file"] != f"{name}.safetensors":
        raise ValueError(f"the file {row['file']!r} of {name}, which is {name}.safetensors")
    path = refuse_link(folder / f"{name}.safetensors")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise OSError(f"{path} is not the file that {TABLE} describes (its SHA-256 differs)")
    if not row["epochs"]:
        raise ValueError(f"no training record of {name}")
    return Member(
        name=name,
        role="referee" if row["role"] == "referee" else "peer",
        architecture=architecture,
        training_seed=int(str(row["training_seed"])),
        weights=load_tensors(data),
        epochs=tuple(EpochRecord(**epoch) for epoch in row["epochs"]),  # type: ignore[attr-defined]
    )
