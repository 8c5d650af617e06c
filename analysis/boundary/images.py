"""The images of a boundary study: what a generator makes on the way from one class to another."""

import numpy as np
import pyarrow as pa

from outvoted.actors.study_store import Fields, image_rows
from outvoted.analysis.boundary.latents import Latents
from outvoted.analysis.boundary.pairs import Pairs, interpolate
from outvoted.analysis.studies.base import Ingredients

FIELDS: Fields = [
    ("pair", pa.int32()),
    ("first", pa.int16()),
    ("second", pa.int16()),
    ("step", pa.int16()),
    ("alpha", pa.float64()),
]
"""The pair's number, its classes, and the step on the way from the first (alpha 0) to the second (1)."""


def boundary_images(made_from: Ingredients, latents: Latents, pairs: Pairs) -> pa.Table:
    """Make the images, pair by pair and step by step: rows of schema.study_images(FIELDS).

    With the settings as they are, 15 pairs in 11 steps: 165 images (Vlaar, section 2).

    Raises:
        OutvotedError: pairs or choices don't fit the data, or no image of a class is found.
    """
    generate, referee, classes = made_from.generate, made_from.referee, made_from.data.classes
    assert generate is not None  # the runner brings both
    assert referee is not None
    latents.check(classes)
    found = pairs.of(classes)
    chosen = latents.choose(sorted({label for pair in found for label in pair}), generate, referee)
    vectors = dict(zip(chosen, latents.vectors(np.array(list(chosen.values()), np.int64)), strict=True))
    alphas = pairs.alphas
    ways = [interpolate(vectors[first], vectors[second], alphas) for first, second in found]
    columns = {
        "pair": np.repeat(np.arange(len(found)), len(alphas)),
        "first": np.repeat([first for first, _ in found], len(alphas)),
        "second": np.repeat([second for _, second in found], len(alphas)),
        "step": np.tile(np.arange(len(alphas)), len(found)),
        "alpha": np.tile(alphas, len(found)),
    }
    values = {name: column.tolist() for name, column in columns.items()}
    return image_rows(generate(np.concatenate(ways)), values, FIELDS)
