"""What is browsed is what UnitTables reads: whole units, each mistake once, whatever others do meanwhile."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs import schema
from outvoted.actors.runs.compaction import compact
from outvoted.actors.runs.units import UnitTables
from outvoted.analysis.browsing.browsed import MOST_ROWS, BrowsedRun
from outvoted.analysis.browsing.filters import MistakeFilter
from outvoted.analysis.browsing.ordering import MistakeKey, Sort
from outvoted.analysis.browsing.sources import MistakeTable
from outvoted.search.errors import OutvotedError
from tests.analysis.browsing.conftest import Write, browsed, rows_of, shard_of

MARGIN = Sort(by="margin")


def folder(store: Shards) -> Path:
    return store.units.file("mistakes", "any").parent.parent


def seen(run: BrowsedRun) -> list[tuple[int, float | None]]:
    """Return searches and margins of all pages."""
    found, cursor = list[tuple[int, float | None]](), None
    while True:
        page = run.page(limit=MOST_ROWS, cursor=cursor)
        found += [(row.search, row.margin) for row in page.rows]
        if page.next is None:
            return found
        cursor = page.next


def read(store: Shards) -> list[tuple[int, float]]:
    rows = store.frame("mistakes", ["search_id", "margin"])
    return list(zip(rows["search_id"].tolist(), rows["margin"].tolist(), strict=True))


def test_a_unit_without_its_marker_is_not_there(written: Write) -> None:
    store = written(range(0, 10), range(10, 20))
    store.units.file("searches", store.units.done()[0]).unlink()
    assert seen(browsed(folder(store))) == read(store) != []


def test_a_mistake_that_several_units_hold_is_there_once(written: Write) -> None:
    store = written(range(0, 10))
    written(range(5, 15), seed=1)
    written(range(12, 14), seed=2)
    run = browsed(folder(store))
    assert seen(run) == read(store)
    assert run.count() == run.facets().total == run.count(MistakeFilter(label=(0, 1, 2, 3, 4))) == 15


@pytest.mark.parametrize("left", [0, 1, 3])
def test_units_that_are_in_a_pack_too_are_there_once(written: Write, left: int) -> None:
    store = written(range(0, 10), range(10, 20), range(20, 30), range(30, 40))
    units = store.units.done()
    store.units.pack(set(units))
    for unit in units[left:]:
        store.units.places.drop(unit)
    assert seen(browsed(folder(store))) == read(store)
    run = browsed(folder(store))
    assert run.page(sort=MARGIN).total == 40


def test_what_is_written_and_joined_meanwhile_is_what_is_read_then(written: Write) -> None:
    store = written(range(0, 10))
    failed = list[BaseException]()

    def work() -> None:
        try:
            for first in range(10, 400, 10):
                written(range(first, first + 10))
                if first % 50 == 0:
                    compact(Shards(folder(store)).units)
        except BaseException as error:
            failed.append(error)

    writer = Thread(target=work)
    run = browsed(folder(store))
    writer.start()
    while writer.is_alive():
        ids = [number for number, _ in seen(run)]
        assert ids == list(range(len(ids)))
        assert run.count(MistakeFilter(label=(0, 1, 2, 3, 4))) >= len(ids)
        assert run.page(sort=MARGIN, limit=5).total >= len(ids)
        assert run.images([MistakeKey("", 3, 0)]) != [None]
    writer.join()
    assert not failed
    assert seen(run) == read(store)
    assert len(seen(run)) == 400


def test_parts_are_told_apart(tmp_path: Path) -> None:
    stores = {name: Shards(tmp_path / "run" / name) for name in ("a", "b")}
    for number, store in enumerate(stores.values()):
        store.write(shard_of(range(10), seed=number))
    run = BrowsedRun(
        tmp_path / "run", lambda: [MistakeTable(one.units, part=name) for name, one in stores.items()]
    )
    page = run.page(limit=100)
    assert [(row.part, row.search) for row in page.rows] == [(part, k) for k in range(10) for part in "ab"]
    assert page.rows[3].id == "b~1/0"
    assert run.count(MistakeFilter(part=("b",))) == 10
    first, second = (run.one(MistakeKey(part, 4, 0)) for part in "ab")
    assert first != second
    assert run.one(MistakeKey("c", 4, 0)) is None


def test_rounds_of_healing_are_parts(tmp_path: Path) -> None:
    units = UnitTables(tmp_path, schema.MISTAKES.grouped(*schema.OF_STEP), schema.ROUNDS)
    for number in (0, 1):
        rows = shard_of(range(5), seed=number).mistakes
        for column, value in zip(schema.OF_STEP, (7, "mistakes", number), strict=True):
            rows = rows.append_column(pa.field(column.name, column.type), pa.array([value] * 5, column.type))
        units.write(f"7-mistakes-{number}", {"mistakes": rows, "rounds": schema.ROUNDS.of_rows([])})
    run = BrowsedRun(tmp_path, lambda: [MistakeTable(units)])
    assert [row.id for row in run.page(limit=2).rows] == ["7~mistakes~0~0/0", "7~mistakes~1~0/0"]
    assert run.count(MistakeFilter(part=("7~mistakes~1",))) == 5
    assert run.images([MistakeKey("7~mistakes~1", 3, 0)]) != [None]


def test_dissents_of_a_scan_are_mistakes_without_a_search(tmp_path: Path) -> None:
    rows = [
        {name: row.get(name) for name in schema.DISSENTS.arrow.names}
        | {"position": row["search_id"], "true_label": 2, "label_correct": row["label"] == 2}
        for row in rows_of(range(20))
    ]
    units = UnitTables(tmp_path, schema.DISSENTS, schema.SCANNED)
    units.write("chunk-0", {"dissents": schema.DISSENTS.of_rows(rows), "scanned": schema.SCANNED.of_rows([])})
    run = BrowsedRun(tmp_path, lambda: [MistakeTable(units, "dissents")], classes=("a", "b", "c", "d", "e"))
    page = run.page(sort=Sort(by="margin", descending=True), limit=5)
    assert [row.number for row in page.rows] == [0] * 5
    assert page.rows[0].true_label == 2
    assert page.rows[0].label_name in "abcde"
    assert page.total == 20
    assert run.page(sort=Sort(by="realism"), limit=50).rows[0].realism is None
    assert run.images([MistakeKey("", 3, 0)], "seed_image") == [None]
    assert run.weaknesses().bars == ()
    assert run.facets().fields["strategy"] == ()
    some = run.similar(page.rows[0].key)
    assert all((row.target, row.label) == (page.rows[0].target, page.rows[0].label) for row in some)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _flip(path: Path) -> None:
    """Change a byte of every page: of what stands before the footer, which begins at its last kilobytes."""
    data = bytearray(path.read_bytes())
    footer = int.from_bytes(data[-8:-4], "little")
    for place in range(64, len(data) - footer - 8, 97):
        data[place] ^= 0xFF
    path.write_bytes(data)


def _other_columns(path: Path) -> None:
    pq.write_table(pq.read_table(path).drop_columns(["margin"]), path)


def _other_types(path: Path) -> None:
    rows = pq.read_table(path)
    place = rows.column_names.index("margin")
    pq.write_table(rows.set_column(place, "margin", rows["margin"].cast(pa.string())), path)


def _without_values(path: Path) -> None:
    rows = pq.read_table(path)
    place = rows.column_names.index("margin")
    pq.write_table(rows.set_column(place, "margin", pa.nulls(len(rows), pa.float32())), path)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _rubbish(path: Path) -> None:
    path.write_bytes(b"PAR1" + os.urandom(5000) + b"PAR1")


@pytest.mark.parametrize(
    "damage", [_cut, _flip, _other_columns, _other_types, _without_values, _empty, _rubbish]
)
def test_a_damaged_file_is_the_message_that_reading_it_elsewhere_is(
    damage: Callable[[Path], None], written: Write
) -> None:
    store = written(range(0, 50), range(50, 100))
    path = store.units.file("mistakes", store.units.done()[1])
    run = browsed(folder(store))
    assert run.count() == 100
    damage(path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(OutvotedError) as elsewhere:
        store.units.read_all("mistakes")
    with pytest.raises(OutvotedError) as here:
        run.page(sort=MARGIN)
    assert here.value.expected == elsewhere.value.expected
    if damage is not _flip:  # pages are read in another order
        assert here.value.found == elsewhere.value.found
    with pytest.raises(OutvotedError):
        run.count(MistakeFilter(ranges={"margin": {"least": 0.1}}))


def test_names_within_files_stay_out_of_the_query(tmp_path: Path) -> None:
    """Fields of the measures may be called anything."""
    evil = "x')) FROM range(1); DROP TABLE x; -- \" ' ?"
    rows = [row | {"measures": {evil: float(row["search_id"])}} for row in rows_of(range(20))]
    form = schema.mistakes(("a",), (evil,))
    store = Shards(tmp_path / 'it\'s; "a" run?')
    shard = shard_of(range(20))
    store.units.write(shard.name, {"mistakes": form.of_rows(rows), "searches": shard.searches})
    run = browsed(tmp_path / 'it\'s; "a" run?')
    page = run.page(sort=Sort(by=f"measures.{evil}", descending=True), limit=3)
    assert [row.search for row in page.rows] == [19, 18, 17]
    assert run.weaknesses().bars[0].measure == evil
    assert len(run.similar(page.rows[0].key)) < 20


def test_links_are_not_followed(written: Write, tmp_path: Path) -> None:
    store = written(range(0, 10), range(10, 20))
    path = store.units.file("mistakes", store.units.done()[1])
    shutil.move(path, tmp_path / "elsewhere.parquet")
    path.symlink_to(tmp_path / "elsewhere.parquet")
    with pytest.raises(OutvotedError, match="no links"):
        browsed(folder(store)).page()
