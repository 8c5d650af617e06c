"""How mining grows: searches in flight, peers, nodes, and what a long run keeps in memory.

    python -m tests.benchmarks.growth [coordinator] [nodes] [memory] [--out bench/growth]

Peers and cells are stubs that answer after a set time, so what is measured is everything else. Nodes are
simulated: cells in a few processes. This is no test; figures are of the machine that it runs on.
"""

import argparse
import asyncio
import itertools
import os
import platform
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import ray
from rich.console import Console

from outvoted.actors.data.datasets import Split
from outvoted.actors.mining.coordinator import Coordinator, Verdict
from outvoted.actors.mining.ray_mining import RequestBatcher, Vitals
from outvoted.actors.mining.shards import Progress, ShardResult
from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.later import LaterPanel
from outvoted.actors.panel.realism import FoundImages, Seen
from outvoted.actors.panel.seeds import SeedBlock
from outvoted.actors.runs import schema
from outvoted.cluster.ray.cells import running_recorder
from outvoted.cluster.ray.connect import connected
from outvoted.cluster.ray.crew import Crew
from outvoted.cluster.ray.events import MachinesSeen
from outvoted.cluster.ray.roster import CrewLimits
from outvoted.cluster.ray.supervisor import Supervisor
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.climb import Rules, ShardState
from outvoted.search.messages import Answers, Candidates, Questions, Replies
from outvoted.search.plan import AskedSeeds, Lease, Shard
from outvoted.search.strategies import Hillclimb
from outvoted.search.transforms import Affine
from tests.cluster.processes import descendants

SECONDS = 3.0
"""Of measuring each setting of a coordinator."""
CLASSES, SEEDS, SHARD = 10, 1000, 500
SHARD_SECONDS = 1.0
"""What a stub cell takes for a shard; it mines one at a time."""
CELL_SHARDS = 4


class StubPeer:
    """Answers one call at a time, after ``latency`` seconds; its answers are arithmetic on a row."""

    def __init__(self, number: int, size: int, latency: float) -> None:
        self._slope = np.random.default_rng(number).normal(size=size).astype(np.float32)
        self._latency, self._turn = latency, asyncio.Lock()
        self.busy = 0.0

    async def ask(self, candidates: Candidates, identity: Singles) -> Answers:
        """Answer once the calls before are answered."""
        async with self._turn:
            await asyncio.sleep(self._latency)
            self.busy += self._latency
        score = (2.0 + (candidates.composed - identity) @ self._slope).astype(np.float32)
        return Answers(score, np.where(score > 0, 0, 1).astype(np.int16))  # every label is 0


class StubPanel(LaterPanel):
    """Stub peers; counts what it is asked."""

    def __init__(self, peers: int, rules: Rules, latency: float) -> None:
        self._identity = rules.transform.identity(1)[0].astype(np.float32)
        self.peers = [StubPeer(number, len(self._identity), latency) for number in range(peers)]
        self.calls = self.rows = self.bytes = 0

    async def ask(self, questions: Questions) -> Replies:
        """Ask the peers at the same time."""
        asked = {peer: questions.of(peer) for peer in questions.rows}
        self.calls += 1
        calls = [self.peers[peer].ask(part, self._identity) for peer, part in asked.items()]
        replies = dict(zip(asked, await asyncio.gather(*calls), strict=True))
        self.rows += sum(map(len, asked.values()))
        self.bytes += sum(part.seed_id.nbytes + part.composed.nbytes for part in asked.values())
        self.bytes += sum(found.score.nbytes + found.predicted.nbytes for found in replies.values())
        return replies

    def hold(self, name: str, block: SeedBlock) -> None:
        """Look at no seeds."""

    def release(self, name: str) -> None:
        """Look at no seeds."""

    async def vote(self, images: Pixels) -> Singles:
        """Vote for every class alike: nothing is verified, which does not matter here."""
        return np.full((len(self.peers), len(images), CLASSES), 1 / CLASSES, np.float32)

    async def judge(self, found: FoundImages) -> Seen:
        """Say nothing of realism."""
        return Seen(
            await self.vote(found.images), np.full((len(self.peers), len(found.labels)), np.nan, np.float32)
        )

    async def exactness(self) -> tuple[Exactness, ...]:
        """Return nothing: its answers are exact."""
        return ()


