"""Laws of joining files: what a run holds is the same before, meanwhile and after, wherever it was killed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.actors.runs import compaction, packs, tables
from outvoted.actors.runs.compaction import Compactor, compact, tidy
from outvoted.actors.runs.units import UnitTables
from outvoted.search.errors import OutvotedError
from tests.actors.runs.test_unit_tables import assert_holds, cut_short, emptied
from tests.actors.runs.units import NAMES, USERS, rows, unit
from tests.conftest import full_disk

EACH = 3


class _KilledError(BaseException):
    """The process ends here."""


@pytest.fixture(scope="module", params=USERS)
def user(request: pytest.FixtureRequest) -> str:
    """Who keeps the tables."""
    return str(request.param)


def named(user: str, number: int) -> str:
    """Name a unit."""
    return f"{NAMES.get(user, '')}{number:03d}"


def write(found: UnitTables, user: str, numbers: range) -> None:
    """Write units of EACH rows that follow one another."""
    for number in numbers:
        found.write(named(user, number), unit(found, range(EACH * number, EACH * (number + 1))))


@pytest.fixture
def many(user: str, tmp_path: Path) -> UnitTables:
    """Tables with ten units."""
    found = USERS[user](tmp_path / "run")
    write(found, user, range(10))
    return found


def fresh(user: str, many: UnitTables) -> UnitTables:
    """Open the same tables anew: nothing is remembered."""
    return USERS[user](many.file("x", "y").parent.parent)


def files(many: UnitTables) -> dict[str, list[str]]:
    """Return the names of all files of each table."""
    return {
        table: sorted(path.stem for path in many.file(table, "").parent.glob("*.parquet"))
        for table in many.forms
    }


def test_joined_files_are_one_in_each_table_and_hold_the_same(user: str, many: UnitTables) -> None:
    assert compact(many) == 0
    assert {len(names) for names in files(many).values()} == {1}
    for found in (many, fresh(user, many)):
        assert found.done() == [named(user, number) for number in range(10)]
        assert all(found.has(name) for name in found.done())
        assert_holds(found, range(30))
        for table, form in found.forms.items():
            assert found.read(table, named(user, 4)).equals(rows(form, range(12, 15)))
            some = [named(user, 7), named(user, 2)]
            expected = pa.concat_tables([rows(form, range(21, 24)), rows(form, range(6, 9))])
            assert found.read_all(table, some).equals(expected)


def test_a_plain_reader_of_the_folder_sees_each_row_once(many: UnitTables) -> None:
    compact(many)
    for table, form in many.forms.items():
        found = ds.dataset(many.file(table, "").parent, format="parquet").to_table()
        assert found.sort_by([(name, "ascending") for name in form.key]).equals(rows(form, range(30)))
        assert found.schema.metadata == form.arrow.metadata


@settings(max_examples=4)
@given(data=st.data())
def test_writing_and_joining_in_any_order_is_one_table(
    data: st.DataObject, user: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = USERS[user](tmp_path_factory.mktemp("run"))
    steps = data.draw(st.permutations([*range(6), "join", "join", "join"]))
    for step in steps:
        if isinstance(step, int):
            write(found, user, range(step, step + 1))
        else:
            compact(found)
    assert_holds(found, range(18))
    assert found.done() == [named(user, number) for number in range(6)]


def kills(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """End the process after so many files were renamed or removed; the next such call does not happen."""
    left = after
    replace, unlink = Path.replace, Path.unlink

    def counted() -> None:
        nonlocal left
        if not left:
            raise _KilledError
        left -= 1

    def replaced(path: Path, target: Path) -> Path:
        counted()
        return replace(path, target)

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".parquet":
            counted()
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "replace", replaced)
    monkeypatch.setattr(Path, "unlink", unlinked)


@pytest.mark.parametrize("user", ["mine", "images of a study"], indirect=True)
@pytest.mark.parametrize("change", ["join", "join again", "remove"])
def test_a_process_killed_at_any_write_loses_nothing_and_doubles_nothing(
    change: str, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for after in range(100):
        many = USERS[user](tmp_path / f"run-{after}")
        write(many, user, range(3))
        if change != "join":
            compact(many)
            write(many, user, range(3, 6 if change == "join again" else 3))
        whole = range(EACH * (6 if change == "join again" else 3))
        with monkeypatch.context() as patch:
            kills(patch, after)
            try:
                many.remove(named(user, 1)) if change == "remove" else compact(many)
                killed = False
            except _KilledError:
                killed = True
        left = fresh(user, many)
        if change == "remove" and not left.has(named(user, 1)):
            write(left, user, range(1, 2))  # as a resumed run does
        assert_holds(left, whole)
        compact(left)
        tidy(left)
        assert_holds(left, whole)
        for table in left.forms:
            assert ds.dataset(left.file(table, "").parent, format="parquet").count_rows() == len(whole)
        if not killed:
            break
    assert not killed
    assert after >= 3


def test_a_reader_meets_a_joining_process_and_sees_each_row_once(
    user: str, many: UnitTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two parts that are read, files are joined and others written."""
    step = iter(range(100, 103))
    opened = tables.batches

    def interrupted(path: Path, *arguments: object) -> Iterator[pa.Table]:
        number = next(step, None)
        if number is not None:
            compact(fresh(user, many))
        yield from opened(path, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(tables, "batches", interrupted)
        for table, form in many.forms.items():
            assert many.read_all(table).equals(rows(form, range(30)))


def test_readers_and_a_joining_thread_get_along(user: str, tmp_path: Path) -> None:
    found = USERS[user](tmp_path / "run")

    def work() -> None:
        for number in range(18):
            write(found, user, range(number, number + 1))
            if number % 4 == 3:
                compact(found)

    worker = Thread(target=work)
    worker.start()
    last = list(found.forms)[-1]
    seen = [0]
    while worker.is_alive():
        for one in (found, fresh(user, found)):
            count = one.read_all(last).num_rows
            assert count % EACH == 0
            assert count >= seen[-1]
            seen.append(count)
    worker.join()
    assert_holds(found, range(54))


def test_what_is_written_again_counts_and_not_what_was_joined(user: str, many: UnitTables) -> None:
    compact(many)
    other = {name: rows(form, range(90, 93)) for name, form in many.forms.items()}
    many.write(named(user, 0), other)
    for _ in range(2):
        for table, form in many.forms.items():
            assert fresh(user, many).read_all(table).equals(rows(form, [*range(3, 30), *range(90, 93)]))
        compact(many)


def test_units_are_removed_from_among_others(user: str, many: UnitTables) -> None:
    compact(many)
    write(many, user, range(10, 12))
    many.remove(named(user, 0), named(user, 5), named(user, 11))
    kept = [*range(3, 15), *range(18, 33)]
    for table, form in many.forms.items():
        assert fresh(user, many).read_all(table).equals(rows(form, kept))
    many.remove(*many.done())
    assert many.done() == []
    assert not any(files(many).values())


def test_rows_are_found_by_their_keys_in_the_order_asked_for(user: str, many: UnitTables) -> None:
    for _ in range(2):
        for table, form in many.forms.items():
            keys = rows(form, [17, 3, 29]).select(form.key)
            assert many.find(table, keys).equals(rows(form, [17, 3, 29]))
            with pytest.raises(OutvotedError, match="a moment ago"):
                many.find(table, rows(form, [3, 77]).select(form.key))
        compact(many)


def test_a_note_survives(user: str, tmp_path: Path) -> None:
    many = USERS[user](tmp_path / "run")
    for number in range(3):
        many.write(named(user, number), unit(many, range(number, number + 1)), {"origin": f"of {number}"})
    for _ in range(2):
        compact(many)
        assert [many.note(name)["origin"] for name in many.done()] == [f"of {n}" for n in range(3)]
        write(many, user, range(3, 40))
        many.remove(*(named(user, number) for number in range(3, 40)))


@pytest.mark.parametrize("damage", [cut_short, emptied])
def test_a_damaged_pack_is_told_by_name_and_not_joined(
    damage: Callable[[Path], None], user: str, many: UnitTables
) -> None:
    compact(many)
    (pack,) = many.places.packs(many.places.marker)
    for table in many.forms:
        path = many.file(table, pack)
        whole = path.read_bytes()
        damage(path)
        found = fresh(user, many)
        with pytest.raises(OutvotedError) as caught:
            found.read_all(table)
        assert str(path) in caught.value.expected
        assert "--resume" in caught.value.remedy
        write(found, user, range(10, 22))
        before = files(found)
        with pytest.raises(OutvotedError):
            compact(found)
        assert files(found).items() >= before.items()
        path.write_bytes(whole)
        found.remove(*(named(user, number) for number in range(10, 22)))
    assert_holds(fresh(user, many), range(30))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"units": {"000": 29}}',
        '{"units": {"000": -1, "001": 31}}',
        '{"units": {"000": "30"}}',
        '{"units": {"../x": 30}}',
        '{"units": {"000": 30}, "more": 1}',
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(text: str, many: UnitTables, user: str) -> None:
    compact(many)
    (pack,) = many.places.packs(many.places.marker)
    path = many.file(many.places.marker, pack)
    found = pq.read_table(path)
    metadata = {**(found.schema.metadata or {}), b"outvoted.units": text.encode()}
    pq.write_table(found.replace_schema_metadata(metadata), path)
    with pytest.raises(OutvotedError, match="readable Parquet file"):
        fresh(user, many).done()


