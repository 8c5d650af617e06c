"""A page server in a process of its own, which tests can kill."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from outvoted.actors.labelling.desk import Desk, LabellingTask
from outvoted.actors.labelling.label_store import LabelStore
from outvoted.actors.labelling.server import address, listen, serve
from outvoted.actors.runs import png

TOKEN = "secret-of-the-tests"


@dataclass(frozen=True)
class Served:
    """A server that runs, and where its page is."""

    process: subprocess.Popen[str]
    url: str
    store: LabelStore


def pictures(images: int) -> list[bytes]:
    """Make grey images of 8 × 8 pixels, no two alike."""
    random = np.random.default_rng(0)
    return [png.encode(image) for image in random.integers(0, 256, (images, 1, 8, 8), np.uint8)]


@contextmanager
def served(
    folder: Path, images: int, classes: tuple[str, ...], port: int = 0, stderr: int | None = None
) -> Iterator[Served]:
    """Serve a page within the block."""
    arguments = [str(folder), str(images), ",".join(classes), str(port)]
    command = [sys.executable, "-m", "tests.actors.labelling.serving", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=Path(__file__).parents[3]
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), "the server did not start"
        yield Served(process, url, LabelStore(folder, images, len(classes)))
    finally:
        process.kill()
        process.communicate()


def main(folder: str, images: str, classes: str, port: str) -> None:
    """Serve until the process is ended; print the address first."""
    store = LabelStore(Path(folder), int(images), len(classes.split(",")))
    desk = Desk(LabellingTask("a study", pictures(int(images)), classes.split(",")), store)
    listening = listen(int(port))
    with store.sole_writer():
        print(address(listening, TOKEN), flush=True)
        serve(desk, TOKEN, listening)
    print("ended", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
