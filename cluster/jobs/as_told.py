"""Reports of sweeps and studies, which still write their files themselves."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from outvoted.analysis.report.from_rich import Told, all_from_rich
from outvoted.analysis.report.report import Report


class _Written(Report):
    def write(self, folder: Path) -> None:
        """Leave what is there."""


def as_told(told: Told, tables: Sequence[RenderableType]) -> Report:
    """Return a report of what is written already."""
    remarks = [str(each) for each in tables if isinstance(each, Text)]
    return _Written({}, all_from_rich(tables), told.headlines, lambda _: told.sections, remarks=remarks)
