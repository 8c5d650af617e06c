"""The `votes` table of one network: what it answered about each image of a split."""

import numpy as np
import pyarrow as pa

from outvoted.actors.runs import schema
from outvoted.analysis.sweeps.base import Unit
from outvoted.search.arrays import AnyArray, Floats, Ints


def votes(
    unit: Unit,
    split: str,
    labels: Ints,
    probabilities: Floats,
    gradient: AnyArray | None = None,
    pixels: AnyArray | None = None,
) -> pa.Table:
    """Return a row for each image, in the split's order.

    Args:
        labels: shape (b,).
        probabilities: (b, classes), or one class more than the labels have: that of noise.
        gradient: (b,), where it was measured.
        pixels: (b,), where it was measured.
    """
    images = np.arange(len(labels))
    absent = np.full(len(labels), None)
    columns = {
        "setting": [unit.setting.label] * len(labels),
        "seed": [unit.seed] * len(labels),
        "split": [split] * len(labels),
        "image_id": images,
        "label": labels,
        "predicted": probabilities.argmax(1),
        "confidence": probabilities.max(1),
        "label_probability": probabilities[images, labels],
        "gradient": absent if gradient is None else gradient,
        "pixels": absent if pixels is None else pixels,
    }
    schema_ = schema.votes()
    arrays = [pa.array(columns[field.name], field.type, safe=False) for field in schema_]
    return pa.table(arrays, schema=schema_)
