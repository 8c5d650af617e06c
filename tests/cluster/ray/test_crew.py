"""The shell around the supervisor: calls that end in any order, die or raise, and what becomes of a run."""

import time
from concurrent.futures import Future
from threading import Event, Timer
from types import SimpleNamespace
from typing import Any

import pytest
from ray.exceptions import RayActorError, RayTaskError

from outvoted.actors.mining.ray_mining import Vitals
from outvoted.actors.mining.shards import Live, Progress
from outvoted.cluster.ray.crew import Crew
from outvoted.cluster.ray.events import MachinesSeen, SaySentence
from outvoted.cluster.ray.pulses import computing
from outvoted.cluster.ray.roster import CrewLimits
from outvoted.cluster.ray.supervisor import Supervisor
from outvoted.search.errors import OutvotedError

CELLS = 3


class Call:
    """A call to Ray that ends after some seconds, with a value or an error."""

    def __init__(self, value: Any, seconds: float = 0.0) -> None:
        self._future: Future[Any] = Future()
        self.value = value
        if seconds:
            Timer(seconds, self._end).start()
        else:
            self._end()

    def _end(self) -> None:
        if isinstance(self.value, BaseException):
            self._future.set_exception(self.value)
        else:
            self._future.set_result(self.value)

    def future(self) -> "Future[Any]":
        return self._future


class Machines:
    """Cells and a recorder, in place of Ray's; what each shard and each recording comes to can be set."""

    def __init__(self) -> None:
        self.cells: list[SimpleNamespace] = []
        self.ended: list[int] = []
        self.fates: dict[str, list[Call]] = {}
        self.recordings: list[Call] = []
        self.recorded: list[str] = []
        self.said: list[str | None] = []
        self.live: dict[str, Live] = {}
        self.head_answers = Event()
        self.head_answers.set()
        self.recorder = SimpleNamespace(record=SimpleNamespace(remote=self._record))

    def start(self) -> Any:
        self.head_answers.wait()
        number = len(self.cells)
        cell = SimpleNamespace(
            placed=Call(None),
            furnish=lambda contents: Call(f"10.0.0.{number}"),
            mine=self._mine,
            pulse=lambda: Call(Vitals(int(time.monotonic() * 10), live=self.live)),
            ask=lambda method, *given: self.fates.get(method, [Call(f"{method} of {number}")]).pop(0),
            kill=lambda: None,
            end=lambda: self.ended.append(number),
        )
        self.cells.append(cell)
        return cell

    def _mine(self, lease: Any) -> tuple[Call, str]:
        name = lease.shard.name
        fates = self.fates.get(name)
        return (fates.pop(0) if fates else Call((5, 0))), name

    def _record(self, *rows: str) -> Call:
        if rows and self.recordings:
            return self.recordings.pop(0)
        self.recorded += rows
        return Call(Progress(searches=len(self.recorded)))


@pytest.fixture
def machines() -> Machines:
    return Machines()


