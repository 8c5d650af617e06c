"""Fetching a run's folder through the dashboard: checked by checksums, and never out of its place."""

import asyncio
import hashlib
import re
import secrets
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from outvoted.actors.runs.files import refuse_links, remove, unwritable, write_atomically
from outvoted.actors.runs.packs import is_pack
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.cluster.console import records
from outvoted.cluster.console.records import FileSent, FilesListed
from outvoted.cluster.storage.at_hand import fetched
from outvoted.cluster.storage.urls import run_folder_of
from outvoted.cluster.submitting.dashboard import Jobs
from outvoted.cluster.submitting.logs import lines, plain
from outvoted.search.errors import OutvotedError
from outvoted.search.shown import shown

MOST_FILES = 1_000_000
_LONGEST_PATH = 1000
_SAFE = re.compile(r"[^\x00-\x1f\x7f\\:]+")

Tell = Callable[[int, int, str], None]
"""Hears bytes so far, bytes in all, and the file."""


@dataclass(frozen=True)
class Fetched:
    """What came of fetching: files and bytes that were brought, and files that were here already."""

    files: int
    size: int
    kept: int


def fetch(jobs: Jobs, place: str, into: Path, tell: Tell) -> Fetched:
    """Bring a run's folder from a cluster.

    Args:
        place: the run's folder there.
        into: the folder here; what is in it already and has the right checksum stays.

    Raises:
        OutvotedError: there is no such run, another run is in the folder here, there is no space, or what
            comes is not what was listed.
    """
    with _offered(jobs, place) as (node, link, listed):
        return bring(listed, lambda path: jobs.file(node, f"{link}/{path}"), into, tell)


def bring(
    listed: Sequence[FileSent], read: Callable[[str], Iterator[bytes]], into: Path, tell: Tell
) -> Fetched:
    """Bring the files of a run that were listed; ``read`` gives the content of one by its path.

    Raises:
        OutvotedError: another run is in the folder here, there is no space, or what comes is not what was
            listed.
    """
    files = [_checked(one) for one in listed[:MOST_FILES]]
    _check_space(into, files)
    record = next((one for one in files if one.path == "run.json"), None)
    if record is None:
        raise _not_sound("no run.json")
    coming = _check_same(into, b"".join(_bounded(read("run.json"), record.size)))
    brought = [one for one in files if not _is_here(into, one)]
    done, total = 0, sum(one.size for one in brought)
    for one in brought:
        tell(done, total, one.path)
        _bring(read(one.path), one, into)
        done += one.size
    tell(done, total, "")
    _tidy(into, coming, [one.path for one in files])
    return Fetched(len(brought), total, len(files) - len(brought))


