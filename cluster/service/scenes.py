"""Runs opened to go through their climbs again: networks take time to load, and answer one after another."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore, Lock

import pyarrow as pa

from outvoted.actors.networks.computing import use_one_thread
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.browsing.ordering import MistakeKey
from outvoted.analysis.opened.opened import OpenedRun, check_mistakes
from outvoted.cluster.jobs.kinds import kind_of
from outvoted.cluster.service.errors import BusyError
from outvoted.cluster.service.named import run_folder
from outvoted.cluster.service.service import Service
from outvoted.search.trust import EVERYTHING, NOTHING

_OPEN, _WAITING = 4, 8
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
_ROOM, _TURN = BoundedSemaphore(_WAITING), Lock()


def scene_of(service: Service, name: str, key: MistakeKey) -> OpenedRun | None:
    """Return the run that a mistake was found in; None where networks and moves are not at hand.

    Those of a healing run were trained on since, those of a sweep are one of many, and a scan made no moves.

    Raises:
        OutvotedError: there is no such run, or its record is damaged.
    """
    folder = run_folder(service, name)
    if key.part:
        inner = folder / key.part if _PART.fullmatch(key.part) else folder
        if inner == folder or inner.is_symlink() or not (inner / "run.json").is_file():
            return None
        folder = inner
    record = RunFolder(folder).read_record()
    if "replay" not in kind_of(record).offers:
        return None
    return _opened(folder, record.panel_fingerprint, service.settings.allow_code)


@contextmanager
def going_through() -> Iterator[None]:
    """Have a scene's networks answer nobody else within the block.

    Raises:
        BusyError: too many wait for that already.
    """
    if not _ROOM.acquire(blocking=False):
        raise BusyError(
            expected=f"at most {_WAITING} climbs gone through at once",
            found="as many already",
            remedy="ask again in a few seconds",
        )
    try:
        with _TURN:
            use_one_thread()
            yield
    finally:
        _ROOM.release()


def check_rows(scene: OpenedRun, rows: pa.Table) -> None:
    """Hold rows of the table of mistakes to what the run can have recorded, before they are gone through.

    Raises:
        OutvotedError: they name networks, classes, seeds or moves that it hasn't.
    """
    data = scene.record.data
    images = None if data is None else data.train
    check_mistakes([rows], len(scene.peers), images, scene.transform, scene.store.path)


@lru_cache(maxsize=_OPEN)
def _opened(folder: Path, panel: str | None, trusted: bool) -> OpenedRun:
    """Open a run; it is another one where its panel is."""
    return OpenedRun(RunFolder(folder), EVERYTHING if trusted else NOTHING)
