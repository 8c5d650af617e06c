"""Scanning from Python: which unlabelled images does exactly one network see differently from all others?"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Never

import pandas as pd
import pyarrow as pa
from pydantic import Field

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.data.files import walked
from outvoted.actors.data.formats import ArraySource, FolderSource, ParquetSource
from outvoted.actors.data.numbers import Layout
from outvoted.actors.data.pictures import Fit
from outvoted.actors.data.rows import HeldRows, Piece, Source
from outvoted.actors.data.sources import chunks
from outvoted.actors.data.store_path import placed
from outvoted.actors.mining.judge import JudgedChunk, local_judge
from outvoted.actors.networks.computing import undisturbed
from outvoted.analysis.scan.report import held_report
from outvoted.analysis.scan.summary import summarise_chunks
from outvoted.cluster.configuration import reading
from outvoted.cluster.console.terminal import Terminal, bars
from outvoted.cluster.python.configured import RUNS, Config, Where, given, refuse_unknown
from outvoted.cluster.python.findings import HeldFindings
from outvoted.cluster.python.images import Images, unlabelled
from outvoted.cluster.python.panel import Panel
from outvoted.cluster.python.result import Result
from outvoted.cluster.storage.urls import folder_of
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

_LEAST = 3


class Portions(Settings):
    """In what portions images are scanned, and what is done with those of another size."""

    batch: Annotated[int, Field(ge=1, le=10**6)] = 1024
    sizes: Literal["resize", "refuse"] = "resize"


@dataclass(frozen=True)
class _Scan:
    """What a scan in this process is called."""

    name: str = "scan"
    state: str = "finished"


@undisturbed()
def scan(  # noqa: PLR0913 - explicit keywords are what editors and notebooks complete
    panel: Panel | Config,
    images: Images | None = None,
    *,
    layout: Layout | None = None,
    batch: int | None = None,
    sizes: Literal["resize", "refuse"] | None = None,
    progress: bool = True,
    address: str | None = None,
    name: str | None = None,
    resume: bool = False,
    runs: str | Path = RUNS,
    **unknown: Never,
) -> Result:
    """Put unlabelled images to a panel, and keep those on which exactly one network dissents.

    Args:
        panel: a panel of at least 3 networks, or the configuration of a run, as for :func:`outvoted.mine`.
        images: the path of a folder of pictures, of Parquet or of a NumPy file, which is read bit by bit, as
            are sources from ``outvoted.data``; or images in any form that ``Panel(...)`` takes, whose labels,
            if they have any, only score what was found. A configuration names its own.
        layout: of an array, see ``Panel(...)``.
        batch: images that are read and judged as one; 1,024 if left out.
        sizes: "resize" (if left out) stretches images of another size to the panel's; "refuse" counts them as
            undecodable.
        progress, address, name, resume, runs: as for :func:`outvoted.mine`.
        unknown: any other keyword is refused.

    Returns:
        The dissents as its mistakes: ``label`` is what all others answer, ``predicted`` what it does.

    Raises:
        OutvotedError: there are no images, or too few networks, or what :func:`outvoted.mine` raises.
    """
    refuse_unknown(scan, unknown, "scan(...)")
    settings = given(batch=batch, sizes=sizes)
    where = Where(address, name, resume, folder_of(runs), progress)
    if not isinstance(panel, Panel):
        if images is not None:
            settings["source"] = _source(images)
        return _on_ray(panel, settings, where)
    if images is None:
        raise OutvotedError("images to scan", "none", "pass scan(panel, images), say a folder's path")
    if len(panel.names) < _LEAST:
        raise OutvotedError(
            expected=f"a panel of at least {_LEAST} networks: of two that differ, neither is the dissenter",
            found=f"{len(panel.names)}",
            remedy="add a network to the panel",
        )
    if address is not None:
        return _on_ray(panel, {**settings, "source": _source(images)}, where)
    portions = reading.validated(Portions, settings, "scan(...)")
    return _scanned(panel, _pieces(images, layout, portions.batch, progress), portions, progress)


def _scanned(panel: Panel, pieces: list[Piece], settings: Portions, progress: bool) -> Result:
    size, fit = settings.batch, Fit(shape=panel.shape, sizes=settings.sizes)
    members, began = panel.members(), time.monotonic()
    with panel.computing(), bars(Terminal(quiet=not progress)) as bar:
        judge = local_judge(members, panel.shape, panel.data.classes, panel.batch)
        task = bar.add_task("images", total=sum(piece.count for piece in pieces), details="")

        def judged() -> Iterator[JudgedChunk]:
            found = 0
            for chunk in (chunk for piece in pieces for chunk in chunks(piece, fit, size)):
                one = judge.judge(chunk)
                found += one.dissents.num_rows
                bar.update(task, advance=len(chunk), details=f"{found} dissents")
                yield one

        parts = list(judged())
    scanned = pa.concat_tables([one.scanned for one in parts])
    dissents = pa.concat_tables([one.dissents for one in parts])
    peers = [one for one in members if one.role == "peer"]
    seconds = time.monotonic() - began
    frame = pd.DataFrame(dissents.drop_columns(["image", "probabilities"]).to_pandas())
    summary = summarise_chunks(_Scan(), scanned, frame, peers, seconds)
    return Result(
        HeldFindings("scan", partial(held_report, summary), dissents, class_names=panel.class_names)
    )


def _pieces(images: Images, layout: Layout | None, batch: int, progress: bool) -> list[Piece]:
    if isinstance(images, Source | str | Path):
        return _source(images).pieces(batch)
    if isinstance(images, Dataset):
        raise OutvotedError(
            expected="the images of one split to scan",
            found="a data set with two",
            remedy="pass one of them: scan(panel, data.test)",
        )
    if isinstance(images, Split):
        return [Piece(0, HeldRows("labels", images.images, images.labels))]
    found, labels = unlabelled(images, layout, progress)
    if not len(found):
        raise OutvotedError("at least one image to scan", "none", "pass scan(panel, images)")
    return [Piece(0, HeldRows("labels", found, labels))]


def _source(images: Images) -> Source:
    """Return the source that a path is, or the one that was handed over.

    Raises:
        OutvotedError: it is neither.
    """
    if isinstance(images, Source):
        return images
    if not isinstance(images, str | Path):
        raise OutvotedError(
            expected="a path or a source from outvoted.data: images in memory don't travel to Ray",
            found=f"a {type(images).__name__}",
            remedy="leave address out to scan them here, or write them into a folder first",
        )
    path = placed(Path(images)).expanduser()
    if path.is_file() and path.suffix.lower() in (".npy", ".npz"):
        return ArraySource(path=path)
    tables = path.is_dir() and any(file.suffix == ".parquet" for file in walked(path))
    return (
        ParquetSource(path=path) if tables or path.suffix.lower() == ".parquet" else FolderSource(path=path)
    )


def _on_ray(panel: Panel | Config, settings: dict[str, Any], where: Where) -> Result:
    from outvoted.cluster.python.running import on_ray  # which brings Ray

    return on_ray("scan", panel, {"scan": settings}, where)
