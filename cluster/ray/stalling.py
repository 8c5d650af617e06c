"""Saying that a run stands still, and why, as far as is known: nobody should find out in the morning."""

import time
from collections.abc import Callable

import ray

_SECONDS = 90.0
"""Without anything new, after which a run is said to stand still; later it is said again, each time at twice
the age."""


class Stall:
    """Hears whenever something may be new, and says once it has been too long."""

    def __init__(
        self,
        say: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
        machines: Callable[[], dict[str, bool]] | None = None,
    ) -> None:
        """Take whom to tell, and what tells the time and which machines there are, whether alive."""
        self._say, self._clock = say, clock
        self._machines = machines or _machines
        self._seen: object = None
        self._since, self._due = clock(), _SECONDS

    def hear(self, state: object) -> None:
        """Compare what is known of the run with what was known before; say if it has not changed for long."""
        age = self._clock() - self._since
        if state != self._seen:
            if self._due > _SECONDS:
                self._say(f"the run goes on, after {age:.0f} s")
            self._seen, self._since, self._due = state, self._clock(), _SECONDS
        elif age >= self._due:
            self._due *= 2
            self._say(f"no search has ended for {age:.0f} s: {self._why()}")

    def _why(self) -> str:
        there = self._machines()
        gone = sorted(address for address, alive in there.items() if not alive)
        if not gone:
            return "all machines are there; a network takes long or hangs (after Ctrl-C, --resume continues)"
        which = ", ".join(gone[:3]) + ", ..." * (len(gone) > 3)
        what = f"machine {which} is gone" if len(gone) == 1 else f"machines {which} are gone"
        left = sum(there.values())
        verb = "is" if left == 1 else "are"
        return f"{what}, {left} {verb} left; lost cells begin again where there is room for them"


def _machines() -> dict[str, bool]:
    """Return the addresses of the cluster's machines, also of lost ones, and whether each is alive."""
    there: dict[str, bool] = {}
    for node in ray.nodes():
        address = str(node["NodeManagerAddress"])
        there[address] = there.get(address, False) or bool(node["Alive"])
    return there
