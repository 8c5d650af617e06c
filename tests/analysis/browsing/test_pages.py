"""Pages show every mistake once, in order, whatever their size and whatever is written meanwhile."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.compaction import compact
from outvoted.analysis.browsing.browsed import BrowsedRun
from outvoted.analysis.browsing.filters import Judged, MistakeFilter, Range
from outvoted.analysis.browsing.ordering import MistakeKey, Sort
from outvoted.search.errors import OutvotedError
from tests.analysis.browsing.conftest import CLASSES, PEERS, Write, browsed, shard_of

SORTS = (
    "search",
    "margin",
    "realism",
    "start_probability",
    "moves",
    "inferences",
    "held_out",
    "measures.rotation_deg",
)
COUNT = 150


@pytest.fixture(scope="module")
def mined(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    """A run of which some units are in a pack, and others are not."""
    store = Shards(tmp_path_factory.mktemp("browsed") / "run")
    for first in range(0, 100, 10):
        store.write(shard_of(range(first, first + 10)))
    compact(store.units)
    for first in range(100, COUNT, 10):
        store.write(shard_of(range(first, first + 10)))
    return store


@pytest.fixture(scope="module")
def run(mined: Shards) -> Iterator[BrowsedRun]:
    opened = browsed(mined.units.file("mistakes", "any").parent.parent)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def frame(mined: Shards) -> pd.DataFrame:
    """The rows as pandas reads them."""
    rows = mined.frame("mistakes")
    rows["inferences"] = rows["inferences_target"] + rows["inferences_peers"]
    rows["seed"], rows["search"] = rows["seed_id"], rows["search_id"]
    for name in rows["measures"][0]:
        rows[f"measures.{name}"] = [row[name] for row in rows["measures"]]
    rows["held_out"] = [_held_out(row) for row in rows.to_dict("records")]
    return rows


def _held_out(row: Mapping[Any, Any]) -> float:
    held = [p for p in range(PEERS) if (p - row["target"]) % PEERS > row["voters"]]
    right = [int(np.argmax(row["probabilities"][p])) == row["label"] for p in held]
    return float(np.mean(right)) if held else float("nan")


def everything(run: BrowsedRun, one: MistakeFilter, sort: Sort, limit: int) -> list[int]:
    """Follow the cursors to the end."""
    found, cursor = list[int](), None
    while True:
        page = run.page(one, sort, limit, cursor)
        assert len(page.rows) <= limit
        found += [row.search for row in page.rows]
        if page.next is None:
            assert page.total == len(found)
            return found
        cursor = page.next


def ordered(frame: pd.DataFrame, sort: Sort) -> list[int]:
    """Sort as pandas does."""
    up = not sort.descending
    rows = frame.sort_values([sort.by, "search_id"], ascending=[up, up], na_position="last", kind="stable")
    return [int(number) for number in rows["search_id"]]


@pytest.mark.parametrize("by", SORTS)
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [7, 150, 500])
def test_following_cursors_shows_each_mistake_once_in_order(
    by: str, descending: bool, limit: int, run: BrowsedRun, frame: pd.DataFrame
) -> None:
    sort = Sort(by=by, descending=descending)
    assert everything(run, MistakeFilter(), sort, limit) == ordered(frame, sort)


def ranges() -> st.SearchStrategy[dict[str, Range]]:
    ends = st.none() | st.floats(-2, 9)
    names = st.sampled_from(SORTS)
    return st.dictionaries(names, st.builds(lambda a, b: Range(least=a, most=b), ends, ends), max_size=2)


FILTERS = st.builds(
    MistakeFilter,
    target=st.lists(st.sampled_from(["peer-0", "peer-1", "peer-9"]), max_size=2).map(tuple),
    label=st.lists(st.integers(0, CLASSES), max_size=3).map(tuple),
    predicted=st.lists(st.integers(0, CLASSES), max_size=4).map(tuple),
    valid=st.lists(st.sampled_from(Judged), max_size=2).map(tuple),
    strategy=st.lists(st.sampled_from(["hillclimb", "x' OR 1=1 --"]), max_size=1).map(tuple),
    voters=st.lists(st.integers(0, PEERS), max_size=3).map(tuple),
    seed=st.lists(st.integers(0, 40), max_size=3).map(tuple),
    ranges=ranges(),
)


def meant(frame: pd.DataFrame, one: MistakeFilter) -> pd.DataFrame:
    """Filter as pandas does."""
    for field, column in {"target": "target_name"}.items() | {
        (name, name) for name in ("label", "predicted", "strategy", "voters", "seed")
    }:
        if values := getattr(one, field):
            frame = frame[frame[column].isin(values)]
    if one.valid:
        said = {True: Judged.YES, False: Judged.NO}
        left = [said.get(value, Judged.UNJUDGED) in one.valid for value in frame["valid"]]
        frame = frame[np.array(left, bool)]
    for name, each in one.ranges.items():
        values = frame[name].astype(float)
        frame = frame[
            values.notna()
            & (values >= (-np.inf if each.least is None else each.least))
            & (values <= (np.inf if each.most is None else each.most))
        ]
    return frame


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=FILTERS, by=st.sampled_from(SORTS), descending=st.booleans())
def test_filters_leave_what_pandas_leaves(
    one: MistakeFilter, by: str, descending: bool, run: BrowsedRun, frame: pd.DataFrame
) -> None:
    sort = Sort(by=by, descending=descending)
    left = meant(frame, one)
    assert everything(run, one, sort, 60) == ordered(left, sort)
    assert run.count(one) == len(left)
    facets = run.facets(one)
    assert facets.total == len(left)
    for field, column in {"label": "label", "predicted": "predicted", "target": "target_name"}.items():
        counts = meant(frame, one.without(field))[column].value_counts().to_dict()
        assert {value.value: value.count for value in facets.fields[field] if value.count} == counts
    cells = run.weaknesses(one)
    assert sum(cell.count for cell in cells.cells) == cells.total == len(left)
    assert all(sum(bars.counts) == len(left) for bars in cells.bars)


@given(one=FILTERS)
def test_a_filter_is_read_from_what_it_writes(one: MistakeFilter) -> None:
    assert MistakeFilter.of_query([*one.query(), ("sort", "margin"), ("limit", "5")]) == one


@pytest.mark.parametrize("by", ["search", "margin", "realism"])
def test_skipping_is_slicing(
    by: str, run: BrowsedRun, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outvoted.analysis.browsing.browsed.MOST_ROWS", 20)
    sort = Sort(by=by, descending=True)
    every = ordered(frame, sort)
    for skip in (0, 7, 20, 63, 145, 150, 10_000):
        page = run.page(sort=sort, limit=15, skip=skip)
        assert [row.search for row in page.rows] == every[skip : skip + 15]
        assert (page.next is None) == (skip + 15 >= len(every))
        if page.next is not None:
            after = run.page(sort=sort, limit=5, cursor=page.next)
            assert [row.search for row in after.rows] == every[skip + 15 : skip + 20]


@pytest.mark.parametrize("by", ["search", "margin", "realism"])
@pytest.mark.parametrize("descending", [False, True])
def test_neighbours_stand_beside_a_mistake_in_the_order(
    by: str, descending: bool, run: BrowsedRun, frame: pd.DataFrame
) -> None:
    sort, one = Sort(by=by, descending=descending), MistakeFilter(label=(0, 1, 2))
    every = ordered(meant(frame, one), sort)
    for place in (0, 1, len(every) // 2, len(every) - 1):
        found = run.neighbours(MistakeKey("", every[place], 0), one, sort)
        assert found.place == place
        assert found.previous == (MistakeKey("", every[place - 1], 0) if place else None)
        assert found.next == (MistakeKey("", every[place + 1], 0) if place + 1 < len(every) else None)
    other = next(row for row in frame.to_dict("records") if row["label"] == 4)
    assert run.neighbours(MistakeKey("", other["search_id"], 0), one, sort).place is None


def test_rows_that_are_written_while_pages_are_turned_are_shown_at_most_once(written: Write) -> None:
    store = written(range(0, 30), range(60, 90))
    run = browsed(store.units.file("mistakes", "any").parent.parent)
    sort, found, cursor = Sort(by="margin"), list[int](), None
    for new in islice(range(30, 60, 2), 100):
        page = run.page(sort=sort, limit=7, cursor=cursor)
        found += [row.search for row in page.rows]
        if (cursor := page.next) is None:
            break
        written(range(new, new + 2))
        if new % 10 == 0:
            compact(store.units)
    assert len(found) == len(set(found))
    assert {*range(0, 30), *range(60, 90)} <= set(found)


@given(place=st.integers(0, 10_000), letter=st.sampled_from("Ab9-_=~é"))
def test_an_altered_cursor_is_refused(place: int, letter: str, run: BrowsedRun) -> None:
    cursor = run.page(limit=3).next
    assert cursor is not None
    place %= len(cursor) + 1
    for altered in (
        cursor[:place] + letter + cursor[place + 1 :],
        cursor[:place] + letter + cursor[place:],
        cursor[:place],
    ):
        if altered != cursor:
            with pytest.raises(OutvotedError, match="a cursor"):
                run.page(limit=3, cursor=altered)


def test_a_cursor_of_another_question_is_refused(run: BrowsedRun) -> None:
    cursor = run.page(limit=3).next
    for other in (Sort(by="margin"), Sort(descending=True)):
        with pytest.raises(OutvotedError, match="another filter or order"):
            run.page(sort=other, cursor=cursor)
    with pytest.raises(OutvotedError, match="another filter or order"):
        run.page(MistakeFilter(label=(1,)), cursor=cursor)


@pytest.mark.parametrize("name", ["margins", "image", "measures.x; DROP", "", "target_name", "v, (SELECT 1)"])
def test_a_number_that_mistakes_have_not_is_refused(name: str, run: BrowsedRun) -> None:
    with pytest.raises(OutvotedError, match="name of a number"):
        run.page(sort=Sort(by=name))
    with pytest.raises(OutvotedError, match="name of a number"):
        run.count(MistakeFilter(ranges={name: Range(least=0)}))


def test_mistakes_like_one_come_nearest_first(run: BrowsedRun, frame: pd.DataFrame) -> None:
    kinds = ["target", "label", "predicted"]
    alike = max((rows for _, rows in frame.groupby(kinds)), key=len)
    first = int(alike["search_id"].iloc[0])
    found = run.similar(MistakeKey("", first, 0), 50)
    names = [name for name in frame if str(name).startswith("measures.")]
    widths = frame[names].max() - frame[names].min()
    distances = (((alike[names] - alike[names].iloc[0]) / widths) ** 2).sum(axis=1)
    expected = alike.assign(d=distances).sort_values(["d", "search_id"])["search_id"]
    assert [row.search for row in found] == [int(number) for number in expected if number != first]


def test_one_mistake_is_what_was_recorded(run: BrowsedRun, frame: pd.DataFrame) -> None:
    recorded = frame.iloc[42]
    found = run.one(MistakeKey("", 42, 0))
    assert found is not None
    assert found["probabilities"] == [list(row) for row in recorded["probabilities"]]
    assert "image" not in found
    keys = [MistakeKey("", number, 0) for number in (149, 3, 3, 999, 42)]
    stored = [*(recorded_image(frame, number) for number in (149, 3, 3)), None, recorded_image(frame, 42)]
    assert run.images(keys) == stored
    assert [row.search for row in run.rows(keys)] == [149, 3, 3, 42]
    assert run.one(MistakeKey("", 999, 0)) is None


def recorded_image(frame: pd.DataFrame, number: int) -> bytes:
    image: bytes = frame["image"][number]["bytes"]
    return image


def test_a_run_without_mistakes_has_empty_pages(tmp_path: Path) -> None:
    run = browsed(tmp_path / "empty")
    (tmp_path / "empty").mkdir()
    assert run.page().rows == ()
    assert run.count(MistakeFilter(label=(1,))) == run.facets().total == run.weaknesses().total == 0
    assert run.one(MistakeKey("", 1, 0)) is None
