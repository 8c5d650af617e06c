"""The command line, as a user meets it: in a process of its own."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import ray

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.cluster.command_line.cli import main
from outvoted.search.errors import OutvotedError
from tests.cluster.conftest import Mine
from tests.cluster.processes import one_killed_each
from tests.cluster.rows import assert_same_rows

OUTVOTED = (sys.executable, "-m", "outvoted.cluster")
MNIST = Path(__file__).parents[3] / "configs" / "mnist.yaml"
HEAL = MNIST.with_name("heal-mnist.yaml")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command as the installed script does, in this process."""

    def call(*arguments: str | Path) -> Ended:
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["outvoted", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        return Ended(int(stop.value.code or 0), *capsys.readouterr())

    return call


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mine", MNIST, "--set", "search.patiense=1"), "did you mean 'patience'?"),
        (("mine", "nowhere.yaml"), "nowhere.yaml"),
        (("mine", "mnits"), "did you mean 'mnist', which comes with outvoted?"),
        (("mine", "heal-mnist"), "outvoted heal heal-mnist"),
        (("configs", "mnits"), "did you mean 'mnist'?"),
        (("keys", "mien"), "did you mean 'mine'?"),
        (("keys", "mine", "serch"), "did you mean 'search'?"),
        (("schema", "mien"), "did you mean 'mine'?"),
        (("heal", HEAL, "--set", "heal.wieght=1"), "did you mean 'weight'?"),
        (("heal", HEAL, "--set", "heal.seeds=[1, 1]"), "each once"),
        (("heal", HEAL, "--resume"), "none of heal-mnist"),
        (("mine", MNIST, "--set", "data.path=/nowhere"), "/nowhere/train-images-idx3-ubyte.gz"),
        (("mine", MNIST, "--name", "../up"), "a plain folder name"),
        (("mine", MNIST, "--runs", "/proc/outvoted", "--address", "ray://there:1"), "ray://there:1"),
        (("mine", MNIST, "--address", "127.0.0.1:1"), "127.0.0.1:1"),
        (("mine", MNIST, "--resume"), "none of mnist"),
        (("replay", "nowhere"), "a run of outvoted in nowhere"),
        (("mine", MNIST, "--nonsense"), "--nonsense"),
    ],
)
def test_what_is_wrong_is_said_without_traceback_and_exits_with_2(
    arguments: tuple[str | Path, ...], said: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTVOTED_RUNS", str(tmp_path / "runs"))
    ended = run(*arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "runs").exists()


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["outvoted", "mine", "nowhere.yaml", "--debug"])
    with pytest.raises(OutvotedError, match="nowhere"):  # of which the interpreter shows the traceback
        main()


def test_a_corrupt_data_file_is_named(digits_folder: Path, tmp_path: Path, run: Run) -> None:
    for file in digits_folder.glob("*.gz"):
        short = -100 if file.name == "train-images-idx3-ubyte.gz" else None
        (tmp_path / file.name).write_bytes(file.read_bytes()[:short])
    ended = run("mine", MNIST, "--set", f"data.path={tmp_path}", "--runs", tmp_path / "runs")
    assert ended.returncode == 2
    assert "train-images-idx3-ubyte.gz" in ended.stderr


def test_doctor_says_what_is_there(run: Run) -> None:
    ended = run("doctor")
    assert ended.returncode == 0
    for word in ("Python", "torch", "Ray", "GPUs", "mnist-sample", "sample/mnist"):
        assert word in ended.stdout


@pytest.mark.ray
def test_runs_are_listed_and_strangers_marked(undisturbed: RunFolder, runs: Path, run: Run) -> None:
    stranger = runs / "stranger"
    stranger.mkdir()
    (stranger / "run.json").write_text('{"format": "something else"}')
    ended = run("runs", "--runs", runs)
    assert ended.returncode == 0
    lines = ended.stdout.splitlines()
    assert next(line for line in lines if line.endswith("  undisturbed")).startswith("finished")
    assert "another version of outvoted, in the format 'something else'" in next(
        line for line in lines if "  stranger" in line
    )
    assert run("replay", "stranger", "--runs", runs).returncode == 2


@pytest.mark.ray
def test_replay_confirms_one_or_all(undisturbed: RunFolder, runs: Path, run: Run) -> None:
    mistakes = Shards(undisturbed.path).frame("mistakes")
    ended = run("replay", "undisturbed", "--runs", runs)
    assert ended.returncode == 0
    assert f"{len(mistakes)} mistakes confirmed" in ended.stdout
    one = run("replay", undisturbed.path, "--search", str(mistakes["search_id"][0]))
    assert "1 mistake confirmed" in one.stdout


@pytest.mark.ray
def test_ctrl_c_leaves_a_run_that_can_be_resumed_and_killed_actors_change_nothing(
    mined: Mine, undisturbed: RunFolder, runs: Path, small: Path
) -> None:
    """A peer and the coordinator are killed once the resumed run has recorded a shard."""
    address = ray.get_runtime_context().gcs_address
    more = ("--set", "cluster.shard_size=10", "--set", "cluster.shards_in_flight=1")
    command = [*OUTVOTED, "mine", small, "--name", "cut", "--runs", runs, "--address", address, *more]
    process = subprocess.Popen(
        [str(part) for part in command],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_ctrl_c,
    )
    store = RunFolder(runs / "cut")
    _await_first_shard(process, store)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in said
    assert "Traceback" not in said
    assert store.read_record().state == State.INTERRUPTED
    shards = len(_shards(store))
    assert 0 < len(Shards(store.path).done()) < len(Shards(undisturbed.path).done())
    actors = ("ray::PeerActor", "ray::CellActor")
    with one_killed_each(actors, lambda: len(_shards(store)) > shards):
        mined("cut", "cluster.cell=actors", "cluster.shard_size=20", resume=True)
    assert_same_rows(store, undisturbed)


@pytest.mark.ray
def test_a_killed_cell_of_one_process_changes_nothing(
    mined: Mine, undisturbed: RunFolder, runs: Path
) -> None:
    store = RunFolder(runs / "killed")
    with one_killed_each(("ray::CellActor",), lambda: bool(_shards(store))):
        mined("killed", "cluster.shard_size=10", "cluster.shards_in_flight=1")
    assert_same_rows(store, undisturbed)


def test_the_summary_on_disk_is_json(undisturbed: RunFolder) -> None:
    summary = json.loads((undisturbed.path / "summary.json").read_text())
    assert [row["target"] for row in summary["targets"]] == ["mlp-6", "mlp-12", "mlp-18"]


def _heed_ctrl_c() -> None:
    """Undo what a test run inherits that was itself started in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _shards(store: RunFolder) -> list[Path]:
    return list((store.path / "searches").glob("shard-*"))


def _await_first_shard(process: subprocess.Popen[str], store: RunFolder) -> None:
    end = time.monotonic() + 100
    while not _shards(store):
        assert process.poll() is None, "the run ended before it was cut off"
        assert time.monotonic() < end, "no shard was recorded in time"
        time.sleep(0.01)
