"""How one coordinator grows, with searches in flight, peers, and their latency.

    python -m tests.benchmarks.coordinating [--out bench/growth]

Peers are stubs that answer after a set time, so what is measured is everything else. This is no test; figures
are of the machine that it runs on.
"""

import argparse
import asyncio
import itertools
import os
import platform
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from outvoted.actors.data.datasets import Split
from outvoted.actors.mining.asking import RequestBatcher, taking_turns
from outvoted.actors.mining.coordinator import Coordinator, Verdict
from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.later import LaterPanel
from outvoted.actors.panel.realism import FoundImages, Seen
from outvoted.actors.panel.seeds import SeedBlock
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.climb import Rules, ShardState
from outvoted.search.messages import Answers, Candidates, Questions, Replies
from outvoted.search.plan import AskedSeeds, Lease, Shard
from outvoted.search.strategies import Hillclimb
from outvoted.search.transforms import Affine

SECONDS = 3.0
"""Of measuring each setting of a coordinator."""
CLASSES, SEEDS, SHARD = 10, 1000, 500


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
        self._ask = taking_turns(RequestBatcher(self._panel.ask, calls=2).ask)
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
                        asked = steps.send(await self._ask(asked))
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


def kept_as(path: Path, rows: Iterable[Any]) -> None:
    """Print each figure as it comes, and write a table of all."""
    machine = {"cpus": os.cpu_count(), "machine": platform.processor() or platform.machine()}
    found = []
    for row in rows:
        print(path.stem, row, flush=True)
        found.append(asdict(row))
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(found).assign(**machine).to_parquet(path)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench/growth"), help="a folder")
    kept_as(parser.parse_args().out / "coordinator.parquet", coordinator())


if __name__ == "__main__":
    main()
