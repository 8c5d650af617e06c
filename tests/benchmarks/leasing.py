"""How leasing grows: cells, nodes, and what a long run keeps in memory.

    python -m tests.benchmarks.leasing [nodes] [memory] [--out bench/growth]

Cells are stubs that answer after a set time, so what is measured is everything else: the supervisor, its
calls, and the recorder. Nodes are simulated: cells in a few processes. This is no test; figures are of the
machine that it runs on.
"""

import argparse
import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
from rich.console import Console

from outvoted.actors.mining.at_home import Address
from outvoted.actors.mining.ray_mining import Vitals
from outvoted.actors.mining.shards import Mined, Progress, ShardResult, StagedShard
from outvoted.actors.runs import schema
from outvoted.cluster.ray.cells import running_recorder
from outvoted.cluster.ray.connect import connected
from outvoted.cluster.ray.crew import Crew
from outvoted.cluster.ray.events import MachinesSeen
from outvoted.cluster.ray.roster import CrewLimits
from outvoted.cluster.ray.supervisor import Supervisor
from outvoted.cluster.storage.alive import at_work
from outvoted.search.id_ranges import IdRanges
from outvoted.search.plan import Lease
from outvoted.search.transforms import Affine
from tests.benchmarks.coordinating import SHARD, kept_as, leased
from tests.cluster.processes import descendants

SHARD_SECONDS = 1.0
"""What a stub cell takes for a shard; it mines one at a time."""
CELL_SHARDS = 4


class Host:
    """A process with many stub cells; each mines one shard at a time, in some seconds."""

    def __init__(self, rows: ShardResult, home: Address | None) -> None:
        self._rows, self._home = rows, None if home is None else home.home()
        self._counted = rows.counted()
        self._turns: dict[int, asyncio.Lock] = {}
        self._beats = 0

    async def pulse(self) -> Vitals:
        """Say that there is life."""
        self._beats += 1
        return Vitals(self._beats)

    async def mine(self, cell: int, lease: Lease, seconds: float) -> tuple[tuple[int, int], Mined]:
        """Return a shard, after a while: written where the run's folder is known, else as if it were."""
        async with self._turns.setdefault(cell, asyncio.Lock()):
            await asyncio.sleep(seconds)
        name, ids = lease.shard.name, lease.shard.search_id
        if self._home is None:
            return (len(ids), 0), StagedShard(name, "stub", IdRanges.of(ids), self._counted)
        place = self._rows.searches.column_names.index("search_id")
        searches = self._rows.searches.set_column(place, "search_id", pa.array(ids))
        result = ShardResult(name, searches, self._rows.mistakes)
        return (len(ids), 0), await asyncio.to_thread(self._home.kept, result)


class Ear:
    """A recorder that only counts."""

    def __init__(self) -> None:
        self._progress = Progress()

    def record(self, *mined: Mined) -> Progress:
        """Count the searches, and say how many there are."""
        for shard in mined:
            self._progress += shard.counted()
        return self._progress


@dataclass(frozen=True)
class StubCell:
    """A cell that is one of many on a host; it is open at once, and answers after some seconds."""

    host: Any
    number: int
    seconds: float
    placed: Any

    def furnish(self, contents: object) -> Any:
        """Return a call that has ended."""
        return self.placed

    def mine(self, lease: Lease) -> tuple[Any, Any]:
        """Have the host mine a shard."""
        told, rows = self.host.mine.options(num_returns=2).remote(self.number, lease, self.seconds)
        return told, rows

    def pulse(self) -> Any:
        """Ask the host."""
        return self.host.pulse.remote()

    def kill(self) -> None:
        """Leave the host as it is, for other cells."""

    def end(self) -> None:
        """Leave the host as it is."""


@contextmanager
def stub_crew(cells: int, seconds: float, recorder: Any, home: Address | None = None) -> Iterator[Crew]:
    """Have stub cells, in at most four processes, watched over by the real supervisor."""
    host: Any = ray.remote(Host)
    options = {"num_cpus": 0, "max_concurrency": 10_000}
    hosts = [host.options(**options).remote(_rows(), home) for _ in range(min(cells, 4))]
    ray.get([one.pulse.remote() for one in hosts])
    here, numbers = ray.put("here"), itertools.count()

    def start() -> Any:
        number = next(numbers)
        return StubCell(hosts[number % len(hosts)], number, seconds, here)

    limits = CrewLimits(cells, CELL_SHARDS, 60.0, "nothing")
    supervisor = Supervisor(limits, time.monotonic())
    crew = Crew(supervisor, start, recorder, lambda held, waiting: MachinesSeen(cells, 1), print)
    contents: Any = object()
    crew.furnish(contents)
    try:
        yield crew
    finally:
        crew.end()
        for one in hosts:
            ray.kill(one)


