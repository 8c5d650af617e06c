"""Small landscapes with made-up votes."""

from itertools import permutations

import numpy as np
import pandas as pd

from outvoted.analysis.studies.interpolation.study import InterpolationStudy
from outvoted.analysis.studies.opened import Ballots

NAMES = ("ant", "<b>bee</b>", "cat", "dog & co", "eel")
FEATURES = ("length", "width", "<i>mass</i>")


def morphs(side: int, *groups: tuple[int, int, int]) -> pd.DataFrame:
    """Return how the frames of one set of groups are made; labels are image ids, too."""
    rows = [
        {"group": number, "set": "A", "first": first, "second": second, "third": third,
         "first_id": first, "second_id": second, "third_id": third, "across": across, "along": along}
        for number, group in enumerate(groups)
        for first, second, third in permutations(group)
        for across in range(side)
        for along in range(side)
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(image_id=np.arange(len(rows)))


def interpolations(points: int, *groups: tuple[int, int, int]) -> pd.DataFrame:
    """Return the points of fields; feature k of item k is 1 + its class, others are 0."""
    weights = InterpolationStudy(points=points).weights()
    parts = []
    for number, labels in enumerate(groups):
        part = pd.DataFrame({f"w{k}": weights[:, k] for k in range(3)})
        for k, label in enumerate(labels):
            part[f"class{k}"], part[f"item{k}"] = label, 10 * number + k
        part["group"], part["values"] = number, list(weights * (1 + np.array(labels)))
        parts.append(part)
    whole = pd.concat(parts, ignore_index=True)
    return whole.assign(image_id=np.arange(len(whole)))


def votes(images: int, networks: int = 3, classes: int = len(NAMES), seed: int = 0) -> Ballots:
    """Return random votes on so many images."""
    drawn = np.random.default_rng(seed).dirichlet(np.full(classes, 0.3), (networks, images))
    return Ballots(tuple(f"net-{k}" for k in range(networks)), drawn.astype(np.float32))
