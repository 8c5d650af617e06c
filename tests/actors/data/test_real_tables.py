"""Real tables, where $OUTVOTED_DATA has them."""

import os
from pathlib import Path

import pytest

from outvoted.search.errors import OutvotedError
from tests.actors.data.formats import load

FOLDER = Path(os.environ.get("OUTVOTED_DATA", "/nonexistent")) / "tables"
HAWKS, WHEAT = FOLDER / "hawks.csv", FOLDER / "wheat-seeds.csv"
BODY = {"name": "table", "path": str(HAWKS), "features": ["Wing", "Tail", "Weight", "Hallux"]}
SEVEN = ["area", "perimeter", "compactness", "length", "width", "asymmetry", "groove"]


@pytest.mark.skipif(not HAWKS.is_file(), reason="$OUTVOTED_DATA is not set, or has no tables/hawks.csv")
def test_hawks_without_measures_are_named_or_dropped() -> None:
    with pytest.raises(OutvotedError, match=r"line 3: Hallux, line 15: Weight(.|\n)*missing=drop"):
        load({**BODY, "label": "Species"})
    data = load({**BODY, "label": "Species", "missing": "drop", "per_class": 50, "test_share": 0})
    assert (data.shape, data.class_names, len(data.train)) == ((1, 1, 4), ("CH", "RT", "SS"), 150)


@pytest.mark.skipif(not WHEAT.is_file(), reason="$OUTVOTED_DATA is not set, or has no tables/wheat-seeds.csv")
def test_grains_of_wheat_have_seven_measures_and_no_line_of_names() -> None:
    data = load({"name": "table", "path": str(WHEAT), "columns": [*SEVEN, "variety"], "label": "variety"})
    assert (data.shape, data.class_names) == ((1, 1, 7), ("1", "2", "3"))
    assert len(data.train) + len(data.test) == 210
