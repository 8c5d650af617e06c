"""How long calls may take, by how long such calls took so far."""

from collections import deque

COMPUTING = 0.2
"""Share of the time for which a process computes, or waits for a CPU, from which on it counts as computing.
Ray's own threads in an idle one wait for up to 0.07 on a machine with six busy processes to a core."""
_REMEMBERED = 100
_ENOUGH = 3
_DOUBLED = 4


class Pace:
    """The durations of calls of one kind, in seconds, and the limit that follows from them.

    The limit is a multiple of the longest of the last hundred, and never below a floor. As long as hardly any
    call has ended it is longer, since nobody knows yet; and it doubles with each call that was given up,
    four times at most, until one ends, so that what is merely slow ends at last.

    Attributes:
        longest: of the last hundred; 0 before any has ended.
    """

    def __init__(self, floor: float, first: float | None = None, times: float = 3.0) -> None:
        """Take the least limit, the least before three calls have ended, and the multiple."""
        self._floor, self._first, self._times = floor, floor if first is None else first, times
        self._took: deque[float] = deque(maxlen=_REMEMBERED)
        self.longest = 0.0
        self._given_up = 0

    def took(self, seconds: float) -> None:
        """Hear how long a call took that has ended."""
        oldest = self._took[0] if len(self._took) == _REMEMBERED else None
        self._took.append(seconds)
        self.longest = max(self._took) if oldest == self.longest else max(self.longest, seconds)
        self._given_up = 0

    def give_up(self) -> None:
        """Hear that a call was given up at the limit."""
        self._given_up += 1

    def limit(self) -> float:
        """Return after how many seconds a call is late."""
        floor = self._first if len(self._took) < _ENOUGH else self._floor
        return float(max(floor, self._times * self.longest) * 2 ** min(self._given_up, _DOUBLED))
