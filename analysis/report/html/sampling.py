"""Which of many rows to show where not all of them fit, and in which order."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from outvoted.search.arrays import Ints


def varied_order(rows: pd.DataFrame, kinds: Sequence[str], clearest: str) -> Ints:
    """Order rows so that any number of the first are an even sample over their kinds.

    A kind is what ``kinds``, columns, tell apart. First comes the row of each kind with the largest
    ``clearest``, then the second of each, and so on. Of each such round, the clearest come first.

    Returns:
        Positions of rows, each once.
    """
    sorted_rows = rows.reset_index(drop=True).sort_values(clearest, ascending=False, kind="stable")
    place = sorted_rows.groupby(list(kinds), sort=False).cumcount()
    return sorted_rows.index.to_numpy()[np.argsort(place.to_numpy(), kind="stable")].astype(np.int64)


def thinned(steps: int, most: int) -> Ints:
    """Choose at most ``most`` of the numbers 0 to ``steps`` - 1, the first and the last among them."""
    if steps <= most:
        return np.arange(steps)
    return np.unique(np.linspace(0, steps - 1, most).round().astype(np.int64))
