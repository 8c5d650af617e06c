"""The table of a scan: who dissents how often, and whether the consensus was right."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from outvoted.actors.mining.judge import NO_ANSWER
from outvoted.actors.mining.scan_store import ScanFigures, ScanStore
from outvoted.actors.networks.members import Member
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.numbers import COUNT, SHARE, Form
from outvoted.analysis.report.table import Column, Table, table_of
from outvoted.search.errors import OutvotedError

_PARTS = 10


@dataclass(frozen=True)
class TargetDissents:
    """One peer's dissents. Shares are from 0 to 1, None where nothing is known to take them of.

    Attributes:
        accuracy: share of the scanned images with a known label that this peer gets right.
        share: share of all scanned images on which this peer alone dissents.
        label_correct: share of its dissents on which the consensus is the true label.
        target_correct: share of its dissents on which it is right itself, and its peers wrong.
        valid: share of its dissents on which the referee agrees with the consensus.
    """

    target: str
    test_accuracy: float | None
    accuracy: float | None
    dissents: int
    share: float
    label_correct: float | None
    target_correct: float | None
    valid: float | None


@dataclass(frozen=True)
class MarginTenth:
    """A tenth of the dissents by margin, clearest first: the margins it spans, and who is right."""

    lowest: float
    highest: float
    dissents: int
    label_correct: float | None
    target_correct: float | None


@dataclass(frozen=True)
class ScanSummary:
    """A scan's headline figures."""

    run: str
    state: str
    images: int
    unanimous: int
    dissents: int
    disputed: int
    undecodable: int
    reasons: dict[str, int]
    labelled: int
    unanimous_correct: float | None
    label_correct: float | None
    target_correct: float | None
    valid: float | None
    targets: tuple[TargetDissents, ...]
    tenths: tuple[MarginTenth, ...]
    seconds_scanning: float
    images_per_second: float | None


def summarise_scan(run: OpenedRun) -> ScanSummary:
    """Summarise what a scan has recorded so far."""
    scan, seconds = ScanStore(run.store.path), ScanFigures.of(run.record).seconds
    return summarise_chunks(run.record, scan.scanned(), scan.dissents(), run.peers, seconds)


class Named(Protocol):
    """What a scan is called, and whether it has ended."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def state(self) -> str: ...  # noqa: D102


def summarise_chunks(
    record: Named, scanned: pa.Table, dissents: pd.DataFrame, peers: Sequence[Member], seconds: float
) -> ScanSummary:
    """Summarise the rows of a scan.

    Args:
        scanned, dissents: all rows of both tables.
        seconds: of scanning, 0 where that was not measured.
    """
    counts = {
        name: _sum(scanned, name) for name in ("images", "unanimous", "dissents", "disputed", "labelled")
    }
    hits = np.sum(scanned["correct"].to_pylist(), axis=0) if scanned.num_rows else np.zeros(len(peers))
    missing = pc.list_flatten(scanned["undecodable"]).to_pylist()
    targets = tuple(
        _target(member, dissents[dissents["target"] == index], int(hits[index]), counts)
        for index, member in enumerate(peers)
    )
    known = _sum(scanned, "unanimous_labelled")
    return ScanSummary(
        run=record.name,
        state=record.state,
        **counts,
        undecodable=len(missing),
        reasons=dict(Counter(row["reason"] for row in missing).most_common(10)),
        unanimous_correct=_sum(scanned, "unanimous_correct") / known if known else None,
        label_correct=_mean(dissents["label_correct"]),
        target_correct=_target_correct(dissents),
        valid=_mean(dissents["valid"]),
        targets=targets,
        tenths=tuple(_tenth(part) for part in _split(dissents)),
        seconds_scanning=seconds,
        images_per_second=counts["images"] / seconds if seconds else None,
    )


def check_answered(summary: ScanSummary, where: str) -> None:
    """Refuse a scan in which no image was answered by all networks.

    Args:
        where: what is kept, and where.

    Raises:
        OutvotedError: there was none, because of a network.
    """
    reason = next((reason for reason in summary.reasons if reason.startswith(NO_ANSWER)), None)
    if reason is not None and summary.images == summary.undecodable:
        raise OutvotedError(
            expected="at least one image that all networks answer",
            found=f"for all of {summary.images:,} images, {reason}, or they could not be read",
            remedy=f"fix the network named, or leave it out; {where}",
        )


def scan_table(summary: ScanSummary) -> Table:
    """Return a row for each network."""
    columns = (
        Column("target"),
        Column("accuracy", SHARE, "accuracy" if summary.labelled else "test_accuracy"),
        Column("dissents", COUNT),
        Column("share", Form(2, 100, unit="%")),
        Column("label correct", SHARE, "label_correct"),
        Column("target correct", SHARE, "target_correct"),
        Column("valid", SHARE),
    )
    title = f"{summary.run}: {summary.dissents:,} of {summary.images:,} images with one dissenter"
    return table_of(title, columns, summary.targets, "\n".join(_caption(summary)))


def _caption(summary: ScanSummary) -> list[str]:
    where = "scanned" if summary.labelled else "test"
    lines = [
        f"accuracy: on {where} images; label correct, target correct: share of its dissents on which the "
        "consensus, or the dissenter, has the true label; valid: share on which the referee agrees with the "
        "consensus",
        f"unanimous {summary.unanimous:,}, one dissents {summary.dissents:,}, "
        f"more dissent {summary.disputed:,}, undecodable {summary.undecodable:,}",
    ]
    if summary.label_correct is not None:
        lines.append(
            f"the consensus is correct on {summary.label_correct:.1%} of the dissents and "
            f"{SHARE(summary.unanimous_correct)} of the unanimous images"
        )
    if summary.images_per_second is not None:
        lines.append(f"{summary.images_per_second:,.0f} images per second")
    return lines


def _target(member: Member, dissents: pd.DataFrame, hits: int, counts: dict[str, int]) -> TargetDissents:
    return TargetDissents(
        target=member.name,
        test_accuracy=member.test_accuracy,
        accuracy=hits / counts["labelled"] if counts["labelled"] else None,
        dissents=len(dissents),
        share=len(dissents) / counts["images"] if counts["images"] else 0.0,
        label_correct=_mean(dissents["label_correct"]),
        target_correct=_target_correct(dissents),
        valid=_mean(dissents["valid"]),
    )


def _split(dissents: pd.DataFrame) -> list[pd.DataFrame]:
    """Split dissents, clearest first, into tenths; none is empty."""
    edges = np.linspace(0, len(dissents), _PARTS + 1).round().astype(int)
    parts = (dissents.iloc[first:last] for first, last in pairwise(edges))
    return [part for part in parts if len(part)]


def _tenth(dissents: pd.DataFrame) -> MarginTenth:
    margin = dissents["margin"].to_numpy(dtype=np.float64)
    right = _mean(dissents["label_correct"]), _target_correct(dissents)
    return MarginTenth(float(margin.min()), float(margin.max()), len(dissents), *right)


def _target_correct(dissents: pd.DataFrame) -> float | None:
    known = dissents[dissents["true_label"].notna()]
    return _mean(known["predicted"] == known["true_label"])


def _mean(column: "pd.Series[Any]") -> float | None:
    known = column.dropna()
    return float(known.astype(bool).to_numpy().mean()) if len(known) else None


def _sum(table: pa.Table, name: str) -> int:
    return int(pc.sum(table[name]).as_py() or 0)