def test_a_full_disk_leaves_everything_as_it_is(user: str, many: UnitTables) -> None:
    name = packs.pack_name(many.done())
    before = files(many)
    for table in many.forms:
        path = many.file(table, name)
        with pytest.raises(OutvotedError, match="No space left"), full_disk(path):
            compact(many)
        assert_holds(fresh(user, many), range(30))
    tidy(many)
    assert files(many) == before
    assert_holds(many, range(30))


def test_few_files_are_left_alone_and_many_are_joined_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "LEAST", 8)
    monkeypatch.setattr(compaction, "FEW", 3)
    found = USERS["mine"](tmp_path / "run")
    compactor = Compactor(found)
    for number in range(30):
        write(found, "mine", range(number, number + 1))
        compactor.wrote()
    compactor.finish()
    assert_holds(found, range(90))
    assert all(len(names) < 12 for names in files(found).values())
    compact(found)
    write(found, "mine", range(30, 32))
    before = files(found)
    Compactor(found).finish()
    assert files(found) == before


def test_every_row_is_written_again_seldom_and_few_packs_remain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, written = USERS["images of a study"](tmp_path / "run"), 0
    joined = UnitTables.pack

    def counted(self: UnitTables, units: set[str]) -> str:
        nonlocal written
        written += len(units)
        return joined(self, units)

    monkeypatch.setattr(UnitTables, "pack", counted)
    for number in range(32):
        write(found, "images of a study", range(4 * number, 4 * number + 4))
        compact(found)
    assert written / 128 < 1 + 5
    assert all(len(names) <= 8 for names in files(found).values())


def test_groups_of_rows_are_small_enough_to_read_one_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "GROUP_BYTES", 600)
    found = USERS["images of a study"](tmp_path / "run")
    write(found, "images of a study", range(30))
    compact(found)
    (pack,) = found.places.packs("images")
    metadata = pq.read_metadata(found.file("images", pack))
    assert metadata.num_row_groups > 3
    assert_holds(found, range(90))


@pytest.mark.parametrize("each", [0, 1])
def test_units_of_few_rows_or_none_wait_in_few_tables_to_be_joined(
    each: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some, path, waiting = (
        rows(USERS["mine"](tmp_path).forms["mistakes"], range(each)),
        tmp_path / "p",
        list[int](),
    )
    write_group = packs._write_group

    def counted(writer: pq.ParquetWriter, parts: list[pa.Table]) -> None:
        waiting.append(len(parts))
        write_group(writer, parts)

    monkeypatch.setattr(packs, "_write_group", counted)
    packs.write_pack(path, (packs.PackedRows(f"{number:04d}", some) for number in range(1000)), {})
    assert max(waiting) <= 64
    assert set(packs.manifest(path).units.values()) == {each}
    assert pq.read_table(path).num_rows == 1000 * each
