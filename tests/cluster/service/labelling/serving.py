"""Pages for labelling, served in a thread of the tests, or in a process of its own that they can kill."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import numpy as np
import uvicorn

from outvoted.actors.labelling.label_store import LabelStore, image_labels
from outvoted.actors.labelling.label_task import ImagesTask
from outvoted.actors.runs import png
from outvoted.cluster.jobs.labelled import Labelled
from outvoted.cluster.service.guard.connections import serving_options
from outvoted.cluster.service.label_server import LabelServer, listen

DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class ServedLabels:
    """A server that runs, and the link that it gives."""

    link: str
    store: LabelStore[int]


def pictures(images: int) -> list[bytes]:
    """Make grey images of 8 × 8 pixels, no two alike."""
    random = np.random.default_rng(0)
    return [png.encode(image) for image in random.integers(0, 256, (images, 1, 8, 8), np.uint8)]


def study(images: int, classes: Sequence[str]) -> Callable[[Path], Labelled]:
    """Return what opens a study with some images."""

    def read(folder: Path) -> Labelled:
        store = image_labels(folder, images, len(classes))
        return Labelled(ImagesTask("a study", pictures(images), classes, store.form), store)

    return read


@contextmanager
def served(folder: Path, images: int, classes: Sequence[str], port: int = 0) -> Iterator[ServedLabels]:
    """Serve a page within the block."""
    server = LabelServer(folder, study(images, classes))
    config = uvicorn.Config(server.app, log_config=None, log_level="critical", **serving_options())
    running = uvicorn.Server(config)
    with listen(port) as listening:
        thread = Thread(target=running.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield ServedLabels(server.address(listening), image_labels(folder, images, len(classes)))
        finally:
            running.should_exit = running.force_exit = True
            thread.join(10)
            server.close()


@contextmanager
def apart(folder: Path, images: int, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], ServedLabels]]:
    """Serve a page in a process of its own within the block."""
    command = [sys.executable, "-m", "tests.cluster.service.labelling.serving", str(folder), str(images)]
    process = subprocess.Popen(
        [*command, str(port)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[4]
    )
    try:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        assert link.startswith("http://127.0.0.1:"), "the server did not start"
        yield process, ServedLabels(link, image_labels(folder, images, 10))
    finally:
        process.kill()
        process.communicate()


def until(happens: Callable[[], object], seconds: float = 20) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def copied(run: Path, runs: Path, name: str = "small") -> Path:
    """Copy a run into a folder of runs."""
    return Path(shutil.copytree(run, runs / name))


def main(folder: str, images: str, port: str) -> None:
    """Serve until the process is ended; print the link first."""
    server = LabelServer(Path(folder), study(int(images), DIGITS))
    with listen(int(port)) as listening:
        print(server.address(listening), flush=True)
        server.serve(listening)
    server.close()
    print("ended", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
