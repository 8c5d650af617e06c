"""A run has one owner: the living keep it, the dead lose it, and who lost it writes nothing more."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from outvoted.actors.runs.fence import FILE, guard_of
from outvoted.actors.runs.files import write_atomically
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.cluster.jobs.runs import recorded
from outvoted.cluster.storage import alive, at_hand, claims
from outvoted.cluster.storage import mirror as mirroring
from outvoted.cluster.storage.alive import at_work, check_alone
from outvoted.cluster.storage.claims import StoreClaim, living
from outvoted.search.errors import OutvotedError
from tests.cluster.storage.conftest import Objects, content


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have everything that takes a while take less."""
    monkeypatch.setattr(alive, "DEAD_SECONDS", 0.3)
    monkeypatch.setattr(alive, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(claims, "_SETTLE_SECONDS", 0.02)
    monkeypatch.setattr(mirroring, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(alive, "_watched", set())


def _write(path: Path) -> None:
    write_atomically(path, lambda partial: partial.write_text("x"))


def _elsewhere(run: Path, host: str = "elsewhere") -> Path:
    """Have a process on another machine be at work, with a sign of life of just now."""
    run.mkdir(parents=True, exist_ok=True)
    sign = {"host": host, "pid": 3, "since": "now", "owner": "another"}
    (run / FILE).write_text(json.dumps(sign), encoding="utf-8")
    return run / FILE


def test_a_process_elsewhere_that_died_a_moment_ago_is_replaced(tmp_path: Path) -> None:
    _elsewhere(tmp_path)
    assert "process 3 on elsewhere" in str(at_hand.may_live(tmp_path))
    began = time.monotonic()
    check_alone(tmp_path)
    with at_work(tmp_path):
        _write(tmp_path / "run.json")
    assert time.monotonic() - began < 2 * alive.DEAD_SECONDS  # it is watched but once


def test_a_process_elsewhere_that_lives_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, looked = _elsewhere(tmp_path), alive.stays

    def beating(look: Callable[[], object], first: object) -> bool:
        os.utime(file, (1, 1))
        return looked(look, first)

    monkeypatch.setattr(alive, "stays", beating)
    with pytest.raises(OutvotedError, match="process 3 on elsewhere"):
        check_alone(tmp_path)


def test_who_was_replaced_writes_nothing_more(tmp_path: Path) -> None:
    with at_work(tmp_path) as owner:
        _write(tmp_path / "before")
        _elsewhere(tmp_path)
        with pytest.raises(OutvotedError, match="process 3 on elsewhere, since now, which took the run over"):
            _write(tmp_path / "searches" / "after")
        _write(tmp_path.parent / "beside")
        owner.live()
        assert owner.lost is not None
    assert not (tmp_path / "searches").exists()
    assert json.loads((tmp_path / FILE).read_text())["owner"] == "another"


def test_who_was_replaced_by_one_that_has_ended_writes_nothing_more(tmp_path: Path) -> None:
    with at_work(tmp_path):
        (tmp_path / FILE).unlink()
        with pytest.raises(OutvotedError, match="no sign of this process"):
            _write(tmp_path / "after")


def test_only_the_owners_processes_ask(tmp_path: Path) -> None:
    with at_work(tmp_path) as owner:
        found = guard_of(tmp_path / "part")
        assert found is not None
        assert found.owner == owner.sign["owner"]
    assert guard_of(tmp_path) is None


def _record() -> RunRecord:
    return RunRecord(name="run", state=State.RUNNING, config={}, versions={})


def test_the_last_word_on_a_run_is_its_owners(tmp_path: Path) -> None:
    store = RunFolder(tmp_path / "run")

    def work() -> None:
        with recorded(store, _record()):
            _elsewhere(store.path)
            store.write_record(_record())

    with pytest.raises(OutvotedError, match="took the run over"):
        work()
    assert store.read_record().state == State.RUNNING
    assert store.read_record().epoch == 1


def test_every_time_a_run_is_taken_up_is_counted(tmp_path: Path) -> None:
    store, record = RunFolder(tmp_path / "run"), _record()
    for _ in range(3):
        with recorded(store, record):
            pass
        record = store.read_record()
    assert (record.epoch, record.state) == (3, State.FINISHED)


@contextmanager
def _claimed(objects: Objects, run: Path, host: str) -> Iterator[StoreClaim]:
    with patch.object(socket, "gethostname", lambda: host), at_work(run) as owner:
        claim = StoreClaim(objects, run, owner)
        claim.take()
        yield claim
        claim.leave()


def test_in_a_store_the_living_keep_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects, looked = Objects(), alive.stays
    objects.now = True
    with _claimed(objects, tmp_path / "a", "first") as first:

        def beating(look: Callable[[], object], found: object) -> bool:
            assert first.renew()
            return looked(look, found)

        monkeypatch.setattr(alive, "stays", beating)
        with pytest.raises(OutvotedError, match="on first"), _claimed(objects, tmp_path / "b", "second"):
            pass
        assert first.renew()
        with patch.object(socket, "gethostname", lambda: "third"):
            assert " on first, since " in str(living(objects, watch=False))
    assert objects.held == {}


def test_in_a_store_the_dead_lose_a_run_and_stop_should_they_live(tmp_path: Path) -> None:
    objects = Objects()
    objects.now = True
    with _claimed(objects, tmp_path / "a", "first") as first:
        with _claimed(objects, tmp_path / "b", "second") as second:
            assert not first.renew()
            assert second.renew()
            with pytest.raises(OutvotedError, match="on second"):
                _write(tmp_path / "a" / "after")
            _write(tmp_path / "b" / "after")
        assert objects.held == {}


def test_a_store_that_refuses_ends_the_run_with_its_words_and_the_run_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects, store, record = Objects(), RunFolder(tmp_path / "run"), _record()
    monkeypatch.setattr(at_hand, "_store", lambda folder: objects)
    monkeypatch.setattr(mirroring, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(at_hand, "_LAST_SECONDS", 0.0)

    def work() -> None:
        with recorded(store, record):
            objects.left = 0
            for k in range(1000):
                _write(store.path / f"mistakes/shard-{k}.parquet")
                time.sleep(0.01)

    with pytest.raises(OutvotedError, match="the store refuses") as caught:
        work()
    assert "continue with --resume here" in caught.value.remedy
    found = store.read_record()
    assert found.state == State.FAILED
    assert "the store refuses" in (found.message or "")
    objects.left = 1 << 30
    with recorded(store, found):
        pass
    assert {name: data for name, data in objects.held.items() if name != FILE} == content(store.path)
    assert FILE not in objects.held
    assert store.read_record().state == State.FINISHED


def test_a_run_is_finished_only_once_all_of_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects, store = Objects(), RunFolder(tmp_path / "run")
    monkeypatch.setattr(at_hand, "_store", lambda folder: objects)
    monkeypatch.setattr(at_hand.OtherPlace.flush, "__defaults__", (0.0,))
    monkeypatch.setattr(at_hand, "_LAST_SECONDS", 0.0)

    def work() -> None:
        with recorded(store, _record()):
            objects.left = 0
            _write(store.path / "mistakes/shard-1.parquet")

    with pytest.raises(OutvotedError, match="the store refuses"):
        work()
    assert store.read_record().state == State.FAILED
