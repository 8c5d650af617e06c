"""Runs that people label: opened once, left when nobody labels, and never in each other's way."""

from pathlib import Path

import pytest

from outvoted.actors.labelling.label_store import image_labels
from outvoted.cluster.jobs.labelled import Labelled
from outvoted.cluster.service.errors import BusyError, ConflictError
from outvoted.cluster.service.label_desks import LabelDesks
from tests.cluster.service.labelling.serving import DIGITS, study


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def read() -> list[Path]:
    """The folders that were read."""
    return []


@pytest.fixture
def desks(clock: Clock, read: list[Path]) -> LabelDesks:
    def opened(path: Path) -> Labelled:
        read.append(path)
        return study(3, DIGITS)(path)

    return LabelDesks(opened, clock=clock)


def folder(parent: Path, number: int = 0) -> Path:
    path = parent / f"run-{number}"
    path.mkdir(exist_ok=True)
    return path


def test_a_run_is_read_once(desks: LabelDesks, tmp_path: Path, read: list[Path]) -> None:
    path = folder(tmp_path)
    assert desks.desk(path) is desks.desk(path)
    assert desks.labelled(path) is desks.labelled(path)
    assert read == [path]


def test_what_nobody_asks_for_is_forgotten(
    desks: LabelDesks, clock: Clock, tmp_path: Path, read: list[Path]
) -> None:
    path, other = folder(tmp_path), folder(tmp_path, 1)
    desks.labelled(path)
    clock.now = 1000
    desks.labelled(other)
    desks.labelled(path)
    assert read == [path, other, path]


def test_another_run_of_the_same_name_is_another(desks: LabelDesks, tmp_path: Path) -> None:
    path = folder(tmp_path)
    first = desks.labelled(path)
    path.rename(tmp_path / "away")
    assert desks.labelled(folder(tmp_path)) is not first


def test_a_desk_at_which_nobody_is_lets_others_write(desks: LabelDesks, clock: Clock, tmp_path: Path) -> None:
    path = folder(tmp_path)
    desks.desk(path)
    store = image_labels(path, 3, 10)
    with pytest.raises(ConflictError, match="another `outvoted label`"):
        LabelDesks(study(3, DIGITS)).desk(path)
    clock.now = 1000
    desks.desk(folder(tmp_path, 1))
    with store.sole_writer(), pytest.raises(ConflictError):
        desks.desk(path)
    desks.close()
    with image_labels(folder(tmp_path, 1), 3, 10).sole_writer():
        pass


def test_labels_are_measured_again_where_they_changed(
    desks: LabelDesks, clock: Clock, tmp_path: Path
) -> None:
    path, asked = folder(tmp_path), list[float]()

    def measure(_: Labelled) -> float:
        asked.append(clock.now)
        return clock.now

    assert [desks.measured(path, measure) for _ in range(3)] == [0, 0, 0]
    clock.now = 1
    desk = desks.desk(path)
    desk.put("anna", desk.sheet("anna").items[0], 3)
    assert [desks.measured(path, measure) for _ in range(3)] == [1, 1, 1]
    clock.now = 100
    assert desks.measured(path, measure) == 100
    assert asked == [0, 1, 100]


def test_not_too_many_are_open_at_once(desks: LabelDesks, clock: Clock, tmp_path: Path) -> None:
    for number in range(20):
        desks.desk(folder(tmp_path, number))
    with pytest.raises(BusyError, match="at most 20 runs"):
        desks.desk(folder(tmp_path, 20))
    clock.now = 1000
    desks.desk(folder(tmp_path, 20))
