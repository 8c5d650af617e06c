"""Many small files of a run are joined into few, while it goes on and at its end.

Ten thousand shards take seconds to be listed and half a minute to be read; joined, they are a handful of
files. They are joined as the digits of a binary counter are, with packs that are no larger than what is
joined so far: a row is written again at most about log2(units / LEAST) times, and as many packs remain.
"""

from contextlib import suppress
from threading import Lock, Thread

import pyarrow as pa

from outvoted.actors.runs.files import remove, settle
from outvoted.actors.runs.units import UnitTables
from outvoted.search.errors import OutvotedError

LEAST = 128
"""Files in a table that are joined while a run goes on."""
FEW = 32
"""Files in a table that are left as they are when a run ends."""
LARGEST = 1 << 28
"""Bytes of a pack on disk, over all tables, beyond which no packs are joined: 256 MiB."""


def compact(units: UnitTables) -> int:
    """Join units that have files of their own, and packs no larger than these, into one pack.

    It may be stopped, or killed, at any time: nothing is removed before the pack that holds it is there. What
    another process removes meanwhile, or what is damaged, is left as it is.

    Returns:
        How many units still have files of their own.

    Raises:
        OutvotedError: the disk is full, read-only, or otherwise refuses; a file is damaged, or is gone.
        ValueError: units have rows of different forms.
    """
    own = _whole(units)
    packs = _to_join(units, own)
    held = set(own).union(*(units.places.manifest(pack).units.keys() for pack in packs))
    if own:
        name = units.pack(held & units.places.where().keys())
        for table in units.forms:
            settle(units.file(table, name).parent)
        for old in packs:
            if old != name:
                units.places.drop(old)
        for unit in own:
            units.places.drop(unit)
    return len(units.places.own(units.places.marker))


def tidy(units: UnitTables) -> None:
    """Remove what joining or writing left behind when it was killed; no one may be writing meanwhile."""
    *others, marker = units.forms
    packs = set(units.places.packs(marker))
    there = units.places.where()
    for pack in packs - set(there.values()):
        units.places.drop(pack)  # all it holds is in larger packs
    for table in others:
        for name in set(units.places.packs(table)) - packs:
            remove(units.file(table, name))
        for unit in set(units.places.own(table)):
            if there.get(unit) != unit:
                remove(units.file(table, unit))


def _whole(units: UnitTables) -> list[str]:
    """Return the units that have files of their own in all tables."""
    *others, marker = (set(units.places.own(table)) for table in units.forms)
    return sorted(marker.intersection(*others))


def _to_join(units: UnitTables, own: list[str]) -> list[str]:
    """Choose the packs that units are joined with: small ones, and those that hold any of them already."""
    size, joined = sum(_bytes(units, unit) for unit in own), set(own)
    held = {
        pack: units.places.manifest(pack).units.keys() for pack in units.places.packs(units.places.marker)
    }
    chosen = []
    for pack in sorted(held, key=lambda pack: (len(held[pack]), pack)):
        more = _bytes(units, pack)
        if (len(held[pack]) <= len(joined) and size + more <= LARGEST) or not held[pack].isdisjoint(own):
            chosen.append(pack)
            size, joined = size + more, joined | held[pack]
    return chosen


def _bytes(units: UnitTables, name: str) -> int:
    return sum(units.file(table, name).stat().st_size for table in units.forms)


class Compactor:
    """Joins a run's files now and then, beside whatever its process does otherwise.

    It stops at nothing and stops nothing: if joining fails, the run has more files than it need have.
    """

    def __init__(self, units: UnitTables) -> None:
        self._units = units
        self._own = len(units.places.own(units.places.marker))
        self._due = LEAST
        self._lock = Lock()
        self._thread: Thread | None = None

    def wrote(self, units: int = 1) -> None:
        """Hear that units were written; at every LEAST or so, begin to join them."""
        with self._lock:
            self._own += units
            busy = self._thread is not None and self._thread.is_alive()
            if self._own < self._due or busy:
                return
            self._thread = Thread(target=self._join, daemon=True)
            self._thread.start()

    def finish(self) -> None:
        """Join what is left, unless it is little, and remove what a killed process left behind."""
        if self._thread is not None:
            self._thread.join()
        if len(self._units.places.own(self._units.places.marker)) > FEW:
            self._join()
        with suppress(OutvotedError):
            tidy(self._units)

    def _join(self) -> None:
        try:
            left = compact(self._units)
        except (OSError, OutvotedError, ValueError):
            with self._lock:
                self._due = 2 * self._own  # a full disk may be no longer full then
        else:
            with self._lock:
                self._own, self._due = left, left + LEAST
        pa.default_memory_pool().release_unused()  # else it keeps what the largest pack took
