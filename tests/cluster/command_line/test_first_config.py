"""`outvoted init`: what it writes passes, nothing is overwritten without a word, and wrong words are told."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from outvoted.cluster.command_line.cli import main
from outvoted.cluster.command_line.first_config import OFFERED, network_of
from outvoted.cluster.jobs.kinds import KINDS, read
from outvoted.search.errors import OutvotedError
from tests.cluster.faults import sound

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run `outvoted init` in a folder with some images; return its exit code and what it said."""
    monkeypatch.chdir(tmp_path)
    sound("mine", tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["outvoted", "init", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        return int(stop.value.code or 0), "".join(capsys.readouterr())

    return run


@pytest.mark.parametrize("kind", OFFERED)
@pytest.mark.parametrize("images", ["data.npz", "mnist-sample"])
def test_what_is_written_is_a_configuration_of_its_kind(kind: str, images: str, say: Say) -> None:
    code, said = say("--images", images, "--kind", kind)
    assert code == 0, said
    assert "outvoted check outvoted.yaml" in said
    read(KINDS[kind].form, Path("outvoted.yaml"))


def test_options_stand_in_what_is_written(say: Say, tmp_path: Path) -> None:
    options = (
        "--networks",
        "mlp:5,own_nets:make",
        "--weights",
        "a.pt",
        "--referee",
        "none",
        "--device",
        "cpu",
    )
    code, said = say("own.yaml", "--images", "data.npz", "--networks", "cnn", *options[2:4], *options[4:])
    assert code == 2  # a cnn takes no weights
    code, said = say("own.yaml", "--images", "data.npz", *options[:2], *options[4:])
    assert code == 0, said
    text = (tmp_path / "own.yaml").read_text()
    for words in ("hidden: 5", "own_nets:make", "referee: null", "device: cpu"):
        assert words in text


def test_a_file_is_overwritten_only_if_asked(say: Say, tmp_path: Path) -> None:
    (tmp_path / "outvoted.yaml").write_text("mine")
    code, said = say("--images", "data.npz")
    assert code == 2
    assert "--overwrite" in said
    assert (tmp_path / "outvoted.yaml").read_text() == "mine"
    code, said = say("--images", "data.npz", "--overwrite")
    assert code == 0
    assert "Overwritten" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "no terminal to ask on"),
        (("--images", "nowhere"), "nowhere"),
        (("--images", "data.npz", "--kind", "mien"), "did you mean 'mine'"),
        (("--images", "data.npz", "--networks", "mpl"), "did you mean 'mlp'"),
        (("--images", "data.npz", "--device", "gpu"), "device"),
        (("--images", "data.npz", "--networks", "mlp,mlp:5", "--weights", "a,b,c"), "3 files"),
        (("--images", "data.npz", "--networks", "mlp:5"), "at least 2"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    options: tuple[str, ...], words: str, say: Say, tmp_path: Path
) -> None:
    code, said = say(*options)
    assert code == 2
    assert words in said
    assert not (tmp_path / "outvoted.yaml").exists()


def test_on_a_terminal_it_asks_for_what_no_option_says_until_each_answer_will_do(tmp_path: Path) -> None:
    sound("mine", tmp_path)
    master, slave = os.openpty()
    answers = "nowhere.npz\ndata.npz\nmpl:4\nmlp:4,cnn:3\n\ngpu\ncpu\n"
    os.write(master, answers.encode())
    command = [sys.executable, "-m", "outvoted.cluster", "init", "own.yaml"]
    done = subprocess.run(command, cwd=tmp_path, stdin=slave, stdout=slave, stderr=slave, timeout=120)
    os.close(slave)
    said = b"".join(iter(partial(_rest, master), b"")).decode()
    assert done.returncode == 0, said
    for words in ("Labelled images", "nowhere.npz", "did you mean 'mlp'", "gpu", "Written: own.yaml"):
        assert words in said
    text = (tmp_path / "own.yaml").read_text()
    for words in ("data.npz", "hidden: 4", "channels: 3", "device: cpu"):
        assert words in text
    read(KINDS["mine"].form, tmp_path / "own.yaml")


def _rest(master: int) -> bytes:
    """Read what a terminal shows; nothing once it is closed."""
    try:
        return os.read(master, 65536)
    except OSError:
        return b""


def test_a_word_means_a_network() -> None:
    assert network_of("cnn:8") == {"kind": "cnn", "channels": 8}
    assert network_of("timm:resnet18") == {"kind": "timm", "model": "resnet18"}
    assert network_of("a/b.pt2") == {"kind": "exported", "file": "a/b.pt2"}
    with pytest.raises(OutvotedError, match="a network"):
        network_of(":")
