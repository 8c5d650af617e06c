"""How far a run is: running totals over its searches."""

from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa

from outvoted.search.climb import Outcome


@dataclass(frozen=True)
class Progress:
    """Totals over recorded searches; ``targets`` holds mistakes by the target's name."""

    searches: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    targets: Counter[str] = field(default_factory=Counter)
    moves: int = 0
    candidates: int = 0
    voted_on: int = 0
    consensus: int = 0
    inferences: int = 0

    @property
    def mistakes(self) -> int:
        """Number of searches that found a verified mistake."""
        return self.outcomes[Outcome.MISTAKE]

    def plus(self, rows: pa.Table) -> "Progress":
        """Add recorded rows of the `searches` table."""
        frame = rows.to_pandas()
        mistakes = frame[frame["outcome"] == Outcome.MISTAKE]
        total = int(frame["inferences_target"].sum() + frame["inferences_peers"].sum())
        return Progress(
            searches=self.searches + len(frame),
            outcomes=self.outcomes + Counter(frame["outcome"]),
            targets=self.targets + Counter(mistakes["target_name"]),
            moves=self.moves + int(frame["moves"].sum()),
            candidates=self.candidates + int(frame["candidates"].sum()),
            voted_on=self.voted_on + int(frame["voted_on"].sum()),
            consensus=self.consensus + int(frame["consensus"].sum()),
            inferences=self.inferences + total,
        )

    def scalars(self) -> dict[str, float]:
        """Name the figures that a monitor draws against ``searches``."""
        climbed = self.searches - self.outcomes[Outcome.SKIPPED] - self.outcomes[Outcome.FAILED]
        return {
            "searches/done": self.searches,
            **{f"searches/{outcome}": count for outcome, count in self.outcomes.items()},
            **{f"mistakes by target/{name}": count for name, count in self.targets.items()},
            "rates/moves accepted per candidate": self.moves / max(self.candidates, 1),
            "rates/consensus of candidates voted on": self.consensus / max(self.voted_on, 1),
            "rates/successful searches": self.mistakes / max(climbed, 1),
            "moves/mean of a search": self.moves / max(climbed, 1),
        }
