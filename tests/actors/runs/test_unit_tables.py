"""Laws of all tables that are written unit by unit: there whole, once and in order, whatever happened."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Event

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.actors.runs import schema
from outvoted.actors.runs.units import UnitTables
from outvoted.search.errors import OutvotedError
from tests.actors.runs.units import NAMES, USERS, rows, unit
from tests.conftest import full_disk

FIRST, SECOND, BOTH = range(3), range(3, 5), range(5)


@pytest.fixture(scope="module", params=USERS)
def user(request: pytest.FixtureRequest) -> str:
    """Who keeps the tables."""
    return str(request.param)


@pytest.fixture
def tables(user: str, tmp_path: Path) -> UnitTables:
    """Tables of a run that has none yet."""
    return USERS[user](tmp_path / "run")


@pytest.fixture
def name(user: str) -> Callable[[str], str]:
    """Name a unit."""
    return lambda end: NAMES.get(user, "") + end


def assert_holds(tables: UnitTables, numbers: range) -> None:
    """Check that every table has the rows of these numbers and no others, in order."""
    for table, form in tables.forms.items():
        expected = rows(form, numbers)
        found = tables.read_all(table)
        assert found.equals(expected)
        assert found.schema.metadata[b"outvoted.schema"] == schema.VERSION.encode()
        parts = [row for part in tables.parts(table) for row in part.to_pylist()]
        assert sorted(parts, key=lambda row: [row[name] for name in form.key]) == expected.to_pylist()


def last(tables: UnitTables) -> str:
    """Return the table that marks units as done."""
    return list(tables.forms)[-1]


def test_in_the_beginning_no_unit_is_there_and_every_table_has_its_columns(
    tables: UnitTables, name: Callable[[str], str]
) -> None:
    assert not tables.has(name("a"))
    assert tables.done() == []
    assert tables.note(name("a")) == {}
    for table, form in tables.forms.items():
        assert tables.read_all(table).schema.equals(form.arrow)
        with pytest.raises(OutvotedError, match="no such file"):
            tables.read(table, name("a"))


def test_what_is_written_is_read(tables: UnitTables, name: Callable[[str], str]) -> None:
    tables.write(name("a"), unit(tables, BOTH))
    assert tables.has(name("a"))
    assert tables.done() == [name("a")]
    assert_holds(tables, BOTH)
    for table, form in tables.forms.items():
        assert tables.read(table, name("a")).equals(rows(form, BOTH))
        column = form.columns[-1].name
        assert tables.read_all(table, columns=[column]).equals(rows(form, BOTH).select([column]))


def test_writing_a_unit_twice_changes_nothing(tables: UnitTables, name: Callable[[str], str]) -> None:
    for _ in range(2):
        tables.write(name("a"), unit(tables, BOTH))
    assert tables.done() == [name("a")]
    assert_holds(tables, BOTH)


@settings(max_examples=5)
@given(cuts=st.sets(st.integers(1, 19), max_size=4), data=st.data())
def test_units_written_in_any_order_and_overlapping_are_one_table_with_each_key_once(
    cuts: set[int], data: st.DataObject, user: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tables = USERS[user](tmp_path_factory.mktemp("run"))
    edges = [0, *sorted(cuts), 20]
    pieces = [range(start, data.draw(st.integers(end, 20))) for start, end in pairwise(edges)]
    for piece in data.draw(st.permutations(pieces)):
        tables.write(f"{NAMES.get(user, '')}{piece.start}-{piece.stop}", unit(tables, piece))
    assert_holds(tables, range(20))


def test_units_that_are_asked_for_are_read_in_the_order_given(
    tables: UnitTables, name: Callable[[str], str]
) -> None:
    tables.write(name("a"), unit(tables, FIRST))
    tables.write(name("b"), unit(tables, SECOND))
    for table, form in tables.forms.items():
        found = tables.read_all(table, [name("b"), name("never there"), name("a")])
        assert found.equals(pa.concat_tables([rows(form, SECOND), rows(form, FIRST)]))


def test_a_unit_whose_writing_is_cut_off_at_any_table_is_not_there_and_can_be_written_again(
    tables: UnitTables, name: Callable[[str], str]
) -> None:
    tables.write(name("a"), unit(tables, FIRST))
    for table in tables.forms:
        path = tables.file(table, name("b"))
        with pytest.raises(OutvotedError, match="No space left") as caught, full_disk(path):
            tables.write(name("b"), unit(tables, SECOND))
        assert str(path) in caught.value.expected
        assert not tables.has(name("b"))
        assert_holds(tables, FIRST)
    tables.write(name("b"), unit(tables, SECOND))
    assert_holds(tables, BOTH)


def test_the_marker_is_written_last_and_removed_first(
    tables: UnitTables, name: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    replace, unlink = Path.replace, Path.unlink

    def replaced(path: Path, target: Path) -> Path:
        order.append(target.parent.name)
        return replace(path, target)

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".parquet":
            order.append(path.parent.name)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "replace", replaced)
    monkeypatch.setattr(Path, "unlink", unlinked)
    tables.write(name("a"), unit(tables, FIRST))
    assert order == list(tables.forms)
    order.clear()
    tables.remove(name("a"))
    assert order == list(tables.forms)[::-1]


def test_what_is_removed_is_not_there(tables: UnitTables, name: Callable[[str], str]) -> None:
    tables.write(name("a"), unit(tables, FIRST))
    tables.write(name("b"), unit(tables, SECOND))
    for _ in range(2):
        tables.remove(name("b"))
        assert not tables.has(name("b"))
        assert_holds(tables, FIRST)


def test_what_a_killed_writer_left_and_other_files_are_passed_over(
    tables: UnitTables, name: Callable[[str], str]
) -> None:
    tables.write(name("a"), unit(tables, FIRST))
    for table in tables.forms:
        folder = tables.file(table, name("b")).parent
        for other in (
            f".{name('b')}.parquet.partial",
            ".x.parquet",
            "notes.txt",
            f"{name('b')}.parquet~",
        ):
            (folder / other).write_bytes(b"PAR1 and then nothing")
    assert tables.done() == [name("a")]
    assert_holds(tables, FIRST)


def cut_short(path: Path) -> None:
    """Leave the first half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    """Leave nothing of a file."""
    path.write_bytes(b"")


