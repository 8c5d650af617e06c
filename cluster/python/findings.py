"""Where a `Result` takes its rows, figures and pictures from: a run's folder, or this process."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
from PIL import Image

from outvoted.actors.runs.commands import command_of
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.opened.scene import Scene
from outvoted.analysis.report.page import Page, page, write_page
from outvoted.analysis.report.report import Report
from outvoted.cluster.storage.at_hand import put_back
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import NOTHING, Trust

if TYPE_CHECKING:
    from outvoted.analysis.tuning.opened import OpenedTuning
    from outvoted.cluster.export.mined import MinedImages


class ResultFindings(ABC):
    """What a run of any kind found."""

    @property
    @abstractmethod
    def kind(self) -> str:
        """The kind of run, as its command is called."""

    @property
    @abstractmethod
    def path(self) -> Path | None:
        """The run's folder, where it has one."""

    @property
    @abstractmethod
    def class_names(self) -> Sequence[str] | None:
        """The names of the classes, where they have any."""

    @property
    @abstractmethod
    def has_mistakes(self) -> bool:
        """Whether such a run looks for mistakes."""

    @abstractmethod
    def mistakes(self) -> pd.DataFrame:
        """Read the rows of all mistakes.

        Raises:
            OutvotedError: such a run looks for none, or a table is damaged.
        """

    @abstractmethod
    def searches(self) -> pd.DataFrame:
        """Read the rows of all searches.

        Raises:
            OutvotedError: such a run keeps none, or a table is damaged.
        """

    def tuning(self) -> "OpenedTuning":
        """Return the trials of a sweep.

        Raises:
            OutvotedError: it is none with ``vary``, or a table is damaged.
        """
        raise OutvotedError(
            expected="a sweep with vary, which has trials",
            found=f"a result of outvoted.{command_of(self.kind)}(...)",
            remedy="look at what else there is: summary, report()",
        )

    @abstractmethod
    def images(self) -> "MinedImages":
        """Return all mistakes as images to export, which are not in memory together.

        Raises:
            OutvotedError: there are none.
        """

    @abstractmethod
    def summary(self) -> dict[str, Any]:
        """Return the figures of ``summary.json``.

        Raises:
            OutvotedError: there are none yet.
        """

    @abstractmethod
    def report(self) -> Report:
        """Return what the run's kind has to say of it.

        Raises:
            OutvotedError: it has nothing to say yet, a file is damaged, or the run names untrusted code.
        """

    def pictures(self) -> dict[str, Image.Image]:
        """Return the report's pictures by their files' names; those that were drawn already are read.

        Raises:
            OutvotedError: see :meth:`report`.
        """
        found = {}
        with TemporaryDirectory() as folder:
            for name, draw in self.report().pictures.items():
                file = None if self.path is None else self.path / name
                if file is None or not file.is_file():
                    file = Path(folder) / name
                    draw(file)
                if file.is_file():  # there may be nothing to draw
                    with Image.open(file, formats=("PNG",)) as picture:
                        found[name] = picture.convert("RGB")
        return found

    @abstractmethod
    def write_report(self, file: Path | None) -> Path:
        """Write the report as one HTML file, and return where it is; None: where it usually is.

        Raises:
            OutvotedError: see :meth:`report`; or the disk refuses.
        """

    @abstractmethod
    def scene(self) -> Scene:
        """Return what searches can be gone through again with.

        Raises:
            OutvotedError: searches of such a run can't be.
        """


