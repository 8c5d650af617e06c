"""On the cluster: offering the files of a run to whoever fetches it, through the folder of Ray's logs.

The dashboard serves files below that folder to those who have its token, links to elsewhere included. A link
with an unguessable name is made there for as long as this process lives.
"""

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from rich.console import Console

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.console import records
from outvoted.cluster.console.records import FileSent, FilesListed
from outvoted.search.errors import OutvotedError

_MOST_SECONDS = 6 * 3600.0
_BLOCK = 1 << 20


def offer(run: Path, console: Console, seconds: float = _MOST_SECONDS) -> None:
    """List a run's files with checksums in this job's log; have them served until this process is ended.

    Raises:
        OutvotedError: there is no run, there are links in it, or this is no job.
    """
    RunFolder(run).read_record()
    link = _logs() / f"outvoted-{secrets.token_hex(16)}"
    link.symlink_to(run.resolve(), target_is_directory=True)
    try:
        count = 0
        for count, file in enumerate(files_of(run), 1):  # noqa: B007  # the last one counts
            records.write(console, file)
        records.write(console, FilesListed(files=count, link=link.name))
        time.sleep(seconds)
    finally:
        link.unlink(missing_ok=True)


def _logs() -> Path:
    """Return the folder of Ray's logs: where this job's standard output goes."""
    try:
        path = Path("/proc/self/fd/1").readlink()
    except OSError:
        path = Path("?")
    if not path.name.startswith("job-driver-"):
        raise OutvotedError(
            expected="to be started as a job of Ray, by `outvoted fetch`",
            found=f"standard output that goes to {path}",
            remedy="use `outvoted fetch`, or copy the run's folder",
        )
    return path.parent


def files_of(run: Path) -> Iterator[FileSent]:
    """Yield the files of a run, `run.json` last, so that what it counts is there; none that is hidden."""
    found = []
    for folder, folders, names in os.walk(run):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(folder) / name for name in names if not name.startswith(".")]
    for path in sorted(found, key=lambda one: (one == run / "run.json", one)):
        try:
            seen = path.stat()
            size, digest = _digest(path, seen.st_size, seen.st_mtime_ns)
        except OSError:  # a run that is under way moves and joins its files
            continue
        yield FileSent(path=path.relative_to(run).as_posix(), size=size, sha256=digest)


@lru_cache(maxsize=1 << 16)
def _digest(path: Path, seen: int, when: int) -> tuple[int, str]:
    """Return size and SHA-256 of a file; one that is still as it was seen before is not read again."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()
