"""A grid of what can be wrong, configuration × data × weights × run: every command ends well on all of it."""

import itertools
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from outvoted.actors.runs.commands import command_of
from outvoted.actors.runs.run_folder import RunRecord
from outvoted.cluster.jobs.kinds import KINDS
from outvoted.cluster.service.label_server import LabelServer
from tests.analysis.tuning.bad_vary import BAD
from tests.cluster.ending import Ending, ending
from tests.cluster.faults import (
    DAMAGES,
    SPOILT_COLUMNS,
    WRONG,
    Data,
    copied,
    on_data,
    places,
    replaced,
    sound,
    spoilt_data,
    spoilt_runs,
    spoilt_weights,
)

End = Callable[..., Ending]
TRAINING = [kind for kind in KINDS if kind not in ("sweep", "tune")]
READING = {
    "runs": ((), 1),
    "replay": (("small",), 1),
    "landscape": (("small", "--points", 3), 3),
    "label": (("small", "--no-browser"), 2),
    "report": (("small",), 4),
}
"""Commands that read runs, their arguments, and of how many faults each takes one: pictures take time."""
_SPOILT_DATA, _SPOILT_WEIGHTS = list(spoilt_data()), dict(spoilt_weights())


@pytest.fixture(scope="module")
def run_path(run_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small finished run with few mistakes, so that it is replayed in no time."""
    copy = copied(run_path, tmp_path_factory.mktemp("few") / "small")
    for file in (copy / "mistakes").iterdir():
        pq.write_table(pq.read_table(file)[:2], file)
    return copy


@pytest.fixture
def end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> End:
    """Run the command of a kind, or any, in a folder of its own: ``end("mine", values, "--name", "x")``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(LabelServer, "serve", lambda *_: None)  # it would until Ctrl-C

    def run(command: str, values: Any, *options: object, config: bool = True) -> Ending:
        if values is not None:  # else the file is used as it is
            (tmp_path / "c.yaml").write_text(values if isinstance(values, str) else yaml.safe_dump(values))
        file = ["c.yaml"] if config else []
        return ending([command_of(command), *file, "--runs", "runs", *options], monkeypatch, capsys)

    return run


def all_well(endings: dict[str, Ending]) -> None:
    """Fail with a list of what does not end well."""
    found = {name: ended.broken() for name, ended in endings.items()}
    wrong = [f"{name}: {what}" for name, what in found.items() if what is not None]
    if wrong:
        pytest.fail(f"{len(wrong)} of {len(found)}\n\n" + "\n\n".join(wrong), pytrace=False)


def refused(endings: dict[str, Ending]) -> None:
    """Fail unless all end well, and none as if nothing was wrong."""
    all_well(endings)
    passed = [name for name, ended in endings.items() if ended.code != 2]
    if passed:
        pytest.fail(f"not refused: {', '.join(passed)}", pytrace=False)


@pytest.mark.parametrize("command", KINDS)
def test_what_is_sound_gets_as_far_as_ray(command: str, end: End, tmp_path: Path) -> None:
    ended = end(command, sound(command, tmp_path))
    assert ended.code is None, ended.said


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("command", KINDS)
def test_a_wrong_value_anywhere_in_a_configuration(
    command: str, wrong: str, end: End, tmp_path: Path
) -> None:
    values = KINDS[command].form.model_validate(sound(command, tmp_path)).model_dump(mode="json")
    shift = list(WRONG).index(wrong)
    spots = [place for k, place in enumerate(places(values)) if (k + shift) % 9 == 0]
    endings = {
        ".".join(map(str, place)): end(command, replaced(values, place, WRONG[wrong])) for place in spots
    }
    all_well(endings)


@pytest.mark.parametrize("command", KINDS)
def test_a_wrong_key_anywhere_in_a_configuration(command: str, end: End, tmp_path: Path) -> None:
    values = KINDS[command].form.model_validate(sound(command, tmp_path)).model_dump(mode="json")
    endings = {}
    for place in [(), *places(values)]:
        here: Any = values
        for step in place:
            here = here[step]
        if isinstance(here, dict):
            endings[".".join(map(str, place))] = end(command, replaced(values, place, {**here, "wrng": 1}))
    refused(endings)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_value_in_place_of_a_configuration(wrong: str, end: End) -> None:
    refused({command: end(command, yaml.safe_dump(WRONG[wrong])) for command in KINDS})


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("command", KINDS)
def test_a_damaged_configuration(command: str, damage: str, end: End, tmp_path: Path) -> None:
    end(command, sound(command, tmp_path))
    DAMAGES[damage](tmp_path / "c.yaml")
    all_well({damage: end(command, None)})


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_configuration_that_is_checked(damage: str, end: End, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(sound("mine", tmp_path)))
    DAMAGES[damage](tmp_path / "c.yaml")
    refused({damage: end("check", None)})


@pytest.mark.parametrize("command", KINDS)
def test_a_wrong_value_in_a_configuration_that_is_checked(
    command: str, end: End, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few in each; the run's own checks are what finds them."""
    for name in ("command_line.checking._SECONDS", "jobs.measuring._LEAST_SECONDS"):
        monkeypatch.setattr(f"outvoted.cluster.{name}", 0.05)
    values = KINDS[command].form.model_validate(sound(command, tmp_path)).model_dump(mode="json")
    spots, kinds = list(places(values)), list(WRONG)
    endings = {
        f"{'.'.join(map(str, place))}: {kinds[k % len(kinds)]}": end(
            "check", replaced(values, place, WRONG[kinds[k % len(kinds)]])
        )
        for k, place in enumerate(spots)
        if k % 5 == 0
    }
    all_well(endings)


@pytest.mark.parametrize("command", ["tune", "check"])
def test_what_is_varied_wrongly(command: str, end: End, tmp_path: Path) -> None:
    values = sound("tune", tmp_path)
    refused({bad: end(command, values | {"vary": vary}) for bad, (vary, *_) in BAD.items()})


@pytest.mark.parametrize("data", _SPOILT_DATA, ids=lambda data: data.name)
def test_spoilt_data(data: Data, end: End, tmp_path: Path) -> None:
    folder = tmp_path / "spoilt"
    folder.mkdir()
    settings = data.make(folder)
    commands = random.Random(data.name).sample(sorted(KINDS), 2)
    all_well({command: end(command, on_data(command, tmp_path, settings)) for command in commands})


@pytest.mark.parametrize("data", _SPOILT_DATA, ids=lambda data: data.name)
def test_a_spoilt_repository(data: Data, end: End, tmp_path: Path) -> None:
    folder = tmp_path / "spoilt"
    folder.mkdir()
    settings = data.make(folder)
    kind = {"npz": "array", "parquet": "parquet"}.get(settings["name"], "folder")
    source = {"kind": kind, "path": settings["path"]} | ({"label": "y_train"} if kind == "array" else {})
    all_well({data.name: end("scan", sound("scan", tmp_path) | {"scan": {"source": source}})})


@pytest.mark.parametrize("weights", _SPOILT_WEIGHTS)
def test_spoilt_weights(weights: str, end: End, tmp_path: Path) -> None:
    network = _SPOILT_WEIGHTS[weights](tmp_path)
    endings = {}
    for command in TRAINING:
        values = sound(command, tmp_path)
        values["panel"]["networks"][1] = network
        endings[command] = end(command, values)
    all_well(endings)


@pytest.mark.parametrize("command", READING)
def test_a_spoilt_run(command: str, run_path: Path, end: End, tmp_path: Path, sketched: None) -> None:
    endings = {}
    options, step = READING[command]
    for name, damage in itertools.islice(spoilt_runs(run_path), len(command) % step, None, step):
        damage(copied(run_path, tmp_path / "runs" / "small"))
        endings[name] = end(command, None, *options, config=False)
    all_well(endings)
    assert command != "runs" or {ended.code for ended in endings.values()} == {0}


def test_a_spoilt_run_that_is_resumed(run_path: Path, record: RunRecord, end: End, tmp_path: Path) -> None:
    endings = {}
    for name, damage in spoilt_runs(run_path):
        damage(copied(run_path, tmp_path / "runs" / "small"))
        endings[name] = end("mine", record.config, "--name", "small", "--resume")
    all_well(endings)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("command", ["runs", "replay"])
def test_a_wrong_value_anywhere_in_run_json(
    command: str, wrong: str, run_path: Path, end: End, tmp_path: Path
) -> None:
    copy = copied(run_path, tmp_path / "runs" / "small")
    values = json.loads((copy / "run.json").read_text())
    shift = list(WRONG).index(wrong)
    spots = [place for k, place in enumerate(places(values)) if (k + shift) % 11 == 0]
    endings = {}
    for place in spots:
        (copy / "run.json").write_text(json.dumps(replaced(values, place, WRONG[wrong])))
        endings[".".join(map(str, place))] = end(command, None, *READING[command][0], config=False)
    all_well(endings)


@pytest.mark.parametrize("table", ["peers", "searches", "mistakes"])
def test_a_spoilt_column(table: str, run_path: Path, end: End, tmp_path: Path) -> None:
    copy = copied(run_path, tmp_path / "runs" / "small")
    file = next((copy / table).glob("*.parquet"))
    whole, endings = pq.read_table(file), {}
    for place, column in enumerate(whole.column_names):
        for number, (name, spoil) in enumerate(SPOILT_COLUMNS.items()):
            if (place + number) % 2:
                pq.write_table(spoil(whole, place), file)
                endings[f"{column} {name}"] = end("replay", None, *READING["replay"][0], config=False)
    all_well(endings)


@pytest.mark.parametrize("part", range(6))
def test_several_faults_at_once(
    part: int, run_path: Path, record: RunRecord, end: End, tmp_path: Path
) -> None:
    """Faults that meet each other: whichever is found first, the end is good."""
    chance, endings, runs = random.Random(part), {}, list(spoilt_runs(run_path))
    for number in range(15):
        command = chance.choice(TRAINING)
        values = sound(command, tmp_path)
        data, weights = chance.choice(_SPOILT_DATA), chance.choice(sorted(_SPOILT_WEIGHTS))
        name, damage = chance.choice(runs)
        faults = chance.sample(["configuration", "data", "weights", "run"], chance.randint(2, 4))
        if "data" in faults:
            folder = tmp_path / f"data {number}"
            folder.mkdir()
            values["data"] = data.make(folder)
        if "weights" in faults:
            shutil.rmtree(tmp_path / "weights", ignore_errors=True)
            (tmp_path / "weights").mkdir()
            values["panel"]["networks"][1] = _SPOILT_WEIGHTS[weights](tmp_path / "weights")
        if "configuration" in faults:
            place = chance.choice(list(places(values)))
            values = replaced(values, place, WRONG[chance.choice(list(WRONG))])
        options = []
        if "run" in faults:
            damage(copied(run_path, tmp_path / "runs" / "small"))
            options = ["--name", "small", "--resume"]
        endings[f"{command}: {', '.join(faults)} ({data.name}, {weights}, {name})"] = end(
            command, values, *options
        )
    all_well(endings)
