"""Images per second that the service's panels vote on, against the same panel in this process.

    python -m tests.benchmarks.voting [--panel perceptrons|cnns] [--seconds 5]

One run, one thread for each panel, in turn: `panel.vote` on batches as large as the requests; requests with
as many images each (npy), a few under way at once; and many clients that send one image (PNG) each. The
service is that of `outvoted serve` behind its own HTTP server, without the gate, whose limits on requests
would be measured instead. Clients, service and panels share the cores, as they do on a laptop.
"""

import argparse
import asyncio
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import torch
from rich.console import Console

from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import MINE
from outvoted.cluster.ray.connect import LOCAL, connected
from outvoted.search.arrays import Pixels
from tests.benchmarks.panels import CONFIGS, SMALL_CNNS

ROUNDS = 3
BATCHES = (64, 256, 1024)
SINGLE_CLIENTS = 32
UNDER_WAY = 4
PANELS: dict[str, tuple[str, ...]] = {
    "perceptrons": (),
    "cnns": (f"panel.networks={[one.model_dump(mode='json') for one in SMALL_CNNS.networks]}",),
}


@dataclass
class Clients:
    """Threads that send the same body again and again; counts what was answered.

    Attributes:
        latencies: seconds that each answer took.
    """

    port: int
    body: bytes
    count: int
    latencies: list[float] = field(default_factory=list)

    def run(self, seconds: float) -> float:
        """Return answers per second."""
        began = time.perf_counter()
        threads = [Thread(target=self._one, args=(began + seconds,)) for _ in range(self.count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(self.latencies) / (time.perf_counter() - began)

    def _one(self, until: float) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        while (began := time.perf_counter()) < until:
            connection.request("POST", "/v1/vote?run=mined&referee=false", self.body)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 200:
                raise RuntimeError(said)
            self.latencies.append(time.perf_counter() - began)


def serve(folder: str, gcs: str, port: str) -> None:
    """Serve runs of a folder, with panels on a cluster; ends with its input."""
    import uvicorn

    from outvoted.cluster.service.app import application
    from outvoted.cluster.service.guard.connections import serving_options
    from outvoted.cluster.service.service import Service
    from outvoted.cluster.service.settings import ServiceSettings
    from outvoted.cluster.service.voting.served import ServedVotes
    from tests.cluster.service.voting.head import Head
    from tests.cluster.submitting.pretended import PretendedCluster

    votes = ServedVotes(lambda: Head(gcs))
    service = Service(ServiceSettings(runs=Path(folder)), PretendedCluster, votes)
    options: dict[str, Any] = {"log_level": "warning", **serving_options()}
    server = uvicorn.Server(uvicorn.Config(application(service), port=int(port), **options))

    def ended() -> None:
        sys.stdin.read()
        server.should_exit = True

    Thread(target=ended, daemon=True).start()
    asyncio.run(server.serve())


def in_process(panel: LocalPanel, images: Pixels, seconds: float) -> float:
    """Return images per second."""
    began, done = time.perf_counter(), 0
    while time.perf_counter() < began + seconds:
        panel.vote(images)
        done += len(images)
    return done / (time.perf_counter() - began)


def saved(images: Pixels) -> bytes:
    """Return images as an npy file."""
    stream = io.BytesIO()
    np.save(stream, images)
    return stream.getvalue()


def compared(
    name: str, alone: Callable[[], float], asked: Callable[[], float], latencies: list[float]
) -> None:
    """Measure both in turn, and print the median of the ratios."""
    pairs = [(alone(), asked()) for _ in range(ROUNDS)]
    ratio = statistics.median(there / here for here, there in pairs)
    here, there = (statistics.median(side) for side in zip(*pairs, strict=True))
    half, most = np.quantile(latencies, [0.5, 0.99])
    print(
        f"{name:<34} {here:>10,.0f} {there:>10,.0f} {ratio:>6.0%} {1000 * half:>8.0f} {1000 * most:>8.0f}",
        flush=True,
    )


def main(panel_name: str, seconds: float) -> None:
    """Mine a little to have a run, and measure its panel."""
    import ray

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, connected(LOCAL):
        store = RunFolder(Path(folder) / "mined")
        config = read(MineConfig, CONFIGS / "mnist.yaml", ("search.per_target=5", *PANELS[panel_name]))
        launch(Job(MINE, config, store), Console(quiet=True))
        run = OpenedRun(store)
        panel, pictures = run.panel, run.data.test.images
        panel.vote(pictures[:1])
        port = str(20_000 + os.getpid() % 20_000)
        command = [sys.executable, "-m", "tests.benchmarks.voting", "--serve", folder]
        command += [ray.get_runtime_context().gcs_address, port]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as service:
            _until_served(int(port))
            print(f"{panel_name}, images per second       in process    service  ratio   p50 ms   p99 ms")
            for batch in BATCHES:
                images = np.resize(pictures, (batch, *pictures.shape[1:]))
                clients = Clients(int(port), saved(images), UNDER_WAY)
                compared(
                    f"{UNDER_WAY} clients, {batch} images each",
                    lambda images=images: in_process(panel, images, seconds),  # type: ignore[misc]
                    lambda clients=clients, batch=batch: batch * clients.run(seconds),  # type: ignore[misc]
                    clients.latencies,
                )
            image = pictures[:1]
            single = Clients(int(port), png.encode(image[0]), SINGLE_CLIENTS)
            compared(
                f"{SINGLE_CLIENTS} clients, 1 image each",
                lambda: in_process(panel, image, seconds),
                lambda: single.run(seconds),
                single.latencies,
            )
            assert service.stdin is not None
            service.stdin.close()


def _until_served(port: int) -> None:
    for _ in range(240):
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=120)
            connection.request(
                "POST", "/v1/runs/mined/render", b'{"seed": 0}', {"Content-Type": "application/json"}
            )
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise RuntimeError("the service does not answer")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panel", choices=PANELS, default="perceptrons")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--serve", nargs=3)
    given = parser.parse_args()
    if given.serve:
        serve(*given.serve)
    else:
        main(given.panel, given.seconds)
