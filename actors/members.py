"""Trained networks on disk: safetensors for the weights, one Parquet table for where they come from."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors

from outvoted.actors import schema
from outvoted.actors.files import write_atomically
from outvoted.actors.member import EpochRecord, Member
from outvoted.actors.networks import Network
from outvoted.search.errors import OutvotedError

TABLE = "peers.parquet"
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


def load(folder: Path) -> list[Member]:
    """Read all members in the order they were saved.

    Raises:
        OutvotedError: the folder holds none, or a file is missing, unreadable or altered.
    """
    try:
        rows = pq.read_table(folder / TABLE, partitioning=None).to_pylist()
        return [_member(folder, row) for row in rows]
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise OutvotedError(
            expected=f"a trained panel ({TABLE} and its safetensors files) in {folder}",
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            remedy=f"delete {folder}: the panel is then trained again under the same settings",
        ) from error


def _member(folder: Path, row: dict[str, object]) -> Member:
    path = folder / str(row["file"])
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise OSError(f"{path} is not the file that {TABLE} describes (its SHA-256 differs)")
    if not row["epochs"]:
        raise ValueError(f"no training record of {row['name']}")
    return Member(
        name=str(row["name"]),
        role="referee" if row["role"] == "referee" else "peer",
        architecture=_NETWORK.validate_json(str(row["architecture"])),
        training_seed=int(str(row["training_seed"])),
        weights=load_tensors(data),
        epochs=tuple(EpochRecord(**epoch) for epoch in row["epochs"]),  # type: ignore[attr-defined]
    )
