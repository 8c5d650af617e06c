"""What a long run costs whoever lists, reads, resumes or reports it.

    python -m tests.benchmarks.long_run make FOLDER --mistakes 1000000 [--shard 100] [--apart]
    python -m tests.benchmarks.long_run measure FOLDER [list] [read] [resume] [report]

The run is made up: small networks, real digits, rows of the right form. So everything is real but what was
found. Each measurement is a process of its own, with its peak of memory. This is no test.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, DataSettings
from outvoted.actors.mining.shards import ShardResult, Shards
from outvoted.actors.networks import MLP, members
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.actors.runs import png, schema
from outvoted.actors.runs.run_folder import DataRecord, RunFolder, RunRecord, State
from outvoted.actors.runs.tables import check_tables
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import train, trained_member
from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.page import page, write_page
from outvoted.search.plan import shard_name
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Affine

HIDDEN = (10, 20, 30, 40, 50)
CLASSES, MOVES, POOL = 10, 5, 2000


def make(folder: Path, mistakes: int, shard: int, apart: bool) -> None:
    """Make up a run in which every second search found a mistake; ``apart``: its shards are not joined."""
    from outvoted.actors.runs.compaction import Compactor

    data, store = datasets.load(DataSettings()), RunFolder(folder)
    panel = [_network(index, hidden, data) for index, hidden in enumerate(HIDDEN)]
    members.save(store.peers, panel)
    _write_record(store, data, panel, 2 * mistakes)
    shards, rows = Shards(folder), _Rows(data)
    compactor = Compactor(shards.units)
    for first in range(0, 2 * mistakes, shard):
        shards.write(rows.shard(np.arange(first, min(first + shard, 2 * mistakes))))
        if not apart:
            compactor.wrote()
    if not apart:
        compactor.finish()


def _network(index: int, hidden: int, data: Dataset) -> Member:
    architecture = MLP(hidden=hidden)
    return trained_member(
        f"mlp-{hidden}", "peer", architecture, index, train(architecture, Training(epochs=1), data, index)
    )


def _write_record(store: RunFolder, data: Dataset, panel: list[Member], searches: int) -> None:
    networks = tuple(member.architecture for member in panel)
    config = {
        "data": DataSettings().model_dump(mode="json"),
        "panel": PanelSettings.model_validate({"networks": networks}).model_dump(mode="json"),
        "search": SearchSettings(per_target=searches // len(panel)).model_dump(mode="json"),
    }
    known = DataRecord(
        name=data.name, fingerprint=data.fingerprint, train=len(data.train), test=len(data.test)
    )
    store.write_record(
        RunRecord(
            name=store.path.name,
            state=State.FINISHED,
            config=config,
            versions={},
            data=known,
            panel_fingerprint=fingerprint(panel),
            figures={"seconds": 1.0, "searches": searches},
        )
    )


class _Rows:
    """Makes up rows: seeds are digits, mistakes other digits, all else is drawn."""

    def __init__(self, data: Dataset) -> None:
        self._random, self._labels = np.random.default_rng(1), data.train.labels[:POOL]
        self._images = [{"bytes": png.encode(one), "path": None} for one in data.train.images[:POOL]]
        self._form = schema.mistakes(Affine().parameters, Affine().measures)

    def shard(self, ids: Any) -> ShardResult:
        """Make up a shard."""
        won = ids[ids % 2 == 0]
        searches = schema.SEARCHES.table(self._search(ids) | {"reason": [None] * len(ids)})
        return ShardResult(shard_name(ids), searches, self._form.table(self._mistakes(won)))

    def _search(self, ids: Any) -> dict[str, Any]:
        count, peers = len(ids), len(HIDDEN)
        target = ids % peers
        numbers = ("candidates", "unrealistic", "voted_on", "consensus", "inferences_target")
        effort = {name: self._random.integers(1, 200, count) for name in (*numbers, "inferences_peers")}
        return effort | {
            "search_id": ids,
            "replica": ids // peers,
            "target": target,
            "target_name": [f"mlp-{HIDDEN[one]}" for one in target],
            "voters": np.full(count, peers - 1),
            "seed_id": ids // peers % POOL,
            "label": self._labels[ids // peers % POOL],
            "strategy": ["hillclimb"] * count,
            "outcome": np.where(ids % 2 == 0, "mistake", "exhausted"),
            "moves": np.full(count, MOVES),
            "start_probability": self._random.random(count),
            "end_probability": self._random.random(count),
            "finished_at": np.full(count, 1_790_000_000_000_000),
        }

    def _mistakes(self, ids: Any) -> dict[str, Any]:
        count, peers, transform = len(ids), len(HIDDEN), Affine()
        draws = self._random.random((count, MOVES, transform.draws))
        moves = transform.sample(draws.reshape(-1, transform.draws)).reshape(count, MOVES, -1)
        composed = transform.identity(count)
        for step in range(MOVES):
            composed = transform.compose(composed, moves[:, step])
        found, votes = self._search(ids), self._random.dirichlet(np.ones(CLASSES), (count, peers))
        return found | {
            "number": np.zeros(count, int),
            "predicted": (found["label"] + 1 + self._random.integers(0, 9, count)) % CLASSES,
            "image": [self._images[one] for one in self._random.integers(0, POOL, count)],
            "seed_image": [self._images[one] for one in found["seed_id"]],
            "move_parameters": [
                [dict(zip(transform.parameters, move, strict=True)) for move in row] for row in moves.tolist()
            ],
            "composed": composed.astype(np.float32).tolist(),
            "measures": [
                dict(zip(transform.measures, row, strict=True))
                for row in transform.describe(composed).tolist()
            ],
            "probabilities": votes.tolist(),
            "margin": self._random.random(count),
            "realism": self._random.random(count),
            "referee_predicted": found["label"],
            "valid": self._random.random(count) < 0.9,
        }


def _list(folder: Path) -> str:
    return f"{len(Shards(folder).units.done()):,} units"


def _read(folder: Path) -> str:
    """Read columns of both tables, as a notebook would."""
    units = Shards(folder).units
    rows = [units.read_all(table, columns=["target", "label"]) for table in ("searches", "mistakes")]
    return f"{len(rows[0]):,} searches, {len(rows[1]):,} mistakes"


def _resume(folder: Path) -> str:
    """Do what the driver and the recorder of a resumed run do before they go on."""
    RunFolder(folder).read_record()
    check_tables(folder)
    shards = Shards(folder)
    return f"{len(shards.done()):,} ids, {shards.progress().mistakes:,} mistakes"


def _report(folder: Path) -> str:
    """Write report, pictures and page."""
    run = OpenedRun(RunFolder(folder))
    report = mining_report(run)
    report.write(folder)
    write_page(page(run.record, report), folder / "report.html")
    return f"{(folder / 'report.html').stat().st_size / 1e6:.0f} MB"


PARTS: Mapping[str, Callable[[Path], str]] = {
    "list": _list,
    "read": _read,
    "resume": _resume,
    "report": _report,
}


def measured(folder: Path, parts: list[str]) -> Iterator[dict[str, Any]]:
    """Measure each part in a process of its own."""
    for part in parts or list(PARTS):
        command = [sys.executable, "-m", "tests.benchmarks.long_run", "part", str(folder), part]
        yield json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])


def _part(folder: Path, part: str) -> dict[str, Any]:
    before = _peak()
    began, cpu = time.monotonic(), time.process_time()
    said = PARTS[part](folder)
    return {
        "part": part,
        "found": said,
        "seconds": round(time.monotonic() - began, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_mib": round(_peak()),
        "imports_mib": round(before),
        "arrow_mib": round(pa.default_memory_pool().max_memory() / 2**20),
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Make a run, or measure one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["make", "measure", "part"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--mistakes", type=int, default=100_000)
    parser.add_argument("--shard", type=int, default=100)
    parser.add_argument("--apart", action="store_true")
    asked = parser.parse_args()
    if asked.what == "make":
        began = time.monotonic()
        make(asked.folder, asked.mistakes, asked.shard, asked.apart)
        files = [path.stat().st_size for path in asked.folder.rglob("*.parquet")]
        print(f"{len(files):,} files, {sum(files) / 1e6:,.0f} MB, {time.monotonic() - began:.0f} s")
    elif asked.what == "part":
        print(json.dumps(_part(asked.folder, asked.parts[0])))
    else:
        for row in measured(asked.folder, asked.parts):
            print(row, flush=True)


if __name__ == "__main__":
    main()