def _bounded(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Yield no more than was listed."""
    for block in blocks:
        yield block[:size]
        size -= len(block)
        if size <= 0:
            return


def copy_from(url: str, into: Path) -> None:
    """Bring a run's folder from the object store it is in; the cluster is not asked.

    Raises:
        OutvotedError: the store refuses, there is no such run, or another run is in the folder here.
    """
    run = fetched(run_folder_of(url))
    RunFolder(run).read_record()
    coming = _check_same(into, (run / "run.json").read_bytes())
    try:
        shutil.copytree(run, into, ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True)
    except OSError as error:
        raise unwritable(into, error) from error
    _tidy(into, coming, [path.relative_to(run).as_posix() for path in run.rglob("*.parquet")])


def _tidy(into: Path, coming: RunRecord, listed: Sequence[str]) -> None:
    """Remove what has been joined into packs since it was brought: its rows would be here twice.

    Not while the run is at work: files may then be missing among those listed because they are being joined.
    """
    if coming.state == State.RUNNING:
        return
    there = frozenset(listed)
    for folder in {path.parent for path in map(PurePosixPath, there) if is_pack(path.stem)}:
        for path in (into / folder).glob("[!.]*.parquet"):
            if (folder / path.name).as_posix() not in there:
                remove(path)


@contextmanager
def _offered(jobs: Jobs, place: str) -> Iterator[tuple[str, str, Sequence[FileSent]]]:
    """Have a job offer a run's files within the block: its node, the name below its logs, the files."""
    job = f"outvoted-fetch-{secrets.token_hex(6)}"
    entry = f"{records.VARIABLE}=records exec outvoted offer {_quoted(place)}"
    with tempfile.TemporaryDirectory() as empty:
        (Path(empty) / "fetch").touch()
        jobs.submit(job, entry, Path(empty), {}, {"outvoted-fetch": place})
    try:
        files, link = asyncio.run(_listed(jobs, job))
        node = jobs.job(job).node
        if link is None or node is None or link.files != len(files):
            raise _refused(jobs, job, place)
        yield node, link.link, files
    finally:
        jobs.stop(job)


def _quoted(place: str) -> str:
    """Return a folder for a shell; one that begins with a variable of the shell's is expanded there."""
    if place.startswith("${OUTVOTED_RUNS:-$HOME/outvoted-runs}/"):
        rest = place.partition("}/")[2]
        return f'"{place[: -len(rest)]}"{shlex.quote(rest)}'
    return shlex.quote(place)


async def _listed(jobs: Jobs, job: str) -> tuple[list[FileSent], FilesListed | None]:
    files: list[FileSent] = []
    async with aclosing(lines(jobs, job)) as all_of_them:
        async for _, record in all_of_them:
            if isinstance(record, FileSent) and len(files) < MOST_FILES:
                files.append(record)
            if isinstance(record, FilesListed):
                return files, record
    return files, None


def _refused(jobs: Jobs, job: str, place: str) -> OutvotedError:
    said = plain(jobs.log(job)).strip().splitlines()
    found = [line.partition("found:")[2].strip() for line in said if "found:" in line]
    return OutvotedError(
        expected=f"a run in {place} on the cluster's head",
        found=found[-1] if found else (said[-1] if said else "no answer"),
        remedy="check the name, or say with --runs which folder it was submitted with",
    )


def _checked(file: FileSent) -> FileSent:
    """Return a file whose path stays within a folder, on any system.

    Raises:
        OutvotedError: it does not.
    """
    path = PurePosixPath(file.path)
    parts = file.path.split("/")
    sound = _SAFE.fullmatch(file.path) and len(file.path.encode("utf-8", "replace")) <= _LONGEST_PATH
    if not sound or path.is_absolute() or any(one in ("", ".", "..") or one.startswith(".") for one in parts):
        raise _not_sound(f"a file named {shown(file.path)}")
    return file


def _check_space(into: Path, files: Sequence[FileSent]) -> None:
    needed = sum(one.size for one in files if not (into / one.path).is_file())
    there = next(path for path in (into, *into.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise OutvotedError(
            expected=f"space for {needed / 1e9:,.1f} GB in {into}",
            found=f"{free / 1e9:,.1f} GB",
            remedy="free space, or choose another folder with --to",
        )


def _check_same(into: Path, text: bytes) -> RunRecord:
    """Return what a run says of itself; refuse a folder here that holds another one, or anything else."""
    try:
        coming = RunRecord.model_validate_json(text)
    except ValueError as error:
        raise _not_sound("a run.json that is none") from error
    if not into.exists() or not any(into.iterdir()):
        return coming
    refuse_links(into)
    if (into / "run.json").exists():
        here = RunFolder(into).read_record()
        if (here.created_at, here.kind) == (coming.created_at, coming.kind):
            return coming
    elif not any(path for path in into.iterdir() if path.name not in _OF_A_RUN):
        return coming  # begun to be fetched
    raise OutvotedError(
        expected=f"a new folder {into}, or one with an earlier copy of the run",
        found="a folder with another run or other files",
        remedy="choose another folder with --to",
    )


_OF_A_RUN = frozenset(
    {"peers", "searches", "mistakes", "tb", "gallery", "extra", "labels", "generator", "referee"}
)


def _is_here(into: Path, file: FileSent) -> bool:
    path = into / file.path
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256


def _bring(blocks: Iterator[bytes], file: FileSent, into: Path) -> None:
    """Write a file as it was when it was listed: one that has grown since is cut there."""
    digest, left = hashlib.sha256(), file.size

    def write(partial: Path) -> None:
        nonlocal left
        with partial.open("wb") as content:
            for block in blocks:
                part = block[:left]
                content.write(part)
                digest.update(part)
                left -= len(part)
                if not left:
                    break
        if left or digest.hexdigest() != file.sha256:
            partial.unlink()
            raise _not_sound(f"other bytes in {file.path}: the run goes on there, or the connection broke")

    try:
        write_atomically(into / file.path, write)
    except OSError as error:
        raise unwritable(into / file.path, error) from error


def _not_sound(found: str) -> OutvotedError:
    return OutvotedError(
        expected="the files of a run, as they were listed with their checksums",
        found=found,
        remedy="fetch again: what is here already is not sent twice",
    )