def _rows() -> ShardResult:
    """Return a shard's rows, all alike."""
    row: dict[str, Any] = {field.name: None for field in schema.SEARCHES.arrow}
    for field in schema.SEARCHES.arrow:
        if pa.types.is_integer(field.type) or pa.types.is_floating(field.type):
            row[field.name] = 1
        elif pa.types.is_string(field.type):
            row[field.name] = "exhausted"
        elif pa.types.is_timestamp(field.type):
            row[field.name] = 0
    searches = pa.Table.from_pylist([row] * SHARD, schema=schema.SEARCHES.arrow)
    affine = Affine()
    return ShardResult("", searches, schema.mistakes(affine.parameters, affine.measures).arrow.empty_table())


@dataclass(frozen=True)
class Leased:
    """What the driver did with so many cells; ``ideal`` is what the stubs alone would allow."""

    cells: int
    shards_per_s: float
    ideal: float
    driver_ms: float
    """CPU time for each shard."""


def nodes() -> Iterator[Leased]:
    """Measure leasing: cells of a set speed, then cells that take no time."""
    counter: Any = ray.remote(Ear)
    for cells, seconds in [*((n, SHARD_SECONDS) for n in (1, 8, 64)), (8, 0.0), (64, 0.0)]:
        count = cells * 20 if seconds else 2000
        recorder = counter.options(num_cpus=0).remote()
        ray.get(recorder.record.remote())
        with stub_crew(cells, seconds, recorder) as crew:
            work = (leased(k * SHARD, SHARD, 5) for k in range(count))
            began, cpu = time.monotonic(), time.process_time()
            crew.mine(work, lambda recorded, live, leased: None)
            wall, spent = time.monotonic() - began, time.process_time() - cpu
        ray.kill(recorder)
        ideal = cells / seconds if seconds else float("inf")
        yield Leased(cells, count / wall, ideal, spent / count * 1e3)


@dataclass(frozen=True)
class Kept:
    """Memory at a point of a run, in MiB, and how many shards were recorded in a second until then."""

    searches: int
    driver: float
    recorder: float
    cells: float
    shards_per_s: float = 0.0


def memory(searches: int = 1_000_000, steps: int = 10) -> Iterator[Kept]:
    """Record a long run of stub shards with the real recorder, and look at memory on the way."""
    with (
        tempfile.TemporaryDirectory() as folder,
        at_work(Path(folder)),
        running_recorder(Path(folder), Console()) as recorder,
    ):
        ray.get(recorder.record.remote())
        with stub_crew(8, 0.0, recorder, Address.of(Path(folder))) as crew:
            yield _kept(0)
            for step in range(steps):
                firsts = range(step * searches // steps, (step + 1) * searches // steps, SHARD)
                work = (leased(first, SHARD, 5) for first in firsts)
                began = time.monotonic()
                crew.mine(work, lambda recorded, live, leased: None)
                yield _kept((step + 1) * searches // steps, len(firsts) / (time.monotonic() - began))


def _kept(searches: int, rate: float = 0.0) -> Kept:
    each = (descendants(os.getpid(), f"ray::{name}") for name in ("Recorder", "Host"))
    recorder, cells = (sum(map(_mebibytes, processes)) for processes in each)
    return Kept(searches, _mebibytes(os.getpid()), recorder, cells, rate)


def _mebibytes(process: int) -> float:
    """Return the memory that is a process's own."""
    pages = Path(f"/proc/{process}/statm").read_text().split()
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE") / 2**20


PARTS: Mapping[str, Any] = {"nodes": nodes, "memory": memory}


def main() -> None:
    """Measure, print each figure as it comes, and write a table for each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all, if left out")
    parser.add_argument("--out", type=Path, default=Path("bench/growth"), help="a folder")
    asked = parser.parse_args()
    with connected("local"):
        for part in asked.parts or PARTS:
            kept_as(asked.out / f"{part}.parquet", PARTS[part]())


if __name__ == "__main__":
    main()
