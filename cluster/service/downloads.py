"""Mistakes that were chosen on a page, or by a filter, as a file to keep."""

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from outvoted.analysis.browsing.browsed import BrowsedRun
from outvoted.analysis.browsing.filters import MistakeFilter
from outvoted.analysis.browsing.ordering import MistakeKey
from outvoted.cluster.export.formats import exporter_named
from outvoted.cluster.export.mined import ExportChoice, MinedImages, chosen
from outvoted.cluster.service.errors import NotFoundError, TooLargeError

Format = Literal["folder", "parquet"]
MOST = 10_000
"""Mistakes in a download."""
_TOGETHER = 256


@dataclass(frozen=True)
class Download:
    """A file that was written for one answer, in a folder of its own, which goes when the answer was sent."""

    path: Path
    name: str
    media: str
    room: "tempfile.TemporaryDirectory[str]"


def keys_of(run: BrowsedRun, ids: Sequence[str], one: MistakeFilter) -> list[MistakeKey]:
    """Return which mistakes are meant: those named, or if none is, those that a filter leaves.

    Raises:
        TooLargeError: they are more than are sent at once.
        NotFoundError: there are none.
        OutvotedError: an id is none.
    """
    count = len(ids) if ids else run.count(one)
    if count > MOST:
        raise TooLargeError(
            expected=f"at most {MOST:,} mistakes in one download",
            found=f"{count:,}",
            remedy="choose fewer, or write them all with `outvoted export RUN`",
        )
    keys = [MistakeKey.of(text) for text in dict.fromkeys(ids)] if ids else run.chosen(one, MOST)
    there = [row.key for row in run.rows(keys)] if ids else keys
    if not there:
        raise NotFoundError(
            expected="at least one mistake to download",
            found="none of the run's that is meant",
            remedy="choose others, or widen the filter",
        )
    return there


def download(run: BrowsedRun, name: str, keys: Sequence[MistakeKey], form: Format) -> Download:
    """Write mistakes as `outvoted export` does: a Parquet file, or a folder of images in an archive.

    Raises:
        OutvotedError: a file is damaged, or an image is none.
    """
    room = tempfile.TemporaryDirectory(prefix="outvoted-")
    try:
        place = Path(room.name) / "mistakes"
        exporter_named(form).write(place, _images(run, keys), lambda: None)
        if form == "parquet":
            return Download(place, f"{name}-mistakes.parquet", "application/vnd.apache.parquet", room)
        return Download(_packed(place), f"{name}-mistakes.zip", "application/zip", room)
    except BaseException:
        room.cleanup()
        raise


def _images(run: BrowsedRun, keys: Sequence[MistakeKey]) -> MinedImages:
    def parts(columns: Sequence[str]) -> Iterator[pa.Table]:
        for first in range(0, len(keys), _TOGETHER):
            yield run.table(keys[first : first + _TOGETHER], columns)

    return chosen(parts, run.classes, ExportChoice())


def _packed(folder: Path) -> Path:
    """Put a folder into an archive; pictures are compressed already."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, Path(folder.name) / file.relative_to(folder))
    return path
