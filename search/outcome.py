"""How a search ended, told apart without importing what searches."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a search ended."""

    CLIMBING = "climbing"
    MISTAKE = "mistake"
    EXHAUSTED = "exhausted"
    SKIPPED = "skipped"
    FAILED = "failed"
