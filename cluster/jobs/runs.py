"""The folder of runs: names, new ones, going on with old ones, listing them."""

import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.runs.fence import FILE as LOCK
from outvoted.actors.runs.files import write_atomically
from outvoted.actors.runs.run_folder import DataRecord, RunFolder, RunRecord, State
from outvoted.actors.runs.tables import check_tables
from outvoted.cluster.jobs.glancing import folders_in
from outvoted.cluster.ray.calls import refused
from outvoted.cluster.storage.alive import Owner, at_work, check_alone
from outvoted.cluster.storage.at_hand import OtherPlace, fetched_records, mirrored
from outvoted.cluster.storage.urls import given_as
from outvoted.search.errors import OutvotedError
from outvoted.search.key_paths import differences, may_change
from outvoted.search.settings import Settings
from outvoted.search.shown import shown

_LONGEST = 200  # bytes; file systems take 255, and some names beside a run's are longer than its own
_ROOM, _ROOM_BYTES = ".room", 1 << 17
_BEGINNINGS = (LOCK, _ROOM, f".{_ROOM}.partial", ".run.json.partial")
_UNFIT = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def checked(name: str, where: str) -> str:
    """Return a name that a folder can have on every system; ``where`` says where it comes from.

    Raises:
        OutvotedError: it is empty or too long, begins or ends with what shells, listings or file systems
            treat specially, or holds a slash or a character that can't be seen.
    """
    remedy = "choose another --name: letters, digits, spaces, dots, hyphens and underscores will do"
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST:
        raise OutvotedError(
            expected=f"a name for the run of at most {_LONGEST} bytes",
            found=f"{len(name)} characters in {where}",
            remedy="choose a shorter --name",
        )
    if not name or name.startswith((".", "-")) or name != name.strip() or name.endswith("."):
        raise OutvotedError(
            expected="a name for the run that is a plain folder name, not empty, and without a dot, hyphen "
            "or space at its ends",
            found=f"{shown(name)} from {where}",
            remedy=remedy,
        )
    if _UNFIT.search(name):
        raise OutvotedError(
            expected="a name for the run that is a plain folder name, of visible characters, without slashes",
            found=f"{shown(name)} from {where}",
            remedy=f"{remedy}; --runs chooses the folder around it",
        )
    return name


def open_record(store: RunFolder, kind: str, config: Settings, resume: bool, data: DataRecord) -> RunRecord:
    """Return the record of a new run, or of one that is resumed; nothing is written yet.

    Raises:
        OutvotedError: a new run's folder exists, or a resumed run is another one than configured, is still
            at work, or has a file that cannot be read.
    """
    wanted = config.model_dump(mode="json")
    if not resume:
        if store.path.exists() and (not store.path.is_dir() or _has_files(store.path)):
            raise OutvotedError(
                expected=f"a new folder {given_as(store.path)}",
                found="a folder with files in it",
                remedy="continue that run with --resume, or choose another --name",
            )
        record = RunRecord(
            name=store.path.name,
            kind=kind,
            state=State.RUNNING,
            config=wanted,
            versions=_versions().copy(),
            data=data,
        )
    else:
        record = store.read_record()
        check_alone(store.path)
        check_tables(store.path)
        _check_same(store, record, config, data)
        record.state, record.message, record.config, record.versions = (
            State.RUNNING,
            None,
            wanted,
            _versions().copy(),
        )
    return record


def _has_files(folder: Path) -> bool:
    """Return whether a folder holds more than what a process leaves that died before it wrote anything."""
    return any(path.name not in _BEGINNINGS for path in folder.iterdir())


@contextmanager
def recorded(store: RunFolder, record: RunRecord) -> Iterator[OtherPlace]:
    """Keep `run.json` true to what happens within the block, and the run where it is to be kept.

    Raises:
        OutvotedError: another process works on the run, or took it over; the disk or the store refuses.
    """
    with (
        at_work(store.path) as owner,
        mirrored(store.path, owner) as kept,
        _room_kept(store, owner),
        _told(store, record, owner, kept),
    ):
        yield kept


@contextmanager
def recorded_inside(store: RunFolder, record: RunRecord) -> Iterator[None]:
    """Do the same for a run within the folder of another, which is kept elsewhere as a whole, if at all.

    Raises:
        EarlyStopError: as it was raised within the block.
        OutvotedError: another process works on the run, or took it over; the disk refuses.
    """
    with at_work(store.path) as owner, _told(store, record, owner, OtherPlace(None)):
        yield


class EarlyStopError(Exception):
    """Ends a run that could go on, for a reason in words: its record says so, and it can be resumed."""


