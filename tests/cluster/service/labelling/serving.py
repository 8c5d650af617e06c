"""Pages for labelling, served from a thread of the tests, or in a process of its own that they can kill."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from outvoted.actors.labelling.label_store import LabelStore, image_labels
from outvoted.actors.labelling.label_task import ImagesTask
from outvoted.actors.runs import png
from outvoted.cluster.jobs.labelled import Labelled
from outvoted.cluster.service.label_server import LabelServer, base_of, listen
from tests.cluster.service.serving import served

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
def labelling(folder: Path, images: int, classes: Sequence[str]) -> Iterator[ServedLabels]:
    """Serve a page for some images within the block."""
    with linked(folder, study(images, classes)) as link:
        yield ServedLabels(link, image_labels(folder, images, len(classes)))


@contextmanager
def linked(folder: Path, read: Callable[[Path], Labelled]) -> Iterator[str]:
    """Serve a page within the block, and give its link."""
    server = LabelServer(folder, read)
    try:
        with served(server.app) as base:
            yield server.link(base)
    finally:
        server.close()


@contextmanager
def apart(folder: Path, images: int) -> Iterator[tuple[subprocess.Popen[str], ServedLabels]]:
    """Serve a page in a process of its own within the block."""
    command = [sys.executable, "-m", "tests.cluster.service.labelling.serving", str(folder), str(images)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[4])
    try:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        assert link.startswith("http://127.0.0.1:"), "the server did not start"
        yield process, ServedLabels(link, image_labels(folder, images, 10))
    finally:
        process.kill()
        process.communicate()


def copied(run: Path, runs: Path, name: str = "small") -> Path:
    """Copy a run into a folder of runs."""
    return Path(shutil.copytree(run, runs / name))


def main(folder: str, images: str) -> None:
    """Serve until the process is ended; print the link first."""
    server = LabelServer(Path(folder), study(int(images), DIGITS))
    with listen(0) as listening:
        print(server.link(base_of(listening)), flush=True)
        server.serve(listening)


if __name__ == "__main__":
    main(*sys.argv[1:])
