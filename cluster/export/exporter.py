"""The interface of a format that mined images are exported in; files appear whole or not at all."""

import os
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar

from rich.console import Console
from rich.progress import Progress, TaskID

from outvoted.actors.runs.files import reason
from outvoted.cluster.console.terminal import bars
from outvoted.cluster.export.mined import MinedImage, MinedImages
from outvoted.search.errors import OutvotedError

_WITHOUT_A_BAR = 2.0  # seconds

OnImage = Callable[[], object]
"""Called after every image."""


class Exporter(ABC):
    """A format: what it writes is read back as the same images with the same labels, in the same order."""

    name: ClassVar[str]
    suffix: ClassVar[str]
    """Of a file; empty where a folder is written."""
    opened_by: ClassVar[str]
    """A line that says how to open what was written, in which PATH stands for where it lies."""

    @abstractmethod
    def write(self, path: Path, images: MinedImages, on_image: OnImage) -> None:
        """Write the images to a path at which there is nothing yet; an image at a time, as far as can be.

        Raises:
            OutvotedError: the format can't hold these images.
            OSError: the disk refuses.
        """


def export(exporter: Exporter, images: MinedImages, path: Path, console: Console) -> Path:
    """Write images, all of them or nothing; what takes over two seconds shows a bar.

    Returns:
        Where they are: ``path``, or for a folder that was there, and empty, the same.

    Raises:
        OutvotedError: something is there already, the format can't hold these images, or the disk refuses.
    """
    _check_free(path, bool(exporter.suffix))
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _removed(partial)
        with _patient_bar(console, images.count) as advance:
            exporter.write(partial, images, advance)
        if path.is_dir():
            path.rmdir()
        partial.rename(path)
    except OSError as error:
        raise OutvotedError(
            expected=f"to write {path}",
            found=reason(error),
            remedy="free space, or choose another place with --out",
        ) from error
    finally:
        _removed(partial)
    return path


def _check_free(path: Path, file: bool) -> None:
    there = os.path.lexists(path)
    if there and (file or path.is_symlink() or not path.is_dir() or any(path.iterdir())):
        raise OutvotedError(
            expected=f"nothing at {path} yet" if file else f"a new or an empty folder {path}",
            found=_kind(path),
            remedy="choose another place, or move away what is there",
        )


def _kind(path: Path) -> str:
    if path.is_symlink():
        return "a link"
    return "a folder" if path.is_dir() else "a file"


def _removed(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _patient_bar(console: Console, total: int) -> Iterator[OnImage]:
    """Show a bar only where it is waited for."""
    began, done = time.monotonic(), 0
    shown: tuple[Progress, TaskID] | None = None
    with ExitStack() as stack:

        def advance() -> None:
            nonlocal done, shown
            done += 1
            if shown is None and time.monotonic() - began > _WITHOUT_A_BAR:
                bar = stack.enter_context(bars(console))
                shown = bar, bar.add_task("exporting", total=total, details="images")
            if shown is not None:
                shown[0].update(shown[1], completed=done)

        yield advance


def numbered(images: MinedImages, on_image: OnImage) -> Iterator[tuple[int, MinedImage]]:
    """Give each image with its place, and say when it is done with."""
    for number, image in enumerate(images):
        yield number, image
        on_image()
