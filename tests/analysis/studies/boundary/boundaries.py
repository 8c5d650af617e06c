"""Made-up boundary studies: raters who see each image a little differently."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outvoted.actors.labelling.label_store import Labels
from outvoted.actors.studies.study_store import vote_rows
from outvoted.analysis.studies.boundary.findings import BoundaryFindings, analyse
from outvoted.search.arrays import Floats, Singles

PAIRS = tuple((n, n + 1) for n in range(0, 10, 2)) + tuple(
    (int(pair[0]), int(pair[1])) for pair in ("02", "13", "46", "57", "08", "19", "24", "35", "68", "79")
)
DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class Example:
    """What a study leaves."""

    images: pd.DataFrame
    votes: pd.DataFrame
    stops: pd.DataFrame
    labels: Labels
    panel: pd.DataFrame
    size: int

    def found(self) -> BoundaryFindings:
        sizes = dict.fromkeys(self.stops["family"], self.size)
        return analyse(self.images, self.votes, self.stops, DIGITS, self.labels, self.panel, sizes)


def images(pairs: Sequence[tuple[int, int]] = PAIRS, steps: int = 11) -> pd.DataFrame:
    rows = [
        {"pair": number, "first": first, "second": second, "step": step, "alpha": step / (steps - 1)}
        for number, (first, second) in enumerate(pairs)
        for step in range(steps)
    ]
    return pd.DataFrame(rows).rename_axis("image_id").reset_index()


def frame(named: dict[str, Singles]) -> pd.DataFrame:
    """Return votes as a study records them; probabilities of shape (images, classes)."""
    rows = [vote_rows(name, one).to_pandas() for name, one in named.items()]
    return pd.DataFrame(pd.concat(rows, ignore_index=True))


def certain(answers: Sequence[int], classes: int = 10, confidence: float = 0.9) -> Singles:
    """Return probabilities of a network that answers so."""
    rest = (1 - confidence) / (classes - 1)
    whole = np.full((len(answers), classes), rest, np.float32)
    whole[np.arange(len(answers)), list(answers)] = confidence
    return whole


def stop(network: str, family: str, seed: int, target: float, reached: bool = True) -> dict[str, object]:
    kind, variant = family.split("-")
    return {
        "network": network,
        "family": kind,
        "variant": variant,
        "seed": seed,
        "target": target,
        "reached": reached,
        "test_accuracy": target,
        "steps": 1,
        "checks": 1,
        "seconds": 1.0,
        "outcome": "finished",
        "reason": "" if reached else "passed over between two checks",
    }


def example(
    simulated: bool = False, seeds: int = 20, labellers: int = 10, pairs: int = 15, steps: int = 11
) -> Example:
    """Return a study of 165 images: three families, seeds in two groups, labellers, a panel of four."""
    random = np.random.default_rng(7)
    made = images(PAIRS[:pairs], steps)
    logits = _logits(made, random)
    rows, votes = [], {}
    for place, family in enumerate(("mlp", "cnn", "vit")):
        own = logits + random.normal(0, 1.0 + 0.3 * place, logits.shape)
        for variant, seed in [("1", seed) for seed in range(seeds)] + [("2", 0), ("3", 0)]:
            noise = random.normal(0, 1, logits.shape)
            for target, width in ((0.975, 1.6), (0.98, 1.2), (0.985, 0.9)):
                name = f"{family}-{variant}.seed-{seed}@{100 * target:g}"
                reached = not (family == "vit" and seed in (3, 17))
                rows.append(stop(name, f"{family}-{variant}", seed, target, reached))
                if reached:
                    votes[name] = _softmax(own + width * noise)
    said = np.stack([(logits + random.normal(0, 1.3, logits.shape)).argmax(1) for _ in range(labellers)])
    prefix = "simulated" if simulated else "person"
    labels = Labels(tuple(f"{prefix}-{n + 1:02}" for n in range(labellers)), said, simulated)
    panel = {f"peer-{n}": _softmax(logits + random.normal(0, 1.5, logits.shape)) for n in range(4)}
    return Example(made, frame(votes), pd.DataFrame(rows), labels, frame(panel), seeds // 2)


def _logits(made: pd.DataFrame, random: np.random.Generator) -> Floats:
    logits = random.normal(0, 1.2, (len(made), 10))
    for end, share in (("first", 1 - made["alpha"]), ("second", made["alpha"])):
        logits[np.arange(len(made)), made[end]] += 3 + 12 * share
    return logits


def _softmax(logits: Floats) -> Singles:
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True), np.float32)