def altered(path: Path) -> None:
    """Change one byte of the data."""
    content = bytearray(path.read_bytes())
    content[30] ^= 1
    path.write_bytes(content)


def another_table(path: Path) -> None:
    """Replace a file by a table of other columns."""
    pq.write_table(pa.table({"x": [1]}), path)


def of_other_types(path: Path) -> None:
    """Replace all values by text."""
    found = pq.read_table(path)
    pq.write_table(pa.table({name: ["x"] * len(found) for name in found.column_names}), path)


def without_values(path: Path) -> None:
    """Empty all columns."""
    form = pq.read_schema(path)
    pq.write_table(pa.table([pa.nulls(1, field.type) for field in form], form), path)


def elsewhere(path: Path) -> None:
    """Replace a file by a link that leads nowhere."""
    path.unlink()
    path.symlink_to(path.with_name("absent"))


@pytest.mark.parametrize(
    "damage", [cut_short, emptied, altered, another_table, of_other_types, without_values, elsewhere]
)
def test_a_damaged_or_foreign_file_is_told_by_name_with_what_to_do(
    damage: Callable[[Path], None], tables: UnitTables, name: Callable[[str], str]
) -> None:
    tables.write(name("a"), unit(tables, FIRST))
    tables.write(name("b"), unit(tables, SECOND))
    for table in tables.forms:
        path = tables.file(table, name("b"))
        whole = path.read_bytes()
        damage(path)
        with pytest.raises(OutvotedError) as caught:
            tables.read_all(table)
        assert str(path) in caught.value.expected
        assert "--resume" in caught.value.remedy
        path.unlink(missing_ok=True)
        path.write_bytes(whole)
    tables.remove(name("b"))  # as the remedy says
    assert tables.done() == [name("a")]
    assert_holds(tables, FIRST)


def test_a_file_that_is_missing_of_a_unit_that_is_there_is_told(
    tables: UnitTables, name: Callable[[str], str]
) -> None:
    tables.write(name("a"), unit(tables, FIRST))
    for table in list(tables.forms)[:-1]:
        tables.file(table, name("a")).unlink()
        with pytest.raises(OutvotedError, match="no such file"):
            tables.read_all(table)


def test_a_note_is_kept_beside_the_rows(tables: UnitTables, name: Callable[[str], str]) -> None:
    tables.write(name("a"), unit(tables, BOTH), {"origin": "of these networks"})
    assert tables.note(name("a"))["origin"] == "of these networks"
    assert_holds(tables, BOTH)
    tables.file(last(tables), name("a")).write_bytes(b"PAR1 but not really")
    assert tables.note(name("a")) == {}


def test_a_read_only_place_is_one_message(user: str) -> None:
    tables = USERS[user](Path("/proc/outvoted"))
    with pytest.raises(OutvotedError, match="to write /proc/outvoted"):
        tables.write("a", unit(tables, FIRST))


@pytest.mark.parametrize("user", ["mine", "sweep"], indirect=True)
def test_a_reader_never_sees_a_part_of_a_unit(tables: UnitTables, name: Callable[[str], str]) -> None:
    pieces = [range(start, start + 3) for start in range(0, 18, 3)]
    stop, (before, marker) = Event(), tables.forms

    def read() -> set[tuple[int, bool]]:
        seen: set[tuple[int, bool]] = set()
        while not stop.is_set() or not seen:
            first, marked = tables.read_all(before).num_rows, tables.read_all(marker).num_rows
            seen.add((marked % 3, first <= marked))
        return seen

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        try:
            for piece in pieces * 3:
                tables.write(name(str(piece.start)), unit(tables, piece))
        finally:
            stop.set()
        assert reader.result(20) == {(0, True)}
    assert_holds(tables, range(18))
