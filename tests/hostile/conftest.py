"""A module that leaves a mark when it is imported or called, and the commands that open a run's folder."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from outvoted import Panel
from outvoted.cluster.command_line.cli import main
from outvoted.search.errors import OutvotedError

PAYLOAD = """
from pathlib import Path

MARK = Path({mark!r})
MARK.write_text("imported")


def make(*_, **__):
    from torch import nn

    MARK.write_text("called")
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 6), nn.Tanh(), nn.Linear(6, 10))


class Climb:
    pass
"""


@dataclass(frozen=True)
class Payload:
    """A module that can be imported; ``mark`` is there once its code has run."""

    mark: Path

    @property
    def ran(self) -> bool:
        """Whether its code has run."""
        return self.mark.exists()


@pytest.fixture
def payload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Payload]:
    """Put the module where Python finds it: in the current folder."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.syspath_prepend(home)
    mark = tmp_path / "mark"
    (home / "payload.py").write_text(PAYLOAD.format(mark=str(mark)))
    monkeypatch.delitem(sys.modules, "payload", raising=False)
    monkeypatch.setattr("ray.init", lambda *_, **__: pytest.fail("Ray was started"))
    yield Payload(mark)
    sys.modules.pop("payload", None)


Answer = tuple[int, str]
"""An exit code, and what was said: on stdout first."""
Outvoted = Callable[..., Answer]


@pytest.fixture
def outvoted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Outvoted:
    """Run a command in this process; `load` stands for ``Panel.load``."""

    def run(command: str, *arguments: object) -> Answer:
        if command == "load":
            try:
                Panel.load(str(arguments[0]), trust="--trust" in arguments)
            except OutvotedError as error:
                return 2, str(error)
            return 0, ""
        monkeypatch.setattr(sys, "argv", ["outvoted", command, *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        said = "".join(capsys.readouterr())
        assert "Traceback" not in said
        return int(stop.value.code or 0), " ".join(said.split())

    return run


def files(folder: Path) -> dict[str, bytes]:
    """Return everything in a folder."""
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root) / name
            found[str(path.relative_to(folder))] = b"" if path.is_symlink() else path.read_bytes()
    return found