@dataclass(frozen=True)
class Coordinated:
    """What a coordinator did, with its peers and shards in one process.

    Attributes:
        candidates_per_s: those outside the realism budget, about which no one is asked, among them.
        questions_per_s: candidates that a peer is asked about, counted for each peer.
        waiting: share of the time in which a peer had nothing to do, mean over the peers.
        coordinator_us: CPU time for each question, the stubs' included, in microseconds.
        bytes: sent and received for each question.
    """

    in_flight: int
    peers: int
    latency_ms: float
    rounds_per_s: float
    candidates_per_s: float
    questions_per_s: float
    waiting: float
    coordinator_us: float
    bytes: float


class Coordination:
    """Searches that a coordinator advances; where some end, others begin."""

    def __init__(self, in_flight: int, peers: int, latency: float) -> None:
        rules = Rules(run_seed=1, peers=peers, transform=Affine(), strategy=Hillclimb(), patience=250)
        seeds = Split(np.zeros((SEEDS, 1, 28, 28), np.uint8), np.zeros(SEEDS, np.int64))
        self._in_flight, self._peers, self._latency = in_flight, peers, latency
        self._coordinator = Coordinator(rules, seeds, tuple(map(str, range(peers))), None)
        self._panel = StubPanel(peers, rules, latency)
        self._batcher = RequestBatcher(self._panel.ask, calls=2)
        self._firsts = itertools.count(step=SHARD)
        self._candidates: dict[int, int] = {}

    def measured(self) -> Coordinated:
        """Run for some seconds, and at least a few rounds."""
        began = time.process_time()
        seconds = asyncio.run(self._run())
        cpu, rows = time.process_time() - began, max(1, self._panel.rows)
        busy = sum(peer.busy for peer in self._panel.peers) / self._peers
        return Coordinated(
            self._in_flight,
            self._peers,
            self._latency * 1e3,
            self._panel.calls / seconds,
            sum(self._candidates.values()) / seconds,
            rows / seconds,
            1 - busy / seconds,
            cpu / rows * 1e6,
            self._panel.bytes / rows,
        )

    async def _run(self) -> float:
        sizes = [min(SHARD, self._in_flight - first) for first in range(0, self._in_flight, SHARD)]
        began = time.monotonic()
        tasks = [asyncio.create_task(self._mine(size)) for size in sizes]
        while time.monotonic() - began < SECONDS or self._panel.calls < 8:
            await asyncio.sleep(0.02)
            for task in tasks:
                if task.done():
                    task.result()
        seconds = time.monotonic() - began
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return seconds

    async def _mine(self, size: int) -> None:
        """Mine one shard after another."""
        while True:
            first = next(self._firsts)

            def watch(climb: ShardState, first: int = first) -> None:
                self._candidates[first] = int(climb.tally.candidates.sum())

            steps = self._coordinator.steps(leased(first, size, self._peers), watch)
            with suppress(StopIteration):
                asked = next(steps)
                while True:
                    if isinstance(asked, Questions):
                        asked = steps.send(await self._batcher.ask(asked))
                    else:
                        asked = steps.send(Verdict(await self._panel.vote(asked.images), None))


