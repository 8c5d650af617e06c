"""The runs that people are labelling: opened when first asked for, closed when nobody labels any more."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from outvoted.actors.labelling.desk import Desk
from outvoted.actors.labelling.label_store import OccupiedError
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.jobs.labelled import Labelled, labelled
from outvoted.cluster.service.errors import BusyError, ConflictError
from outvoted.search.trust import NOTHING, Trust

_IDLE = 900.0  # seconds after which others may write labels of a run
_FRESH = 60.0  # seconds for which labels that did not change are not measured again
_MOST = 20  # runs at once


@dataclass
class _Open:
    desk: Desk[Any]
    used: float


@dataclass(frozen=True)
class _Measurement:
    files: list[tuple[str, int]]
    at: float
    value: Any


@dataclass
class LabelDesks:
    """Desks by the folders of their runs.

    While a desk is open no other process writes labels of its run; see ``LabelStore.sole_writer``.

    Attributes:
        read: opens what there is to label of a run's folder.
        named: the only runs there are, by their names in URLs; None for all in the folder of runs.
        clock: gives seconds.
    """

    read: Callable[[Path], Labelled] = field(default=lambda path: read_run(NOTHING, path))
    named: Mapping[str, Path] | None = None
    clock: Callable[[], float] = time.monotonic
    _known: dict[tuple[Path, int], tuple[Labelled, float]] = field(default_factory=dict)
    _open: dict[Path, _Open] = field(default_factory=dict)
    _changing: Lock = field(default_factory=Lock)
    _measured: dict[Path, _Measurement] = field(default_factory=dict)
    _measuring: Lock = field(default_factory=Lock)

    def desk(self, path: Path) -> Desk[Any]:
        """Return the desk of a run.

        Raises:
            ConflictError: another process is labelling it.
            BusyError: too many runs are labelled at once.
            OutvotedError: it has nothing that people can look at, or a file of labels is damaged.
        """
        return self._taken(path)

    def labelled(self, path: Path) -> Labelled:
        """Return what there is to label of a run, and where labels are, whoever is labelling it.

        Raises:
            OutvotedError: it has nothing that people can look at.
        """
        key, now = (path, path.stat().st_ino), self.clock()  # another folder may come in its place
        with self._changing:
            known = self._known.get(key)
        found = self.read(path) if known is None else known[0]  # which may take long, and holds up nobody
        with self._changing:
            self._known[key] = found, now
            kept = [one for one, (_, used) in self._known.items() if now - used < _IDLE][-_MOST:]
            self._known = {one: self._known[one] for one in kept}
        return found

    def measured(self, path: Path, measure: Callable[[Labelled], Any]) -> Any:
        """Return what a function makes of a run's labels: asked again where they changed, or after a minute.

        Raises:
            OutvotedError: it has nothing that people can look at, or a file of labels is damaged.
        """
        found = self.labelled(path)
        files = sorted((file.name, file.stat().st_mtime_ns) for file in found.store.path.glob("*.csv"))
        with self._measuring:
            known = self._measured.get(path)
            if known is None or known.files != files or self.clock() - known.at > _FRESH:
                known = self._measured[path] = _Measurement(files, self.clock(), measure(found))
                while len(self._measured) > _MOST:
                    self._measured.pop(next(iter(self._measured)))
            return known.value

    def close(self) -> None:
        """Let others write everywhere."""
        with self._changing:
            for one in self._open.values():
                one.desk.close()
            self._open.clear()

    def _taken(self, path: Path) -> Desk[Any]:
        what = self.labelled(path)
        with self._changing:
            now = self.clock()
            if path not in self._open:
                self._leave(now)
                if len(self._open) >= _MOST:
                    raise BusyError(
                        expected=f"at most {_MOST} runs that are labelled at once",
                        found="one more",
                        remedy="wait until people have finished with one of the others",
                    )
                try:
                    self._open[path] = _Open(Desk(what.task, what.store), now)
                except OccupiedError as error:
                    raise ConflictError(error.expected, error.found, error.remedy) from error
            found = self._open[path]
            found.used = now
            return found.desk

    def _leave(self, now: float) -> None:
        """Close the desks at which nobody has been for a while."""
        for path in [path for path, one in self._open.items() if now - one.used > _IDLE]:
            self._open.pop(path).desk.close()


def read_run(trust: Trust, path: Path) -> Labelled:
    """Open what there is to label of a run; ``trust`` says what it names and may be imported.

    Raises:
        OutvotedError: it has nothing that people can look at.
    """
    return labelled(OpenedRun(RunFolder(path), trust))
