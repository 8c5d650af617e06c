"""How `outvoted serve` bears many visitors: 200 clients for a minute, each asking for what pages ask for.

    python -m tests.benchmarks.service RUNS NAME [--clients 200] [--seconds 60] [--pause 1.0]

RUNS is a folder of runs, NAME one of `outvoted mine` in it. The service is started as a user starts it, on
this machine, beside its own Ray. Clients are one process; each has a session of its own, and waits for
``pause`` seconds on average after each answer (0: not at all). Printed are p50 and p99 for each kind of
request, and every answer that is neither good nor 429.
"""

import argparse
import asyncio
import random
import re
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import numpy as np

from outvoted.actors.runs import png
from outvoted.cluster.service.guard.sessions import Sessions
from outvoted.cluster.service.guard.tokens import Tokens
from outvoted.cluster.service.guard.visitors import Role

GOOD = range(200, 400)
TOO_MANY = 429


@dataclass(frozen=True)
class Ask:
    """One kind of request.

    Attributes:
        weight: how often it is made, against the others.
    """

    path: Callable[[random.Random], str]
    weight: int
    method: str = "GET"
    body: bytes | None = None


@dataclass
class Seen:
    """What clients saw."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)


def kinds(name: str, mistakes: Sequence[str], shape: tuple[int, int, int]) -> Mapping[str, Ask]:
    """Return what is asked for: what a visitor's browser does on its way through a run, and votes."""
    image = png.encode(np.zeros(shape, np.uint8))
    run = f"/v1/runs/{name}"

    def one(chance: random.Random) -> str:
        return f"{run}/mistakes/{chance.choice(mistakes)}"

    def sheet(chance: random.Random) -> str:
        return "&".join(f"id={key}" for key in chance.choices(mistakes, k=60))

    return {
        "first page": Ask(lambda _: "/", 2),
        "style sheet": Ask(lambda _: "/assets/page.css", 2),
        "list of runs": Ask(lambda _: "/v1/runs", 2),
        "one run": Ask(lambda _: run, 2),
        "page of mistakes (JSON)": Ask(
            lambda chance: f"{run}/mistakes?limit=100&skip={chance.randrange(500)}", 2
        ),
        "gallery": Ask(lambda _: f"/runs/{name}/mistakes", 1),
        "thumbnails of 60": Ask(lambda chance: f"{run}/mistakes/images?{sheet(chance)}", 2),
        "image": Ask(lambda chance: f"{one(chance)}/image.png", 4),
        "one mistake": Ask(one, 2),
        "vote on an image": Ask(lambda _: f"/v1/vote?run={name}", 1, "POST", image),
    }


async def visit(
    client: aiohttp.ClientSession, asks: Mapping[str, Ask], until: float, pause: float, seen: Seen
) -> None:
    """Ask for one thing after another until it is time."""
    chance = random.Random()
    names, weights = list(asks), [ask.weight for ask in asks.values()]
    await asyncio.sleep(chance.random() * min(1.0, pause))
    while time.perf_counter() < until:
        name = chance.choices(names, weights)[0]
        ask, began = asks[name], time.perf_counter()
        try:
            async with client.request(ask.method, ask.path(chance), data=ask.body) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            seen.wrong[f"{name}: {type(error).__name__} {error}"] += 1
            continue
        seen.statuses[status] += 1
        if status in GOOD:
            seen.seconds[name].append(time.perf_counter() - began)
        elif status != TOO_MANY:
            seen.wrong[f"{name}: {status}"] += 1
        await asyncio.sleep(chance.random() * 2 * pause)


async def load(url: str, runs: Path, name: str, clients: int, seconds: float, pause: float) -> Seen:
    """Have many visit a service at once."""
    tokens = Tokens.at(runs)
    sessions = Sessions(runs, tokens)
    bearer = {"Authorization": f"Bearer {tokens.by_role[Role.FULL]}"}
    async with aiohttp.ClientSession(url, headers=bearer) as first:
        async with first.get(f"/v1/runs/{name}/mistakes?limit=200") as answer:
            rows = (await answer.json())["rows"]
        async with first.get(f"/v1/runs/{name}/transform") as answer:
            answer.raise_for_status()
        async with first.post(f"/v1/vote?run={name}", data=png.encode(np.zeros((1, 28, 28), np.uint8))):
            pass  # panels are opened at the first vote
    asks = kinds(name, [f"{row['search']}/{row['number']}" for row in rows], (1, 28, 28))
    seen, until = Seen(), time.perf_counter() + seconds
    visitors = []
    for _ in range(clients):
        cookie = sessions.begin(Role.FULL)
        visitor = sessions.visitor(cookie)
        assert visitor
        visitors.append(
            aiohttp.ClientSession(
                url,
                headers={"X-CSRF-Token": visitor.csrf, "Cookie": f"{sessions.cookie}={cookie}"},
                timeout=aiohttp.ClientTimeout(60),
                connector=aiohttp.TCPConnector(limit=1),
            )
        )
    await asyncio.gather(*(visit(one, asks, until, pause, seen) for one in visitors))
    await asyncio.gather(*(one.close() for one in visitors))
    return seen


def report(seen: Seen, seconds: float) -> str:
    """Return a table in Markdown."""
    lines = ["| request | answers | p50, ms | p99, ms |", "|---|--:|--:|--:|"]
    for name, times in seen.seconds.items():
        p50, p99 = np.percentile(times, [50, 99]) * 1000
        lines.append(f"| {name} | {len(times):,} | {p50:,.0f} | {p99:,.0f} |")
    every = [one for times in seen.seconds.values() for one in times]
    p50, p99 = np.percentile(every, [50, 99]) * 1000
    lines.append(f"| all | {len(every):,} | {p50:,.0f} | {p99:,.0f} |")
    lines.append(f"\n{len(every) / seconds:,.0f} answers a second; statuses: {dict(seen.statuses)}")
    lines.append(f"neither good nor 429: {dict(seen.wrong) or 'none'}")
    return "\n".join(lines)


def main() -> None:
    """Start the service, load it, and print what was seen."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path)
    parser.add_argument("name")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pause", type=float, default=1.0)
    given = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "outvoted.cluster", "serve", "--no-open", "--runs", str(given.runs)]
    with subprocess.Popen([*command, "--port", str(port)], stderr=subprocess.DEVNULL) as service:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, given.runs)
            seen = asyncio.run(load(url, given.runs, given.name, given.clients, given.seconds, given.pause))
        finally:
            service.terminate()
    print(re.sub(r"\n+$", "", report(seen, given.seconds)))


def _wait(url: str, runs: Path) -> None:
    """Wait until the service's cluster is there, so that its start takes nothing from what is measured."""

    async def ready() -> bool:
        async with aiohttp.ClientSession(url) as client, client.get("/v1/ready") as answer:
            return answer.status == GOOD.start

    until = time.monotonic() + 180
    while time.monotonic() < until:
        try:
            if asyncio.run(ready()):
                return
        except aiohttp.ClientError:
            pass
        time.sleep(1)
    raise SystemExit(f"the service of {runs} is not ready after three minutes")


if __name__ == "__main__":
    main()