@contextmanager
def _told(store: RunFolder, record: RunRecord, owner: Owner, kept: OtherPlace) -> Iterator[None]:
    record.epoch += 1
    store.write_record(record)
    try:
        yield
        kept.flush()
        _close(store, record, owner, State.FINISHED)
        kept.flush()
    except EarlyStopError as reason:
        _end(store, record, owner, kept, State.INTERRUPTED, str(reason))
        raise
    except Exception as error:
        _end(store, record, owner, kept, State.FAILED, str(refused(error) or error))
        if owner.lost is not None:
            raise owner.lost from error
        raise
    except BaseException:  # Ctrl-C, or whatever else asks for an end
        _end(store, record, owner, kept, State.INTERRUPTED, "continue with --resume")
        raise


def _end(
    store: RunFolder, record: RunRecord, owner: Owner, kept: OtherPlace, state: State, message: str
) -> None:
    """Say why a run ended early, where that can be said: the error that ended it says more."""
    with suppress(OutvotedError):
        _close(store, record, owner, state, message)
    if owner.lost is None:
        kept.flush_last()


def _close(
    store: RunFolder, record: RunRecord, owner: Owner, state: State, message: str | None = None
) -> None:
    owner.live()
    if owner.lost is not None:
        raise owner.lost
    record.state, record.message, record.updated_at = state, message, datetime.now(UTC)
    owner.open()
    try:
        store.write_record(record)
    except OutvotedError:
        (store.path / _ROOM).unlink(missing_ok=True)
        store.write_record(record)


@contextmanager
def _room_kept(store: RunFolder, owner: Owner) -> Iterator[None]:
    """Keep some room on the disk within the block, so that `run.json` can be written on a full one."""
    path = store.path / _ROOM
    with suppress(OutvotedError):
        write_atomically(path, lambda partial: partial.write_bytes(os.urandom(_ROOM_BYTES)))
    try:
        yield
    finally:
        if owner.lost is None:
            with suppress(OSError):
                path.unlink(missing_ok=True)


@cache
def _versions() -> dict[str, str]:
    """Return the versions a run's results may depend on."""
    packages = ("outvoted", "torch", "numpy", "ray", "pyarrow")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def data_record(data: Dataset) -> DataRecord:
    """Say which data set a run is made from."""
    return DataRecord(
        name=data.name,
        fingerprint=data.fingerprint,
        train=len(data.train),
        test=len(data.test),
        class_names=data.class_names,
    )


def check_same_settings(store: RunFolder, record: RunRecord, config: Settings) -> None:
    """Refuse to resume a run with another value of a key that no resumed run may change.

    Raises:
        OutvotedError: it names the keys.
    """
    other = differences(record.config, config.model_dump(mode="json"))
    changed = [key for key in other if not may_change(type(config), key)]
    if changed:
        raise OutvotedError(
            expected=f"the configuration that {given_as(store.path)} was started with",
            found=f"another value of {', '.join(changed)}",
            remedy="set these keys back, or start a new run under another --name",
        )


def _check_same(store: RunFolder, record: RunRecord, config: Settings, data: DataRecord) -> None:
    check_same_settings(store, record, config)
    if record.data is not None and record.data.fingerprint != data.fingerprint:
        raise OutvotedError(
            expected=f"the {record.data.name} images that {given_as(store.path)} was started with",
            found=f"other images or labels (fingerprint {data.fingerprint[:12]})",
            remedy="restore the data set, or start a new run under another --name",
        )


def listed(runs: Path) -> list[tuple[RunFolder, RunRecord | OutvotedError]]:
    """Return every run in a folder, oldest first, with what its ``run.json`` says or why it can't be read."""
    found: list[tuple[RunFolder, RunRecord | OutvotedError]] = []
    fetched_records(runs)
    for path in sorted(folders_in(runs)):
        store = RunFolder(path)
        try:
            found.append((store, store.read_record()))
        except OutvotedError as error:
            found.append((store, error))
    return sorted(found, key=lambda run: _age(run[1]))


def newest(runs: Path, stem: str) -> Path:
    """Return the newest run whose name begins with ``stem``.

    Raises:
        OutvotedError: there is none.
    """
    names = [store.path for store, record in listed(runs) if isinstance(record, RunRecord)]
    matching = [path for path in names if path.name.startswith(stem)]
    if not matching:
        raise OutvotedError(
            expected=f"a run of {stem} in {given_as(runs)} to resume",
            found=f"{len(names)} runs, none of {stem}",
            remedy="name the run with --name, or start one without --resume",
        )
    return matching[-1]


def _age(record: RunRecord | OutvotedError) -> datetime:
    if not isinstance(record, RunRecord):
        return datetime.min.replace(tzinfo=UTC)
    when = record.created_at
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)
