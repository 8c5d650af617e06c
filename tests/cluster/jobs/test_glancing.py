"""Runs at a glance: what `run.json` and the sign of life beside it say, and nothing else is read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from outvoted.actors.runs.run_folder import ProgressRecord, RunFolder, RunRecord, State
from outvoted.cluster.jobs.glancing import DIED, SILENT_SECONDS, UNREADABLE, Glance, Glances
from outvoted.cluster.storage.alive import at_work
from outvoted.search.errors import OutvotedError

SEARCHES = ProgressRecord(task="searches", done=40, total=100, per_second=3.5, mistakes=7, failed=1)
TRAINING = ProgressRecord(task="training", done=5, total=5)


def written(runs: Path, name: str, state: State = State.FINISHED, **values: object) -> RunFolder:
    store = RunFolder(runs / name)
    keys = {"name": name, "state": state, "config": {}, "versions": {}, **values}
    store.write_record(RunRecord.model_validate(keys))
    return store


def only(runs: Path) -> Glance:
    (one,) = Glances(runs).take()
    return one


def test_a_run_at_work_shows_the_task_that_goes_on(tmp_path: Path) -> None:
    store = written(tmp_path, "night", State.RUNNING, progress=(TRAINING, SEARCHES))
    with at_work(store.path):
        one = only(tmp_path)
    assert one.task == SEARCHES
    assert (one.mistakes, one.failed, one.at_work, one.stuck) == (7, 1, True, False)
    assert 0 <= one.age < SILENT_SECONDS


def test_a_run_that_has_ended_shows_its_last_task(tmp_path: Path) -> None:
    written(tmp_path, "night", progress=(TRAINING, SEARCHES.model_copy(update={"done": 100})))
    assert only(tmp_path).task == SEARCHES.model_copy(update={"done": 100})


def test_a_run_without_a_process_has_died(tmp_path: Path) -> None:
    written(tmp_path, "night", State.RUNNING)
    one = only(tmp_path)
    assert one.state == DIED
    assert not one.stuck
    assert one.message is not None
    assert "--resume" in one.message


def test_a_run_that_died_says_what_it_had_said_of_itself(tmp_path: Path) -> None:
    written(tmp_path, "night", State.RUNNING, message="the head of the cluster has not answered for 25 s")
    assert only(tmp_path).message == (
        "its process ended without a word; it had said: the head of the cluster has not answered for 25 s; "
        "--resume continues"
    )


@pytest.mark.parametrize(
    "values",
    [{"message": "no search has ended for 90 s"}, {"updated_at": datetime.now(UTC) - timedelta(minutes=3)}],
)
def test_a_run_that_stands_still_or_says_nothing_is_stuck(values: dict[str, object], tmp_path: Path) -> None:
    store = written(tmp_path, "night", State.RUNNING, **values)
    with at_work(store.path):
        assert only(tmp_path).stuck
    store.write_record(store.glance().model_copy(update={"state": State.FINISHED}))
    assert not only(tmp_path).stuck


def test_runs_at_work_come_first_and_the_latest_before_older_ones(tmp_path: Path) -> None:
    for days, name in enumerate(("new", "old", "oldest")):
        written(tmp_path, name, updated_at=datetime.now(UTC) - timedelta(days=days))
    store = written(tmp_path, "going", State.RUNNING, updated_at=datetime.now(UTC) - timedelta(days=1.5))
    with at_work(store.path):
        assert [one.name for one in Glances(tmp_path).take()] == ["going", "new", "old", "oldest"]


def test_a_run_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    written(tmp_path, "good")
    for name, text in (("cut", "{"), ("empty", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(text)
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "run.json").symlink_to(tmp_path / "good" / "run.json")
    (tmp_path / ".panels").mkdir()
    (tmp_path / "file").write_text("no run")
    found = {one.name: one.state for one in Glances(tmp_path).take()}
    assert found == {
        "good": State.FINISHED,
        "cut": UNREADABLE,
        "empty": UNREADABLE,
        "link": UNREADABLE,
    }


def test_what_has_not_changed_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = [written(tmp_path, f"run-{number}") for number in range(20)]
    glances, glance = Glances(tmp_path), RunFolder.glance
    read: list[Path] = []

    def counted(store: RunFolder) -> RunRecord:
        read.append(store.path)
        return glance(store)

    monkeypatch.setattr(RunFolder, "glance", counted)
    glances.take()
    assert len(read) == 20
    stores[3].write_record(glance(stores[3]).model_copy(update={"kind": "scan"}))
    kinds = {one.name: one.kind for one in glances.take()}
    assert len(read) == 21
    assert kinds["run-3"] == "scan"


def test_only_run_json_is_read_however_many_files_there_are(tmp_path: Path) -> None:
    store = written(tmp_path, "large")
    (store.path / "searches").mkdir()
    (store.path / "searches" / "shard-1.parquet").symlink_to("/etc/passwd")
    assert only(tmp_path).state == State.FINISHED
    with pytest.raises(OutvotedError):
        store.read_record()


def test_no_folder_has_no_runs(tmp_path: Path) -> None:
    assert Glances(tmp_path / "none").take() == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OutvotedError):
        Glances(tmp_path / "file").take()
