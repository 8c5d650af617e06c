"""What travels with a run: code and what it needs, within limits; what does not is said."""

from pathlib import Path

import pytest

from outvoted.cluster.submitting import packing
from outvoted.cluster.submitting.packing import pack
from outvoted.search.errors import OutvotedError


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder as users have them."""
    files = (
        *("my.yaml", "nets.py", "parts/deep.py", "w/a.pt", "photos/cat/1.png"),
        *(
            "runs/old/run.json",
            "elsewhere/r/run.json",
            "elsewhere/r/x",
            ".git/x",
            ".venv/x",
            "__pycache__/a.pyc",
        ),
        *("env/pyvenv.cfg", "env/x.py", "my.check.png", ".secret", "a.pyc"),
    )
    for name in files:
        path = tmp_path / "here" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "outside").write_text("x")
    (tmp_path / "here" / "leads-out").symlink_to(tmp_path / "outside")
    (tmp_path / "here" / "leads-in.py").symlink_to(tmp_path / "here" / "nets.py")
    return tmp_path / "here"


def _sent(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_code_and_files_travel_but_no_runs_environments_or_hidden_files(here: Path, tmp_path: Path) -> None:
    packed = pack(here / "my.yaml", {}, here, tmp_path / "to", ())
    assert packed.config == "outvoted-config/my.yaml"
    assert _sent(tmp_path / "to") == {
        *("my.yaml", "nets.py", "parts/deep.py", "w/a.pt", "photos/cat/1.png", "leads-in.py"),
        "outvoted-config/my.yaml",
    }
    assert packed.files == 7
    assert not any(path.is_symlink() for path in (tmp_path / "to").rglob("*"))


def test_what_is_left_out_stays_and_is_said_where_the_configuration_names_it(
    here: Path, tmp_path: Path
) -> None:
    values = {
        "data": {"path": "photos", "name": "folder"},
        "panel": {"networks": [{"weights": "w/a.pt"}, {"weights": str(tmp_path / "outside")}]},
        "more": ["../outside", "nowhere/x", "mnist", 3, None],
    }
    packed = pack(here / "my.yaml", values, here, tmp_path / "a", ("photos",))
    assert packed.absent == {
        "data.path": "photos",
        "panel.networks.1.weights": str(tmp_path / "outside"),
        "more.0": "../outside",
    }
    assert "photos/cat/1.png" not in _sent(tmp_path / "a")
    alone = pack(here / "my.yaml", values, here, tmp_path / "b", None)
    assert _sent(tmp_path / "b") == {"outvoted-config/my.yaml"}
    assert set(alone.absent) == {*packed.absent, "panel.networks.0.weights"}


def test_too_much_is_refused_with_what_is_largest(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "photos" / "big").write_bytes(b"x" * 5000)
    monkeypatch.setattr(packing, "MOST_BYTES", 4000)
    with pytest.raises(OutvotedError, match="the largest: 'photos'"):
        pack(here / "my.yaml", {}, here, tmp_path / "to", ())
    assert pack(here / "my.yaml", {}, here, tmp_path / "to", ("photos",)).files == 6
    monkeypatch.setattr(packing, "MOST_FILES", 3)
    with pytest.raises(OutvotedError, match="in 5 files"):
        pack(here / "my.yaml", {}, here, tmp_path / "again", ("photos",))
