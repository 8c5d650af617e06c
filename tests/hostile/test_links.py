"""Nothing is read or written through a link in a run's folder; the folder itself may be reached by one."""

import os
from pathlib import Path

import pytest

from outvoted import Panel
from outvoted.actors.runs.files import refuse_links, write_atomically
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.search.errors import OutvotedError
from tests.hostile.altered import of_kind
from tests.hostile.conftest import Outvoted, files

FOLDERS = ("gallery", "figures", "tb", "landscapes", "labels", "networks", "weights", "generator", "anything")
REPLACED = ("peers", "searches", "mistakes")
FILES = (
    "report.html",
    ".report.html.partial",
    "summary.json",
    ".run.json.partial",
    "comparison.png",
    "gallery/mistakes.png",
    "gallery/.climbs.png.partial",
    "labels/anna.csv",
    "labels/.lock",
    "tb/deep/er/events",
)
COMMANDS = ("report", "replay", "landscape", "load")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that is no business of the run's."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "diary.txt").write_text("secret")
    (folder / "diary.png").write_text("secret")
    return folder


def linked(run: RunFolder, name: str, outside: Path) -> None:
    """Put a link into a run's folder: of a folder to a folder, of a file to a file."""
    path = run.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    target = outside / "diary.txt" if name in FILES else outside
    if path.is_dir():
        target = outside / path.name
        path.rename(target)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


@pytest.mark.usefixtures("payload")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", [*FOLDERS, *REPLACED, *FILES])
def test_links_are_refused_and_what_they_lead_to_is_left_alone(
    name: str, command: str, own: RunFolder, outside: Path, outvoted: Outvoted
) -> None:
    linked(own, name, outside)
    before = files(outside)
    code, said = outvoted(command, own.path)
    assert code == 2, said
    assert str(own.path / name) in said
    assert f"which leads to {outside}" in said
    assert files(outside) == before


@pytest.mark.usefixtures("payload")
@pytest.mark.parametrize("kind", ["scan", "compare", "heal", "sweep", "tune", "study"])
@pytest.mark.parametrize("name", ["gallery", "report.html", "figures", "hillclimb/gallery"])
def test_links_are_refused_in_runs_of_every_kind(
    name: str, kind: str, own: RunFolder, outside: Path, outvoted: Outvoted
) -> None:
    run = of_kind(own, kind)
    linked(run, name, outside)
    before = files(outside)
    for command in ("report", "label") if kind == "study" else ("report",):
        code, said = outvoted(command, run.path)
        assert code == 2, said
        assert "which leads to" in said
    assert files(outside) == before


@pytest.mark.parametrize("target", ["run.json", "../run.json", "/", "/dev/zero", "missing", "."])
def test_it_does_not_matter_where_a_link_leads(target: str, own: RunFolder) -> None:
    (own.path / "gallery").mkdir(exist_ok=True)
    (own.path / "gallery" / "link").symlink_to(target)
    with pytest.raises(OutvotedError, match=f"which leads to {target}"):
        own.read_record()


def test_pipes_are_refused_rather_than_waited_for(own: RunFolder) -> None:
    os.mkfifo(own.path / "searches" / "shard-999999.parquet")
    with pytest.raises(OutvotedError, match=r"shard-999999.parquet, a pipe"):
        own.read_record()


def test_a_run_may_be_reached_by_a_link(own: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to(own.path.parent)
    (tmp_path / "one").symlink_to(own.path)
    for path in (tmp_path / "elsewhere" / own.path.name, tmp_path / "one"):
        assert RunFolder(path).read_record() == own.read_record()
        assert Panel.load(path).names


def test_listed_runs_with_links_are_unreadable_and_the_others_are_listed(
    own: RunFolder, outside: Path, outvoted: Outvoted
) -> None:
    linked(own, "gallery", outside)
    assert outvoted("runs", "--runs", own.path.parent)[0] == 0


def test_a_writer_replaces_links_and_does_not_follow_them(tmp_path: Path, outside: Path) -> None:
    before = files(outside)
    for name in ("report.html", ".report.html.partial"):
        path = tmp_path / name
        path.symlink_to(outside / "diary.txt")
        write_atomically(tmp_path / "report.html", lambda partial: partial.write_text("new"))
        assert (tmp_path / "report.html").read_text() == "new"
        assert not (tmp_path / "report.html").is_symlink()
    assert files(outside) == before


def test_a_folder_without_links_is_fine(own: RunFolder) -> None:
    refuse_links(own.path)


@pytest.mark.parametrize("name", ["file", ".file.partial"])
def test_a_second_name_of_a_file_elsewhere_is_replaced_and_never_written_to(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).hardlink_to(tmp_path / "mine")
    write_atomically(tmp_path / "run" / "file", lambda path: path.write_text("written"))
    assert (tmp_path / "mine").read_text() == "mine"
    assert (tmp_path / "run" / "file").read_text() == "written"