class RunFindings(ResultFindings):
    """What is in a run's folder."""

    def __init__(self, store: RunFolder, trust: Trust = NOTHING) -> None:
        """Take a run's folder, and what it names and may be imported.

        Raises:
            OutvotedError: the folder holds no run.
        """
        self._store, self._opened = store, OpenedRun(store, trust)
        self._record: RunRecord = store.read_record()
        self._kinds = import_module("outvoted.cluster.jobs.kinds")  # which takes a while
        self._kind = self._kinds.kind_of(self._record)

    @property
    def kind(self) -> str:
        """The kind of run, as its command is called."""
        return self._record.kind

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self._store.path

    @property
    def class_names(self) -> Sequence[str] | None:
        """The names of the classes, where they have any."""
        return None if self._record.data is None else self._record.data.class_names

    @property
    def has_mistakes(self) -> bool:
        """Whether the run's kind names tables of mistakes."""
        try:
            return bool(self._kind.recorded(self._store, self._record))
        except OutvotedError:
            return False

    def mistakes(self) -> pd.DataFrame:
        """Read the rows of all mistakes."""
        tables = self._kind.recorded(self._store, self._record)
        return _joined([table.frame(table.mistakes) for table in tables])

    def searches(self) -> pd.DataFrame:
        """Read the rows of all searches."""
        tables = self._kind.recorded(self._store, self._record)
        if any(table.searches is None for table in tables):
            raise OutvotedError(
                expected="a run that keeps a row for each search",
                found=f"{self._record.name}, a run of `outvoted {self._record.command}`",
                remedy=f"read what else is in {self._store.path}: {self._kind.written}",
            )
        return _joined([table.frame(table.searches) for table in tables])

    def tuning(self) -> "OpenedTuning":
        """Open the trials of a sweep."""
        from outvoted.analysis.tuning.opened import OpenedTuning

        return OpenedTuning(self._opened)

    def images(self) -> "MinedImages":
        """Return all mistakes as images to export."""
        from outvoted.cluster.export.mined import of_run

        return of_run(self._store)

    def summary(self) -> dict[str, Any]:
        """Read the figures of ``summary.json``; of a comparison, ``strategies`` lists them."""
        file = self._store.path / self._kind.summary
        try:
            found = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise OutvotedError(
                expected=f"the figures of a run in {file}",
                found="none so far" if isinstance(error, FileNotFoundError) else str(error),
                remedy=f"resume the run until it is finished, or run `outvoted report {file.parent}`",
            ) from error
        return {"strategies": found} if isinstance(found, list) else dict(found)

    def report(self) -> Report:
        """Return what the run's kind has to say of it."""
        found: Report = self._kind.report(self._opened)
        return found

    def write_report(self, file: Path | None) -> Path:
        """Write the report and its pictures into the run's folder, and the page to ``file``."""
        report, path = self.report(), file or self._store.path / "report.html"
        report.write(self._store.path)
        write_page(page(self._opened.record, report), path)
        refused = put_back(self._store.path)
        if refused is not None:
            raise refused
        return path

    def scene(self) -> Scene:
        """Return the run's panel and images, opened."""
        self._kinds.check_offers(self._record, "landscape", "whose searches can be gone through again")
        return self._opened


class HeldFindings(ResultFindings):
    """What was found in this process."""

    def __init__(
        self,
        kind: str,
        report: Callable[[], Report],
        mistakes: pa.Table | None = None,
        searches: pa.Table | None = None,
        scene: Scene | None = None,
        class_names: Sequence[str] | None = None,
    ) -> None:
        """Take tables, where such a run has them, and what makes the report."""
        self._kind, self._report, self._class_names = kind, report, class_names
        self._mistakes, self._searches, self._scene = mistakes, searches, scene

    @property
    def kind(self) -> str:
        """The kind of run, as its command is called."""
        return self._kind

    @property
    def path(self) -> None:
        """Nothing: there is no folder."""
        return

    @property
    def class_names(self) -> Sequence[str] | None:
        """The names of the classes, where they have any."""
        return self._class_names

    @property
    def has_mistakes(self) -> bool:
        """Whether there is a table of mistakes."""
        return self._mistakes is not None

    def mistakes(self) -> pd.DataFrame:
        """Return the rows of all mistakes."""
        return pd.DataFrame(self._held(self._mistakes, "mistakes").to_pandas())

    def searches(self) -> pd.DataFrame:
        """Return the rows of all searches."""
        return pd.DataFrame(self._held(self._searches, "searches").to_pandas())

    def images(self) -> "MinedImages":
        """Return all mistakes as images to export."""
        from outvoted.cluster.export.mined import of_table

        return of_table(self._held(self._mistakes, "mistakes"), self._class_names)

    def summary(self) -> dict[str, Any]:
        """Return the figures of the report, as ``summary.json`` would have them."""
        return self.report().values()

    @cached_property
    def _made(self) -> Report:
        return self._report()

    def report(self) -> Report:
        """Return what is to be said of it."""
        return self._made

    def write_report(self, file: Path | None) -> Path:
        """Write the page; without a name into the working directory, if there is none of that name."""
        report, path = self.report(), file or Path("report.html")
        if file is None and path.exists():
            raise OutvotedError(f"no {path} in the working directory yet", "one", "say where: report(file)")
        sections = tuple(report.sections(lambda done, of: None))
        write_page(Page(f"outvoted {self._kind}", headlines=report.headlines, sections=sections), path)
        return path

    def scene(self) -> Scene:
        """Return what was mined."""
        if self._scene is None:
            raise self._lacking("searches that can be gone through again")
        return self._scene

    def _held(self, table: pa.Table | None, what: str) -> pa.Table:
        if table is None:
            raise self._lacking(what)
        return table

    def _lacking(self, what: str) -> OutvotedError:
        return OutvotedError(
            expected=f"a result with {what}",
            found=f"one of outvoted.{self._kind}(...), which has none",
            remedy="look at what else there is: summary, report()",
        )


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return all rows of several tables; without any table, none."""
    filled = [part for part in parts if len(part)] or list(parts[:1])
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame({"label": [], "predicted": []})
