"""The files of a run, for whoever wants its folder elsewhere: listed with checksums, read through no link."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.console.records import FileSent
from outvoted.cluster.service.errors import NotFoundError
from outvoted.cluster.submitting.sending import files_of
from outvoted.search.shown import shown

_BLOCK = 1 << 18
_ONWARD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


def listed(run: Path) -> Iterator[FileSent]:
    """Return the files of a run, each as it is read.

    Raises:
        OutvotedError: there are links in the folder, or its `run.json` can't be read.
    """
    RunFolder(run).read_record()
    return files_of(run)


@dataclass(frozen=True)
class OpenedFile:
    """A file that has been opened.

    Attributes:
        size: bytes when it was; what is written later is not read.
    """

    descriptor: int
    size: int

    def blocks(self) -> Iterator[bytes]:
        """Yield its content, and close it."""
        left = self.size
        with os.fdopen(self.descriptor, "rb") as file:
            while left and (block := file.read(min(_BLOCK, left))):
                left -= len(block)
                yield block


def opened(run: Path, path: str) -> OpenedFile:
    """Open a file of a run by its path within the folder.

    Raises:
        NotFoundError: there is none: what is hidden, no plain file, or behind a link is none.
    """
    *folders, name = path.split("/")
    if any(not part or part.startswith(".") or "\0" in part for part in (*folders, name)):
        raise _no_file(path)
    place = -1
    try:
        place = os.open(run, _ONWARD | os.O_DIRECTORY)
        for folder in folders:
            outer, place = place, os.open(folder, _ONWARD | os.O_DIRECTORY, dir_fd=place)
            os.close(outer)
        found = os.open(name, _ONWARD, dir_fd=place)
    except (OSError, ValueError) as error:
        raise _no_file(path) from error
    finally:
        if place >= 0:
            os.close(place)
    status = os.fstat(found)
    if not stat.S_ISREG(status.st_mode):
        os.close(found)
        raise _no_file(path)
    return OpenedFile(found, status.st_size)


def _no_file(path: str) -> NotFoundError:
    return NotFoundError(
        expected=f"a file {shown(path)} of the run",
        found="none of that name",
        remedy="GET …/files lists those there are",
    )
