"""What a kind of run has to say: its headline figures and sections."""

from collections.abc import Sequence
from dataclasses import dataclass

from outvoted.analysis.report.html.parts import Section


@dataclass(frozen=True)
class Told:
    """The part of a page that differs from kind to kind; ``headlines`` are (figure, what it is)."""

    headlines: Sequence[tuple[str, str]]
    sections: Sequence[Section]
