"""At whatever moment a mirror ends, a reader of the store sees no half of a unit, and nothing is lost."""

import time
from contextlib import suppress
from pathlib import Path

import pytest

from outvoted.actors.runs.files import write_atomically
from outvoted.actors.runs.run_folder import State
from outvoted.cluster.storage import mirror as mirroring
from outvoted.cluster.storage.fetching import fetch
from outvoted.cluster.storage.index import Index
from outvoted.cluster.storage.mirror import Mirror
from outvoted.cluster.storage.store import Store
from outvoted.search.errors import OutvotedError
from tests.cluster.storage.conftest import BEFORE, Objects, content, wait, write_record

NAMES = (
    "peers/a.safetensors",
    "peers/peers.parquet",
    "mistakes/shard-1.parquet",
    "searches/shard-1.parquet",
    "mistakes/shard-2.parquet",
    "searches/shard-2.parquet",
    "tb/events",
    "run.json",
)
"""In the order in which they are written."""


def _mirror(store: Store, run: Path) -> Mirror:
    return Mirror(store, Index(run), lambda: True)


def _write(run: Path, *names: str, text: str = "") -> None:
    for name in names:
        write_atomically(run / name, lambda partial, name=name: partial.write_text(text or name))  # type: ignore[misc]


@pytest.mark.parametrize("left", range(len(NAMES) + 1))
def test_a_store_that_refuses_midway_holds_no_half_of_a_unit_and_gets_the_rest_later(
    left: int, tmp_path: Path
) -> None:
    run, store = tmp_path / "run", Objects(left)
    _write(run, *NAMES)
    if left < len(NAMES):
        with pytest.raises(OutvotedError, match="kept on this machine"):
            _mirror(store, run).flush(0)
    store.left = 1 << 30
    _mirror(store, run).flush(0)
    assert store.held == content(run)


@pytest.mark.parametrize("left", range(1, len(NAMES) + 2))
def test_whoever_finds_anything_of_a_run_that_goes_on_finds_its_record(
    left: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirroring, "_SETTLED_NS", 0)
    run, store = tmp_path / "run", Objects(left)
    _write(run, *NAMES)
    wait(lambda: time.time_ns() > max(path.stat().st_mtime_ns for path in run.rglob("*")))
    with suppress(OutvotedError):
        _mirror(store, run)._put_all(whole=False)
    assert "run.json" in store.held
    assert left <= len(NAMES) or store.held == content(run)


def test_what_did_not_change_is_not_put_again(tmp_path: Path) -> None:
    run, store = tmp_path / "run", Objects()
    _write(run, *NAMES)
    _mirror(store, run).flush(0)
    _write(run, "run.json", text="other")
    _mirror(store, run).flush(0)
    assert {name for name, times in store.times.items() if times > 1} == {"run.json"}
    assert store.held == content(run)


def test_a_pack_is_there_before_what_it_replaces_is_gone(tmp_path: Path) -> None:
    run, store = tmp_path / "run", Objects()
    _write(run, *NAMES)
    _mirror(store, run).flush(0)
    _write(run, "mistakes/pack.parquet", "searches/pack.parquet")
    (run / "mistakes/shard-1.parquet").unlink()
    store.left = 1
    with pytest.raises(OutvotedError):
        _mirror(store, run).flush(0)
    assert "mistakes/shard-1.parquet" in store.held
    store.left = 100
    _mirror(store, run).flush(0)
    assert store.held == content(run)


@pytest.mark.parametrize("left", range(5))
def test_of_a_unit_that_is_removed_what_marks_it_goes_first(left: int, tmp_path: Path) -> None:
    run, store = tmp_path / "run", Objects()
    _write(run, *NAMES)
    _mirror(store, run).flush(0)
    for path in [*run.glob("searches/*"), *run.glob("mistakes/*")]:
        path.unlink()
    store.left = left
    if left < 4:
        with pytest.raises(OutvotedError):
            _mirror(store, run).flush(0)
    else:
        _mirror(store, run).flush(0)
    assert all(before in store.held for after, before in BEFORE.items() if after in store.held)


def test_nothing_is_put_for_who_has_lost_the_run(tmp_path: Path) -> None:
    run, store = tmp_path / "run", Objects()
    _write(run, *NAMES)
    Mirror(store, Index(run), lambda: False).flush(0)
    assert store.held == {}


def test_it_goes_on_by_itself_through_a_hiccup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirroring, "_LOOK_SECONDS", 0.05)
    run, store = tmp_path / "run", Objects(3)
    _write(run, *NAMES)
    found = _mirror(store, run)
    found.start()
    wait(lambda: store.left == 0)
    store.left = 100
    wait(lambda: store.held == content(run))
    found.stop()


def test_a_store_that_refuses_for_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirroring, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(mirroring, "PATIENCE_SECONDS", 0.1)
    run, told = tmp_path / "run", list[OutvotedError]()
    _write(run, *NAMES)
    found = Mirror(Objects(0), Index(run), lambda: True, told.append)
    found.start()
    wait(lambda: bool(told))
    found.stop()
    assert "continue with --resume here" in told[0].remedy


def test_another_machine_fetches_all_and_then_nothing(tmp_path: Path) -> None:
    first, second, store = tmp_path / "first" / "run", tmp_path / "second" / "run", Objects()
    _write(first, *NAMES)
    _mirror(store, first).flush(0)
    fetch(store, Index(second))
    assert content(second) == content(first)
    times = {path: path.stat().st_mtime_ns for path in second.rglob("*")}
    fetch(store, Index(second))
    assert times == {path: path.stat().st_mtime_ns for path in second.rglob("*")}


def test_losing_what_is_known_loses_nothing(tmp_path: Path) -> None:
    run, store = tmp_path / "run", Objects()
    _write(run, *NAMES)
    _mirror(store, run).flush(0)
    (tmp_path / ".known" / "run.json").write_text("[")
    before = content(run)
    fetch(store, Index(run))
    assert content(run) == before
    _mirror(store, run).flush(0)
    assert store.held == before


def test_what_was_written_here_and_is_not_there_yet_stays(tmp_path: Path) -> None:
    run, store = tmp_path / "run", Objects()
    write_record(run)
    _mirror(store, run).flush(0)
    _write(run, "mistakes/shard-1.parquet", "searches/shard-1.parquet")
    write_record(run, State.INTERRUPTED)
    before = content(run)
    fetch(store, Index(run))
    assert content(run) == before


def test_what_another_machine_has_done_since_counts_alone(tmp_path: Path) -> None:
    first, second, store = tmp_path / "first" / "run", tmp_path / "second" / "run", Objects()
    write_record(first)
    _mirror(store, first).flush(0)
    _write(first, "mistakes/shard-9.parquet", "searches/shard-9.parquet")  # never put: it was cut off
    fetch(store, Index(second))
    write_record(second, State.FINISHED, epoch=2)
    _write(second, "mistakes/shard-1.parquet", "searches/shard-1.parquet")
    _mirror(store, second).flush(0)
    fetch(store, Index(first))
    assert content(first) == content(second)


def test_what_was_removed_there_is_removed_here(tmp_path: Path) -> None:
    first, second, store = tmp_path / "first" / "run", tmp_path / "second" / "run", Objects()
    _write(first, *NAMES)
    _mirror(store, first).flush(0)
    fetch(store, Index(second))
    (first / "searches/shard-1.parquet").unlink()
    (first / "mistakes/shard-1.parquet").unlink()
    _mirror(store, first).flush(0)
    fetch(store, Index(second))
    assert content(second) == content(first)
