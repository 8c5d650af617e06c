"""What Vlaar publishes that does not rest on her volunteers' labels, and how much these differ.

Her images are others, from a generator of her own.
"""

from dataclasses import dataclass

from outvoted.analysis.report.numbers import Spread

MODELS = 9


@dataclass(frozen=True)
class Published:
    """A row of table 2, as shares: on how many images two models differ, and not all nine agree."""

    pairs: Spread
    disagree: float


TABLE_2 = {
    0.975: Published(Spread(0.113, 0.029), 0.285),
    0.98: Published(Spread(0.085, 0.023), 0.218),
    0.985: Published(Spread(0.074, 0.018), 0.182),
}
"""By target test accuracy."""

VOLUNTEERS, VOLUNTEER_PAIRS = 10, Spread(0.093, 0.022)
"""How many labelled the images, and the share of images on which two of them differ (section 3)."""
