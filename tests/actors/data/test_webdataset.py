"""WebDataset archives: which samples are read, and what no archive of a stranger's can do."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from outvoted.actors.data.formats.tar_members import tar_members
from outvoted.search.errors import OutvotedError
from tests.actors.data.formats import picture, read, refused

Member = tuple[str, bytes]


def archive(path: Path, members: list[Member], form: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, "w", format=form) as file:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return path


def samples(count: int, label: str = "cls") -> list[Member]:
    """Return pictures, each brighter than the one before, and labels 0 and 1 in turn."""
    return [
        member
        for index in range(count)
        for member in (
            (f"{index:04d}.png", picture(50 + index)),
            (f"{index:04d}.{label}", str(index % 2).encode()),
        )
    ]


LONG = "folder " * 30 + "/" + "n" * 200


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_are_where_tarfile_finds_them(form: int, tmp_path: Path) -> None:
    long = "d" * 60 + "/" + "e" * 70 if form == tarfile.USTAR_FORMAT else LONG
    members = [("a.txt", b"x" * 513), (long, b"some"), ("ü/b", b""), ("c", b"y" * 512)]
    file = archive(tmp_path / "a.tar", members, form)
    found, content = list(tar_members(file, file.open("rb"))), file.read_bytes()
    assert [(one.name, content[one.begin : one.begin + one.size]) for one in found] == members


def test_a_size_may_be_written_in_base_256_or_in_a_pax_header(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.tar", [("a", b"four")])
    content = bytearray(file.read_bytes())
    content[124:136] = bytes([0x80]) + (4).to_bytes(11, "big")
    content[148:156] = b"%06o\0 " % (sum(content[:148]) + 256 + sum(content[156:512]))
    file.write_bytes(content)
    assert [(one.name, one.size) for one in tar_members(file, file.open("rb"))] == [("a", 4)]


def test_any_files_of_a_sample_beside_picture_and_label_are_passed_over(tmp_path: Path) -> None:
    members = [(f"x/{name}", content) for name, content in samples(4)]
    members[2:2] = [("x/0000.caption.txt", b"one"), ("x/0000.pyd", b"a pickle")]
    data = read("webdataset", archive(tmp_path / "a.tar", members), test_share=0)
    assert data.train.labels.tolist() == [0, 1, 0, 1]
    assert data.train.images[:, 0, 0, 0].tolist() == [50, 51, 52, 53]


def test_pictures_and_labels_may_end_otherwise(tmp_path: Path) -> None:
    members = [
        member
        for index in range(4)
        for member in (
            (f"{index}.mask.png", picture(9)),
            (f"{index}.img.png", picture(50 + index)),
            (f"{index}.json", json.dumps({"class": index % 2}).encode()),
        )
    ]
    file = archive(tmp_path / "a.tar", members)
    data = read("webdataset", file, image="img.png", label="json", label_key="class", test_share=0)
    assert data.train.labels.tolist() == [0, 1, 0, 1]
    assert data.train.images[:, 0, 0, 0].tolist() == [50, 51, 52, 53]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("a.png", picture())], "0 labels of 'a'"),
        ([("a.cls", b"1")], "0 pictures"),
        ([("a.png", picture()), ("a.jpg", picture()), ("a.cls", b"1")], "2 pictures"),
        ([("a.png", picture()), ("a.cls", b"1"), ("a.cls", b"0")], "2 labels"),
        ([("a.png", picture()), ("b.png", picture()), ("a.cls", b"1"), ("b.cls", b"0")], "0 labels of 'a'"),
        ([("a.png", picture()), ("a.cls", b"tabby")], "tabby"),
        ([("a.png", picture()), ("a.cls", b"1.5")], "1.5"),
        ([("a.png", picture()), ("a.cls", b"-1")], "label -1"),
        ([("a.png", picture()), ("a.cls", b"9" * 5000)], "999"),
        ([("a.png", picture()), ("a.cls", b"")], "b''"),
        ([], "none"),
    ],
)
def test_a_sample_without_one_picture_and_one_label_is_refused(
    members: list[Member], said: str, tmp_path: Path
) -> None:
    assert said in refused("webdataset", archive(tmp_path / "a.tar", members)).found


@pytest.mark.parametrize("label", [b"[" * 100_000, b"{}", b"[1]", b'{"label": true}', b'{"label": "1"}'])
def test_json_without_a_whole_number_is_refused(label: bytes, tmp_path: Path) -> None:
    file = archive(tmp_path / "a.tar", [("a.png", picture()), ("a.json", label)])
    assert "the label of 'a'" in refused("webdataset", file, label="json").expected


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, b"Q"])
def test_what_is_no_plain_file_is_refused(kind: bytes, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as file:
        member = tarfile.TarInfo("a.png")
        member.type, member.linkname = kind, "/etc/passwd"
        file.addfile(member)
    assert "at byte 0" in refused("webdataset", tmp_path / "a.tar").found


def test_no_name_in_an_archive_leads_anywhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    members = [
        (f"{prefix}{name}", content)
        for prefix, (name, content) in zip(
            ["/", "/", "../../", "../../", f"{outside}/", f"{outside}/"], samples(3), strict=True
        )
    ]
    data = read("webdataset", archive(tmp_path / "a.tar", members), test_share=0)
    assert len(data.train) == 3
    assert not outside.exists()


def test_an_archive_that_was_cut_off_or_joined_with_another_is_refused(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.tar", samples(6))
    whole = file.read_bytes()
    members = list(tar_members(file, file.open("rb")))
    for end in (members[3].begin + 512, members[3].begin, members[3].begin - 1, 512 * 12 + 7, 100, 1):
        file.write_bytes(whole[:end])
        with pytest.raises(OutvotedError, match=r"a\.tar"):
            list(tar_members(file, file.open("rb")))
    file.write_bytes(whole + whole)
    assert "joined" in refused("webdataset", file).found
    file.write_bytes(whole + bytes(2 << 20))
    assert "joined" in refused("webdataset", file).found


def test_a_header_that_claims_more_than_there_is_costs_nothing(tmp_path: Path) -> None:
    for size in (
        b"77777777777\0",
        bytes([0x80]) + b"\x7f" * 11,
        b"\xff" * 12,
        b"-0000000001\0",
        b"99999999999\0",
    ):
        file = archive(tmp_path / "a.tar", [("a.png", picture())])
        content = bytearray(file.read_bytes())
        content[124:136] = size
        content[148:156] = b"%06o\0 " % (sum(content[:148]) + 256 + sum(content[156:512]))
        file.write_bytes(content)
        refused("webdataset", file)


@pytest.mark.parametrize("kind", [b"L", b"x", b"g"])
def test_a_name_without_end_is_refused(kind: bytes, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.USTAR_FORMAT) as file:
        member = tarfile.TarInfo("a")
        member.type, member.size = kind, 1 << 20
        file.addfile(member, io.BytesIO(b"a" * (1 << 20)))
    assert "1,048,576 bytes of names" in refused("webdataset", tmp_path / "a.tar").found


def test_compressed_archives_and_other_files_are_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz"):
        pass
    assert "compressed" in refused("webdataset", tmp_path).found
    (tmp_path / "b.tar").write_bytes(np.random.default_rng(0).bytes(4096))
    assert "no tar header" in refused("webdataset", tmp_path / "b.tar").found
    refused("webdataset", tmp_path / "nowhere.tar")


def test_archives_are_recognised(tmp_path: Path) -> None:
    from outvoted.actors.data.formats.recognised import format_at

    archive(tmp_path / "a.tar", samples(2))
    assert format_at(tmp_path).name == format_at(tmp_path / "a.tar").name == "webdataset"
