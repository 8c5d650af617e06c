"""What came of a fault, as it is noted: a line of JSON each."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from tests.chaos.commands import Command

_TELLING = re.compile(
    r"warning|joined|stalled|expected:|found:|to do:|Interrupted|error|goes on|Traceback", re.IGNORECASE
)
_STAMP = re.compile(r"^[\d:TZ-]{8,20}( UTC)? +")
_MOST_LINES = 12
_SAYING_SECONDS = 3.0


class Outcome(BaseModel):
    """What came of a fault.

    Attributes:
        share: of all searches that were recorded when it struck.
        recovery: seconds until all searches that were in hand then were recorded; None if they never were.
        silence: the longest time, in seconds, until then in which a command that ran printed nothing.
        went_on: whether the command that was struck recorded them; else one that resumed the run did.
        hung: whether that command had to be ended.
        codes: how all commands of the run ended; None where one hung.
        lost, extra, doubled, differing: rows of the run in the end.
        failed: rows of failed searches in the end; ``retried`` where some had failed before.
        told: what was printed about it; None where another fault struck before it was over.
        day: in UTC.
        left: hidden files in the run's tables in the end, of shards that are no part of it.
    """

    fault: str
    machines: str
    seed: int
    share: float
    recovery: float | None
    silence: float
    went_on: bool
    hung: bool
    codes: list[int | None]
    lost: int
    extra: int
    doubled: int
    differing: int
    failed: int
    retried: bool
    told: list[str] | None
    day: str = ""
    left: int = 0

    def __str__(self) -> str:
        where = f"{self.fault} ({self.machines}, {self.seed}, at {self.share:.0%})"
        rows = f"lost {self.lost}, extra {self.extra}, doubled {self.doubled}, differing {self.differing}"
        rows += f", hidden files left {self.left}" * bool(self.left)
        how = "hung" if self.hung else "went on" if self.went_on else "resumed"
        times = f"{how}, recovery {self.recovery}, silence {self.silence}"
        return f"{where}: {times}, {rows}, failed {self.failed}{' (retried)' * self.retried}, {self.codes}"

    @property
    def wrong(self) -> bool:
        """Whether the run did not end, or with other rows than the undisturbed one."""
        differ = self.lost or self.extra or self.doubled or self.differing or self.failed
        return bool(differ or self.left or self.codes[-1] != 0)

    @property
    def good(self) -> bool:
        """Whether the run ended with the rows of the undisturbed one, and hung nowhere."""
        return not self.wrong and not self.hung


def heard_until(over: float, later: Sequence[float]) -> float | None:
    """Return until when what is printed is about a fault; None where another struck before it was over.

    Args:
        over: when the run had recovered.
        later: when other faults struck after it.
    """
    first = min(later, default=math.inf)
    return None if first < over else min(over + _SAYING_SECONDS, first)


def told(commands: Sequence[Command], since: float, until: float) -> list[str]:
    """Return what commands printed about a fault between two moments, without times, each line once."""
    said = [_STAMP.sub("", line).strip() for command in commands for line in command.said(since, until)]
    return list(dict.fromkeys(line for line in said if _TELLING.search(line)))[:_MOST_LINES]


def read(record: Path) -> list[Outcome]:
    """Return what was noted."""
    return [Outcome.model_validate_json(line) for line in record.read_text().splitlines()]
