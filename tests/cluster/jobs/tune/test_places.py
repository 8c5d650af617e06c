"""Runs that were made where the sweep's folder can't be seen arrive there whole."""

from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from outvoted.actors.runs import same_place
from outvoted.cluster.jobs.tune import places
from outvoted.cluster.jobs.tune.places import RUNS, RunTaker, SentPlaces, SharedPlaces, seen


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "sweep"


@pytest.fixture
def taken(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An actor in this process."""
    monkeypatch.setattr(places, "result", lambda value: value)
    taker = RunTaker(sweep)

    return SimpleNamespace(remote=lambda what, *arguments: getattr(taker, what)(*arguments))


def test_a_run_made_elsewhere_arrives_as_it_is(sweep: Path, taken: Any) -> None:
    with SentPlaces(taken).place("trial-0000") as store:
        assert not store.path.exists()
        (store.path / "searches").mkdir(parents=True)
        (store.path / "searches" / "a.parquet").write_bytes(b"rows")
    assert (sweep / RUNS / "trial-0000" / "searches" / "a.parquet").read_bytes() == b"rows"
    assert [path.name for path in (sweep / RUNS).iterdir()] == ["trial-0000"]


def test_a_run_goes_on_elsewhere_from_what_there_is(sweep: Path, taken: Any) -> None:
    for content in (b"first", b"second"):
        with SentPlaces(taken).place("trial-0000") as store:
            store.path.mkdir(parents=True, exist_ok=True)
            before = [file.read_bytes() for file in store.path.iterdir()]
            assert before == ([] if content == b"first" else [b"first"])
            (store.path / "file").write_bytes(content)
    assert (sweep / RUNS / "trial-0000" / "file").read_bytes() == b"second"


def test_what_a_run_left_when_it_failed_arrives_too(sweep: Path, taken: Any) -> None:
    with suppress(ValueError), SentPlaces(taken).place("trial-0000") as store:
        store.path.mkdir(parents=True)
        (store.path / "run.json").write_bytes(b"{}")
        raise ValueError("failed")
    assert (sweep / RUNS / "trial-0000" / "run.json").is_file()


def test_runs_of_one_panel_that_were_made_elsewhere_share_its_files(sweep: Path, taken: Any) -> None:
    for name, content in (("a", b"weights"), ("b", b"weights"), ("c", b"others")):
        with SentPlaces(taken).place(name) as store:
            store.peers.mkdir(parents=True)
            (store.peers / "mlp.safetensors").write_bytes(content)
    one, same, other = (sweep / RUNS / name / "peers" / "mlp.safetensors" for name in "abc")
    assert one.samefile(same)
    assert not one.samefile(other)
    assert other.read_bytes() == b"others"
    assert [path.name for path in same.parent.iterdir()] == ["mlp.safetensors"]


def test_no_run_is_put_outside_the_sweep(sweep: Path) -> None:
    with pytest.raises(ValueError, match="plain"):
        RunTaker(sweep).put("../other", {})
    with pytest.raises(ValueError, match="plain"):
        RunTaker(sweep).put("trial-0000", {"../../x": b""})


def test_a_worker_knows_whether_it_sees_the_folder(sweep: Path, tmp_path: Path) -> None:
    sweep.mkdir(parents=True)
    question = same_place.ask(sweep)
    assert seen(sweep, question)
    assert not seen(tmp_path, question)
    same_place.forget(sweep)
    assert not seen(sweep, question)
    with SharedPlaces(sweep).place("trial-0001") as store:
        assert store.path == sweep / RUNS / "trial-0001"
        assert store.panels == sweep.parent / ".panels"
