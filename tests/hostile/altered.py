"""Run folders as a stranger may have made them, from one that was mined here."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from outvoted.actors.networks import members
from outvoted.actors.networks.members import fingerprint
from outvoted.actors.runs import schema
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.search.trust import EVERYTHING

Values = dict[str, Any]


def with_fact(store: RunFolder, key: str, value: object) -> None:
    """Change a value of run.json, under a path of keys: ``config.panel.networks.0``."""
    path = store.path / "run.json"
    record = json.loads(path.read_text())
    *parents, last = key.split(".")
    here: Any = record
    for parent in parents:
        here = here[int(parent)] if isinstance(here, list) else here.setdefault(parent, {})
    here[int(last) if isinstance(here, list) else last] = value
    path.write_text(json.dumps(record))


def with_rows(folder: Path, change: Callable[[list[Values]], object]) -> None:
    """Change the rows of a table of networks."""
    rows = pq.read_table(folder / members.TABLE).to_pylist()
    change(rows)
    pq.write_table(schema.PEERS.of_rows(rows), folder / members.TABLE)


def with_architecture(folder: Path, place: int, architecture: Values) -> None:
    """Give a network another architecture."""
    with_rows(folder, lambda rows: rows[place].update(architecture=json.dumps(architecture)))


def with_own_fingerprint(store: RunFolder) -> None:
    """Write down the fingerprint of the networks as they are now: who makes a folder can write any."""
    with_fact(store, "panel_fingerprint", fingerprint(members.load(store.peers, EVERYTHING)))


def of_kind(own: RunFolder, kind: str) -> RunFolder:
    """Return a run of another kind; of a comparison, with the mined run as its first part."""
    store = RunFolder(own.path.with_name(kind))
    shutil.copytree(own.path, store.path)
    with_fact(store, "kind", kind)
    if kind == "compare":
        shutil.copytree(own.path, store.path / "hillclimb")
        with_fact(store, "config.strategies", [{"kind": "hillclimb"}])
        with_fact(store, "config.map", {})
    return store