def leased(first: int, size: int, peers: int) -> Lease:
    """Return so many searches from an id on; all peers are sure of all seeds."""
    ids = np.arange(first, first + size, dtype=np.int64)
    shard = Shard(ids, ids // peers, ids % peers, np.full(size, peers - 1), ids // peers % SEEDS)
    seeds = np.unique(shard.replica) % SEEDS
    shape = len(seeds), peers
    return Lease(
        shard,
        AskedSeeds(seeds, np.full(shape, 2, np.float32), np.zeros(shape, np.int16)),
        tuple(range(peers)),
    )


def coordinator() -> Iterator[Coordinated]:
    """Measure a coordinator: searches in flight, then peers, then their latency."""
    settings = [(n, 5, 0.005) for n in (100, 1000, 10_000, 100_000)]
    settings += [(2000, peers, 0.005) for peers in (2, 9, 16)]
    settings += [(2000, 5, latency) for latency in (0.001, 0.03)]
    for setting in settings:
        yield Coordination(*setting).measured()


class Host:
    """A process with many stub cells; each mines one shard at a time, in SHARD_SECONDS."""

    def __init__(self, rows: ShardResult) -> None:
        self._rows = rows
        self._turns: dict[int, asyncio.Lock] = {}
        self._beats = 0

    async def pulse(self) -> Vitals:
        """Say that there is life."""
        self._beats += 1
        return Vitals(self._beats)

    async def mine(self, cell: int, lease: Lease, seconds: float) -> tuple[tuple[int, int], ShardResult]:
        """Return rows, after a while."""
        async with self._turns.setdefault(cell, asyncio.Lock()):
            await asyncio.sleep(seconds)
        place = self._rows.searches.column_names.index("search_id")
        ids = pa.array(lease.shard.search_id)
        searches = self._rows.searches.set_column(place, "search_id", ids)
        return (len(ids), 0), ShardResult(lease.shard.name, searches, self._rows.mistakes)


class Ear:
    """A recorder that only counts."""

    def __init__(self) -> None:
        self._progress = Progress()

    def record(self, *results: ShardResult) -> Progress:
        """Count the searches, and say how many there are."""
        more = sum(len(result.searches) for result in results)
        self._progress = replace(self._progress, searches=self._progress.searches + more)
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

    def end(self) -> None:
        """Leave the host as it is, for other cells."""


@contextmanager
def stub_crew(cells: int, seconds: float, recorder: Any) -> Iterator[Crew]:
    """Have stub cells, in at most four processes, watched over by the real supervisor."""
    host: Any = ray.remote(Host)
    options = {"num_cpus": 0, "max_concurrency": 10_000}
    hosts = [host.options(**options).remote(_rows()) for _ in range(min(cells, 4))]
    ray.get([one.pulse.remote() for one in hosts])
    here, numbers = ray.put("here"), itertools.count()

    def start() -> Any:
        number = next(numbers)
        return StubCell(hosts[number % len(hosts)], number, seconds, here)

    limits = CrewLimits(cells, CELL_SHARDS, 60.0, "nothing")
    supervisor = Supervisor(limits, time.monotonic())
    crew = Crew(supervisor, start, recorder, lambda: MachinesSeen(cells, 1), print)
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
    """Memory at a point of a run, in MiB."""

    searches: int
    driver: float
    recorder: float


def memory(searches: int = 1_000_000, steps: int = 10) -> Iterator[Kept]:
    """Record a long run of stub shards with the real recorder, and look at memory on the way."""
    with tempfile.TemporaryDirectory() as folder, running_recorder(Path(folder), Console()) as recorder:
        ray.get(recorder.record.remote())
        with stub_crew(8, 0.0, recorder) as crew:
            yield _kept(0)
            for step in range(steps):
                firsts = range(step * searches // steps, (step + 1) * searches // steps, SHARD)
                work = (leased(first, SHARD, 5) for first in firsts)
                crew.mine(work, lambda recorded, live, leased: None)
                yield _kept((step + 1) * searches // steps)


def _kept(searches: int) -> Kept:
    recorders = descendants(os.getpid(), "ray::Recorder")
    return Kept(searches, _mebibytes(os.getpid()), sum(map(_mebibytes, recorders)))


def _mebibytes(process: int) -> float:
    """Return the memory that is a process's own."""
    pages = Path(f"/proc/{process}/statm").read_text().split()
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE") / 2**20


PARTS: Mapping[str, Any] = {"coordinator": coordinator, "nodes": nodes, "memory": memory}


def main() -> None:
    """Measure, print each figure as it comes, and write a table for each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all, if left out")
    parser.add_argument("--out", type=Path, default=Path("bench/growth"), help="a folder")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    machine = {"cpus": os.cpu_count(), "machine": platform.processor() or platform.machine()}
    with connected("local"):
        for part in asked.parts or PARTS:
            found = []
            for row in PARTS[part]():
                print(part, row, flush=True)
                found.append(asdict(row))
            pd.DataFrame(found).assign(**machine).to_parquet(asked.out / f"{part}.parquet")


if __name__ == "__main__":
    main()
