"""Runs at hand: what a URL stands for is fetched before a run is read, and mirrored while one is written.

Of a run in a folder there is nothing to do; every function here then does nothing.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from outvoted.cluster.storage import alive
from outvoted.cluster.storage.alive import SIGN_SECONDS, Owner, Worker, worker
from outvoted.cluster.storage.claims import StoreClaim, living
from outvoted.cluster.storage.fetching import AT_ONCE, fetch
from outvoted.cluster.storage.index import Index, last_said
from outvoted.cluster.storage.mirror import PATIENCE_SECONDS, Mirror
from outvoted.cluster.storage.store import Store, opened
from outvoted.cluster.storage.urls import url_of
from outvoted.search.errors import OutvotedError

_LAST_SECONDS = 30.0  # for a store that refuses, when the run ends with an error anyway


def check_store(run: Path) -> None:
    """Make sure that a run can be written where it is to be.

    Raises:
        OutvotedError: the URL's bucket, credentials or endpoint are not right.
    """
    store = _store(run.parent)
    if store is not None:
        store.check()


def may_live(run: Path) -> Worker | None:
    """Return a process elsewhere of which only watching will tell whether it is at work on a run.

    Raises:
        OutvotedError: the store refuses.
    """
    store = _store(run)
    return alive.may_live(run) or (None if store is None else living(store, watch=False))


def check_alone(run: Path) -> None:
    """Watch who may live for as long as that takes.

    Raises:
        OutvotedError: another process is working on the run, or the store refuses.
    """
    alive.check_alone(run)
    store = _store(run)
    there = None if store is None else living(store)
    if there is not None:
        raise alive.busy(run, there)


def fetched(run: Path) -> Path:
    """Return a run's folder, with all that the URL it stands for has.

    Raises:
        OutvotedError: the store or the disk refuses.
    """
    store = _store(run)
    if store is not None and worker(run) is None:  # else this machine writes it
        fetch(store, Index(run))
    return run


def fetched_records(runs: Path) -> None:
    """Have the folder of runs hold the `run.json` of every run that the URL it stands for has.

    Raises:
        OutvotedError: the store or the disk refuses.
    """
    store = _store(runs)
    if store is None:
        return

    def take(name: str) -> None:
        file = runs / name / "run.json"
        with suppress(FileNotFoundError):
            if worker(file.parent) is None and last_said(store.read(f"{name}/run.json")) > last_said(file):
                store.get(f"{name}/run.json", file)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(take, [name for name in store.children() if not name.startswith(".")]))


def worker_at(run: Path) -> Worker | None:
    """Return who works on a run, on this machine or, where it stands for a URL, on any; None: nobody.

    Raises:
        OutvotedError: the store refuses.
    """
    store = _store(run)
    found = worker(run)
    return living(store, watch=False) if found is None and store is not None else found


@contextmanager
def mirrored(run: Path, owner: Owner) -> Iterator["OtherPlace"]:
    """Within the block have all that is written into a run's folder put to the URL it stands for.

    Raises:
        OutvotedError: somebody else works on the run, or the store refuses.
    """
    store = _store(run)
    if store is None:
        yield OtherPlace(None)
        return
    claim = StoreClaim(store, run, owner)
    claim.take()
    ended = Event()
    signs = Thread(target=_renew, args=(claim, ended), daemon=True, name="claim")
    mirror = Mirror(store, Index(run), claim.holds, owner.stop)
    signs.start()
    mirror.start()
    try:
        yield OtherPlace(mirror)
    finally:
        mirror.stop()
        ended.set()
        signs.join()
        claim.leave()


class OtherPlace:
    """Where a run is kept beside its folder: nowhere, or in a store."""

    def __init__(self, mirror: Mirror | None) -> None:
        self._mirror = mirror

    @property
    def refusals(self) -> int:
        """How often the store refused, so far, what was tried again."""
        return 0 if self._mirror is None else self._mirror.refusals

    def flush(self, patience: float = PATIENCE_SECONDS) -> None:
        """Have all that was written so far be there.

        Raises:
            OutvotedError: the store has been refusing for ``patience`` seconds.
        """
        if self._mirror is not None:
            self._mirror.flush(patience)

    def flush_last(self) -> None:
        """Try for a while to have all be there that was written, where another error says more."""
        try:
            self.flush(_LAST_SECONDS)
        except OutvotedError:
            return


def put_back(run: Path) -> OutvotedError | None:
    """Put what a command has written into a run's folder, beside the run's own process.

    Returns:
        What the store said, where it refused: what was written is then kept in the folder alone.
    """
    store = _store(run)
    if store is None or worker(run) is not None:
        return None
    try:
        Mirror(store, Index(run), lambda: True).flush(0)
    except OutvotedError as error:
        return error
    return None


def _store(folder: Path) -> Store | None:
    url = url_of(folder)
    return None if url is None else opened(url)


def _renew(claim: StoreClaim, ended: Event) -> None:
    while not ended.wait(SIGN_SECONDS) and claim.renew():
        pass
