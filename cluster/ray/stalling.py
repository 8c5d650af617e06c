"""Saying that a run stands still, and why, as far as is known: nobody should find out in the morning."""

STALLED_SECONDS = 25.0
"""Without anything new, after which a run is said to stand still; later it is said again, each time at twice
the age."""


class Stall:
    """Hears when something is new, and says once it has been too long."""

    def __init__(self, now: float) -> None:
        """Take the time, in seconds."""
        self._since, self._due = now, STALLED_SECONDS

    def moved(self, now: float) -> str | None:
        """Hear that something is new; return what to say of it, if the run stood still."""
        age, stalled = now - self._since, self._due > STALLED_SECONDS
        self._since, self._due = now, STALLED_SECONDS
        return f"the run goes on, after {age:.0f} s" if stalled else None

    def tick(self, now: float) -> str | None:
        """Hear that time passes; return for how long the run has stood still, where that is to be said."""
        age = now - self._since
        if age < self._due:
            return None
        self._due = max(2 * self._due, 2 * age)
        return f"stalled for {age:.0f} s"
