"""Small files that are large once read, and pictures that are something else, are refused."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from outvoted.actors.networks import members
from outvoted.actors.runs import png, tables
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.search.errors import OutvotedError
from tests.hostile.altered import with_fact, with_rows
from tests.hostile.conftest import Outvoted

MIB = 1 << 20


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def bomb(side: int) -> bytes:
    """Return a black PNG of many pixels in few bytes."""
    head = side.to_bytes(4) * 2 + bytes((8, 0, 0, 0, 0))
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(side + 1)) for _ in range(side)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def saved(form: str, **options: Any) -> bytes:
    """Return a picture in a format of Pillow's."""
    buffer = io.BytesIO()
    Image.new(options.pop("mode", "RGB"), (4, 4)).save(buffer, form, **options)
    return buffer.getvalue()


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    data = bomb(9000)
    assert len(data) < MIB
    with pytest.raises(OutvotedError, match="9000 × 9000 pixels"):
        png.decode(data)
    head = bomb(1)[:8] + chunk(b"IHDR", (2**31 - 1).to_bytes(4) * 2 + bytes((8, 0, 0, 0, 0)))
    with pytest.raises(OutvotedError):
        png.decode(head)


@pytest.mark.parametrize("form", ["BMP", "GIF", "JPEG", "TIFF", "WEBP", "ICO", "PPM", "EPS", "PDF", "TGA"])
def test_a_picture_of_another_format_is_refused(form: str) -> None:
    with pytest.raises(OutvotedError, match="PNG"):
        png.decode(saved(form))


@pytest.mark.parametrize("mode", ["1", "P", "RGBA", "LA", "I;16"])
def test_a_picture_of_another_mode_is_refused(mode: str) -> None:
    with pytest.raises(OutvotedError, match="mode"):
        png.decode(saved("PNG", mode=mode))


@pytest.mark.parametrize("cut", [0, 3, 20, 40])
def test_a_damaged_picture_is_one_message(cut: int) -> None:
    with pytest.raises(OutvotedError, match="PNG"):
        png.decode(png.encode(np.zeros((1, 30, 30), np.uint8))[:cut])


def test_pictures_of_a_table_are_of_one_size(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [png.encode(np.full((1, 5, side), side, np.uint8)) for side in (5, 5, 6)]
    assert png.decode_all(some[:2]).shape == (2, 1, 5, 5)
    with pytest.raises(OutvotedError, match="images of"):
        png.decode_all(some)
    monkeypatch.setattr(png, "MOST_BYTES", 49)
    with pytest.raises(OutvotedError, match="2 images of 25 bytes"):
        png.decode_all(some[:2])


BOMBS: dict[str, Callable[[], pa.Table]] = {
    "a number": lambda: pa.table({"x": np.zeros(20_000_000)}),
    "nothing": lambda: pa.table({"x": pa.nulls(20_000_000, pa.int64())}),
    "a long text": lambda: pa.table({"x": ["x" * MIB] * 500}),
    "a long text within": lambda: pa.table({"x": [{"bytes": b"x" * MIB, "path": None}] * 500}),
    "a list": lambda: pa.table({"x": [list(range(64)) * 100_000] * 3}),
}


@pytest.mark.parametrize("what", BOMBS)
def test_what_is_small_on_disk_and_large_in_memory_is_refused(what: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    pq.write_table(BOMBS[what](), path, compression="zstd", dictionary_pagesize_limit=64 * MIB)
    assert path.stat().st_size < 2 * MIB
    with pytest.raises(ValueError, match=r"more than [\d.e-]+ GiB"):
        tables.bounded(path, most=32 * MIB)


def test_a_table_that_might_be_too_large_and_is_not_is_read(tmp_path: Path) -> None:
    rows = pa.table({"name": [f"{n}" * 50 for n in range(3000)], "image": [{"bytes": b"x" * 500}] * 3000})
    pq.write_table(rows, tmp_path / "rows.parquet")
    assert tables.bounded(tmp_path / "rows.parquet") == rows
    assert tables.bounded(tmp_path / "rows.parquet", most=4 * MIB) == rows
    assert tables.bounded(tmp_path / "rows.parquet", ["name"], 4 * MIB) == rows.select(["name"])


def test_a_table_of_networks_is_read_within_limits(own: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MOST_BYTES", 100)
    with pytest.raises(OutvotedError, match="more than"):
        members.load(own.peers)


@pytest.mark.usefixtures("payload")
@pytest.mark.parametrize("command", ["report", "replay", "landscape", "load", "runs"])
@pytest.mark.parametrize("deep", [300, 100_000])
def test_a_record_nested_without_end_is_refused(
    deep: int, command: str, own: RunFolder, outvoted: Outvoted
) -> None:
    path = own.path / "run.json"
    with_fact(own, "config.search.strategy", "NESTED")
    path.write_text(path.read_text().replace('"NESTED"', "[" * deep + "]" * deep))
    if command == "runs":
        assert outvoted("runs", "--runs", own.path.parent)[0] == 0
    else:
        assert outvoted(command, own.path)[0] == 2


@pytest.mark.usefixtures("payload")
@pytest.mark.parametrize("deep", [300, 100_000])
def test_an_architecture_nested_without_end_is_refused(deep: int, own: RunFolder, outvoted: Outvoted) -> None:
    text = '{"kind": "mlp", "hidden": ' + "[" * deep + "]" * deep + "}"
    with_rows(own.peers, lambda rows: rows[0].update(architecture=text))
    assert outvoted("report", own.path)[0] == 2
