"""A fetched run is the run: checksums hold, nothing is written elsewhere, whatever the answers are."""

import hashlib
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from outvoted.cluster.console import records
from outvoted.cluster.console.records import FileSent, FilesListed
from outvoted.cluster.console.terminal import Terminal
from outvoted.cluster.submitting import sending
from outvoted.cluster.submitting.fetching import Fetched, fetch
from outvoted.search.errors import OutvotedError
from tests.cluster.submitting.pretended import PretendedCluster


class _Offering(PretendedCluster):
    """Has a job offer a run's files as soon as it is submitted; ``listed`` may be changed by a test."""

    def __init__(self, run: Path) -> None:
        super().__init__(run)
        self.listed = list(sending.files_of(run))
        self.asked: list[str] = []

    def submit(self, job: str, *rest: Any) -> None:
        super().submit(job, *rest)
        told = Terminal()
        told.file = io.StringIO()
        for file in self.listed:
            records.write(told, file)
        records.write(told, FilesListed(files=len(self.listed), link="outvoted-x"))
        self.said[job] = told.file.getvalue()

    def file(self, node: str, name: str) -> Iterator[bytes]:
        self.asked.append(name.partition("/")[2])
        return super().file(node, name)


@pytest.fixture
def offering(run_path: Path) -> _Offering:
    """The small finished run, offered."""
    return _Offering(run_path)


def _fetched(cluster: PretendedCluster, into: Path) -> Fetched:
    return fetch(cluster, "/r/small", into, lambda done, total, file: None)


SPOILT = "peers/peers.parquet"


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def _told(path: str, content: bytes = b"x") -> FileSent:
    return FileSent(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def test_a_run_arrives_as_it_is_and_its_job_is_ended(
    offering: _Offering, run_path: Path, tmp_path: Path
) -> None:
    found = _fetched(offering, tmp_path / "to")
    assert found.files == len(offering.listed) > 5
    assert _contents(tmp_path / "to") == _contents(run_path)
    assert all(job.state == "STOPPED" for job in offering.jobs())


def test_what_is_here_already_is_not_sent_twice(offering: _Offering, tmp_path: Path) -> None:
    _fetched(offering, tmp_path / "to")
    (tmp_path / "to" / SPOILT).write_text("spoilt")
    offering.asked.clear()
    found = _fetched(offering, tmp_path / "to")
    assert (found.files, found.kept) == (1, len(offering.listed) - 1)
    assert set(offering.asked) == {"run.json", SPOILT}


def test_what_was_joined_since_it_was_fetched_is_here_once(run_path: Path, tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    shutil.copytree(run_path, there)
    shard, pack = (there / "searches" / f"{name}.parquet" for name in ("shard-9", f"pack-shard-9-{'0' * 16}"))
    shard.write_bytes(b"rows")
    _fetched(_Offering(there), here)
    (here / "my.parquet").touch()
    shard.rename(pack)
    _fetched(_Offering(there), here)
    assert _contents(here) == _contents(there) | {"my.parquet": b""}


@pytest.mark.parametrize(
    "path",
    [
        *(
            "../x",
            "/etc/x",
            "a/../../x",
            "a//b",
            "./x",
            "a/./b",
            ".ssh/x",
            "a/.x",
            "",
            "a\\..\\x",
            "C:x",
            "a\nb",
        ),
        *("a\0b", "x" * 2000, "a/"),
    ],
)
def test_no_answer_leads_out_of_the_folder(offering: _Offering, path: str, tmp_path: Path) -> None:
    offering.listed.append(_told(path))
    with pytest.raises(OutvotedError, match="a file named"):
        _fetched(offering, tmp_path / "to")
    assert not list(tmp_path.iterdir())


def test_links_in_the_folder_here_are_not_written_through(offering: _Offering, tmp_path: Path) -> None:
    _fetched(offering, tmp_path / "to")
    (tmp_path / "away").mkdir()
    (tmp_path / "to" / "new").symlink_to(tmp_path / "away")
    offering.listed.append(_told("new/x"))
    with pytest.raises(OutvotedError, match="link"):
        _fetched(offering, tmp_path / "to")
    assert not list((tmp_path / "away").iterdir())


@pytest.mark.parametrize("content", [b"", b"short", b"other bytes, just as many"])
def test_other_bytes_than_listed_are_not_kept(offering: _Offering, content: bytes, tmp_path: Path) -> None:
    offering.listed = [
        _told(one.path, b"what was listed, or what?") if one.path == SPOILT else one
        for one in offering.listed
    ]
    assert offering.files is not None
    copy = tmp_path / "source"
    for one in offering.listed:
        (copy / one.path).parent.mkdir(parents=True, exist_ok=True)
        (copy / one.path).write_bytes((offering.files / one.path).read_bytes())
    (copy / SPOILT).write_bytes(content)
    offering.files = copy
    with pytest.raises(OutvotedError, match=r"other bytes in peers/peers\.parquet"):
        _fetched(offering, tmp_path / "to")
    assert not (tmp_path / "to" / SPOILT).exists()


def test_a_file_that_has_grown_since_is_taken_as_it_was(offering: _Offering, tmp_path: Path) -> None:
    assert offering.files is not None
    content = (offering.files / SPOILT).read_bytes()
    offering.listed = [
        _told(one.path, content[:10]) if one.path == SPOILT else one for one in offering.listed
    ]
    _fetched(offering, tmp_path / "to")
    assert (tmp_path / "to" / SPOILT).read_bytes() == content[:10]


def test_another_run_here_is_left_alone(offering: _Offering, tmp_path: Path) -> None:
    into = tmp_path / "to"
    into.mkdir()
    (into / "mine.txt").write_text("x")
    with pytest.raises(OutvotedError, match="another run or other files"):
        _fetched(offering, into)
    assert [path.name for path in into.iterdir()] == ["mine.txt"]


def test_more_than_the_disk_has_is_refused_before_anything_is_sent(
    offering: _Offering, tmp_path: Path
) -> None:
    offering.listed.append(FileSent(path="huge", size=1 << 60, sha256="0" * 64))
    with pytest.raises(OutvotedError, match="space for"):
        _fetched(offering, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_run_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = PretendedCluster()
    submit = cluster.submit

    def ends(job: str, *rest: Any) -> None:
        submit(job, *rest)
        cluster.said[job] = (
            "error\nexpected: a run\nfound:    run.json: No such file or directory\nto do:    x\n"
        )
        cluster.ends(job, "FAILED", 2)

    monkeypatch.setattr(cluster, "submit", ends)
    with pytest.raises(OutvotedError, match="No such file or directory"):
        _fetched(cluster, tmp_path / "to")


def test_files_are_offered_to_jobs_alone(run_path: Path) -> None:
    with pytest.raises(OutvotedError, match="started as a job of Ray"):
        sending.offer(run_path, Terminal(quiet=True))
