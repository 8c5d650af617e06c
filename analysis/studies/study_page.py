"""What a run of `outvoted study` has to say."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import RenderableType

from outvoted.analysis.report.from_rich import Told, all_from_rich
from outvoted.analysis.report.report import Section, pictures, titled


def told_by_studying(
    tables: Iterable[RenderableType], figures: Path, sections: Sequence[Section] = ()
) -> Told:
    """Say what a study has shown.

    Args:
        tables: those of the terminal.
        figures: the folder of its pictures.
        sections: of the study's own kind; they come first, and instead of tables and pictures where there
            are any.
    """
    if sections:
        return Told((), sections)
    drawn = pictures(figures, {path.name: titled(path.name) for path in sorted(figures.glob("*.png"))})
    shown = [Section("Results", parts=all_from_rich(tables))]
    return Told((), [*shown, *([Section("Pictures", parts=drawn)] if drawn else [])])
