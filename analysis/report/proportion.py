"""A share of counted things, and how sure it is."""

from dataclasses import dataclass

from scipy.stats import binomtest


@dataclass(frozen=True)
class Proportion:
    """So many ``hits`` ``of`` all, with Wilson's 95 % interval; None where there is nothing to count.

    The interval takes what is counted as independent.
    """

    hits: int
    of: int
    value: float | None
    low: float | None
    high: float | None

    def percent(self) -> str:
        """Write it in percent, say ``26 (19–34)``."""
        if self.value is None or self.low is None or self.high is None:
            return "–"
        return f"{100 * self.value:.0f} ({100 * self.low:.0f}–{100 * self.high:.0f})"


def proportion(hits: int, of: int) -> Proportion:
    """Return the share of ``hits`` in ``of``, with its interval (E. B. Wilson, 1927)."""
    if of == 0:
        return Proportion(0, 0, None, None, None)
    interval = binomtest(hits, of).proportion_ci(0.95, "wilson")
    return Proportion(hits, of, hits / of, float(interval.low), float(interval.high))
