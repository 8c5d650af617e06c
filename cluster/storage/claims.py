"""Whose a run in an object store is: a sign of life there, which whoever works on it renews."""

import json
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from outvoted.actors.runs import fence
from outvoted.actors.runs.fence import FILE
from outvoted.cluster.storage import alive
from outvoted.cluster.storage.alive import Owner, Worker
from outvoted.cluster.storage.store import Store
from outvoted.search.errors import OutvotedError

_SETTLE_SECONDS = 1.0  # for two who claim a run at once to see who came last


class StoreClaim:
    """The claim of this machine's owner of a run to be its owner everywhere.

    Stores have no locks. Who claims a run looks whether somebody else gives signs of life, writes his own,
    and looks again a little later; from then on before each sign. Should two get through, the one who
    wrote first finds out within a sign's time and writes nothing more.
    """

    def __init__(self, store: Store, run: Path, owner: Owner) -> None:
        """Take the store of the run's objects, its folder, and this machine's owner."""
        self._store, self._run, self._owner = store, run, owner

    def take(self) -> None:
        """StoreClaim the run.

        Raises:
            OutvotedError: another process is working on it, or the store refuses.
        """
        there = living(self._store)
        if there is not None:
            raise alive.busy(self._run, there)
        self._show()
        time.sleep(_SETTLE_SECONDS)
        now = _sign(self._store)
        if now is None or not self._owner.is_mine(now):
            raise alive.busy(self._run, Worker.of(now or {}))

    def renew(self) -> bool:
        """Give a sign of life; return False, and stop the owner, if somebody else has claimed the run."""
        with suppress(OutvotedError):  # of a store that refuses the mirror says more
            if not self.holds():
                return False
            self._show()
        return True

    def holds(self) -> bool:
        """Return whether the run is still this process's; stop the owner if it is not.

        Raises:
            OutvotedError: the store refuses.
        """
        found = _sign(self._store)
        if found is None or not self._owner.is_mine(found):
            self._owner.stop(fence.taken_over(self._run, found or {}), lost=True)
            return False
        return True

    def leave(self) -> None:
        """Give the run free."""
        with suppress(OutvotedError):
            found = _sign(self._store)
            if found is not None and self._owner.is_mine(found):
                self._store.remove(FILE)

    def _show(self) -> None:
        sign = {**self._owner.sign, "shown": time.time_ns()}
        self._store.write(FILE, json.dumps(sign).encode())


def living(store: Store, watch: bool = True) -> Worker | None:
    """Return who works on a run; None where nobody does, or who did has died.

    Args:
        store: of the run's objects.
        watch: take a while to see whether there is another sign, where the last one is not old.

    Raises:
        OutvotedError: the store refuses.
    """
    found = _sign(store)
    if found is None or _died_here(found):
        return None
    seen = store.stat([FILE]).get(FILE)
    if seen is None or abs(time.time_ns() - seen.at) > alive.SILENT_SECONDS * 1e9:
        return None

    def look() -> object:
        return store.read(FILE)

    return None if watch and alive.stays(look, look()) else Worker.of(found)


def _sign(store: Store) -> dict[str, Any] | None:
    data = store.read(FILE)
    if data is None:
        return None
    try:
        return fence.parsed(data)
    except ValueError:
        return {}


def _died_here(sign: dict[str, Any]) -> bool:
    """Return whether a sign is of a process of this machine that is no more."""
    who = Worker.of(sign)
    if who.host != socket.gethostname():
        return False
    try:
        os.kill(who.pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return who.pid in (0, os.getpid())