@pytest.fixture
def crew(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> Crew:
    monkeypatch.setattr("outvoted.cluster.ray.crew.head_answers", machines.head_answers.is_set)
    supervisor = Supervisor(CrewLimits(CELLS, 2, 60.0, "1 CPU"), time.monotonic())

    def say(sentence: SaySentence) -> None:
        machines.said.append(sentence.text)

    def look(held: int, waiting: int) -> MachinesSeen:
        return MachinesSeen(CELLS, CELLS)

    found = Crew(supervisor, machines.start, machines.recorder, look, say)
    contents: Any = SimpleNamespace()
    found.furnish(contents)
    return found


def mine(crew: Crew, shards: int) -> list[int]:
    """Mine numbered shards; return what was reported as recorded."""
    told: list[int] = []
    work: Any = (SimpleNamespace(shard=SimpleNamespace(name=f"shard-{number}")) for number in range(shards))
    crew.mine(work, lambda recorded, live, leased: told.append(recorded.searches))
    return told


def all_of(shards: int) -> list[str]:
    return sorted(f"shard-{number}" for number in range(shards))


def test_every_shard_is_recorded_once_and_all_cells_are_ended(crew: Crew, machines: Machines) -> None:
    told = mine(crew, 100)
    crew.end()
    assert sorted(machines.recorded) == all_of(100)
    assert told == sorted(told)
    assert machines.ended == [0, 1, 2]
    assert not crew._starter.is_alive()  # it might let go of what is Ray's while that disconnects


def test_a_slow_shard_holds_back_no_other(crew: Crew, machines: Machines) -> None:
    machines.fates["shard-0"] = [Call((5, 0), seconds=1.0)]
    mine(crew, 50)
    assert machines.recorded[-1] == "shard-0"
    assert sorted(machines.recorded) == all_of(50)


def test_what_a_cell_had_that_died_is_mined_by_another(crew: Crew, machines: Machines) -> None:
    machines.fates["shard-4"] = [Call(RayActorError())]
    mine(crew, 30)
    assert sorted(machines.recorded) == all_of(30)
    assert len(machines.ended) == 1
    assert any("was lost: it is started again" in str(text) for text in machines.said)


def test_a_cell_that_takes_long_to_start_holds_back_no_other(crew: Crew, machines: Machines) -> None:
    """As where the head of the cluster is away, which is asked for room."""
    machines.fates["shard-4"] = [Call(RayActorError())]
    machines.head_answers.clear()
    mine(crew, 30)
    assert sorted(machines.recorded) == all_of(30)
    assert len(machines.cells) == CELLS
    machines.head_answers.set()


def test_rows_that_were_lost_are_mined_again(crew: Crew, machines: Machines) -> None:
    machines.recordings = [Call(RayActorError())]
    mine(crew, 30)
    assert sorted(machines.recorded) == all_of(30)


def test_a_passing_error_is_tried_again_and_a_lasting_one_ends_the_run(
    crew: Crew, machines: Machines
) -> None:
    broken = RayTaskError("mine", "traceback", ValueError("broken"))
    machines.fates["shard-1"] = [Call(broken)]
    mine(crew, 3)
    assert sorted(machines.recorded) == all_of(3)
    machines.fates["shard-1"] = [Call(broken)] * 3
    with pytest.raises(RayTaskError, match="traceback"):
        mine(crew, 3)


def test_what_the_recorder_cannot_write_arrives_as_itself(crew: Crew, machines: Machines) -> None:
    full = OutvotedError("space on the disk", "none", "free some")
    machines.recordings = [Call(RayTaskError("record", "traceback", full))]
    with pytest.raises(OutvotedError, match="space on the disk"):
        mine(crew, 10)


def test_a_question_goes_to_another_cell_where_one_is_lost(crew: Crew, machines: Machines) -> None:
    machines.fates["vote"] = [Call(RayActorError()), Call("seen")]
    assert crew.ask("vote") == "seen"
    assert len(machines.ended) == 1


@pytest.mark.parametrize(("share", "computes"), [(0.01, False), (0.07, False), (1.0, True)])
def test_a_cell_computes_if_one_of_its_processes_does(share: float, computes: bool) -> None:
    """Of three processes two are idle."""
    before = Vitals(3, (5.0, 7.0, 9.0))
    after = Vitals(3, (5.02, 7.0 + 2 * share, 9.02))
    assert computing((100.0, before), 102.0, after) == computes


def test_each_cell_can_be_asked(crew: Crew, machines: Machines) -> None:
    crew._turn()
    assert sorted(crew.ask_each("exactness")) == [f"exactness of {number}" for number in range(CELLS)]


def test_a_cell_that_computes_on_holds_up_no_one_who_asks_each(
    crew: Crew, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outvoted.cluster.ray.crew._EACH_SECONDS", 0.2)
    machines.fates["exactness"] = [Call("late", 3.0), Call("first"), Call("second")]
    crew._turn()
    assert list(crew.ask_each("exactness")) == ["first", "second"]


def test_no_search_is_counted_twice_whatever_cells_say_of_shards_that_others_have_or_are_recorded(
    crew: Crew, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outvoted.cluster.ray.pulses._PULSE_SECONDS", 0.2)
    machines.live = {name: Live(1, 1) for name in all_of(6)}
    machines.fates = {"shard-5": [Call((1, 0), 1.5)]}
    counted: list[int] = []
    work: Any = (SimpleNamespace(shard=SimpleNamespace(name=name)) for name in all_of(6))
    crew.mine(work, lambda recorded, live, leased: counted.append(recorded.searches + live.ended))
    assert max(counted) == 6
