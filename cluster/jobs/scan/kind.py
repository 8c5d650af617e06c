"""`outvoted scan`: from a repository of unlabelled images to those on which one peer dissents."""

import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.pictures import Fit
from outvoted.actors.data.rows import Piece
from outvoted.actors.data.sources import firsts
from outvoted.actors.mining.judge import JudgedChunk
from outvoted.actors.mining.scan_store import ScanFigures, ScanStore
from outvoted.actors.panel import panel_settings
from outvoted.actors.runs.compaction import Compactor
from outvoted.actors.runs.ray_metrics import run_meter
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.console.terminal import command, phase
from outvoted.cluster.jobs.job import Job, Kind, Place, Recorded
from outvoted.cluster.jobs.networks import check_user_networks, run_members, shelved, warn_of
from outvoted.cluster.jobs.pulse import telling
from outvoted.cluster.jobs.scan import ScanConfig
from outvoted.cluster.jobs.scan.pipeline import ChunkReading, Judging, judged
from outvoted.cluster.jobs.workload import Timed, Workload
from outvoted.cluster.ray.placement import Pool, pool
from outvoted.search.errors import OutvotedError

if TYPE_CHECKING:
    from torch import nn

    from outvoted.analysis.report.report import Report


class Scan(Kind[ScanConfig]):
    """Streams a repository of unlabelled images through a panel."""

    name, form = "scan", ScanConfig
    written = "dissents/, scanned/, peers/, summary.json, gallery/*.png"
    offers = frozenset({"label"})

    def load(self, config: ScanConfig) -> Dataset:
        """Load the images that the panel is trained on."""
        return config.load()

    def prepare(self, job: Job[ScanConfig], record: RunRecord, data: Dataset, console: Console) -> Place:
        """List the repository, which must be the one that a resumed scan was started with."""
        config = job.config
        check_user_networks(job.store, config.panel, config.referee, data, console)
        with phase(console, "listing the repository"):
            pieces = config.source.pieces(config.scan.batch)
            images = sum(piece.count for piece in pieces)
        console.print(f"scanning {images:,} images", highlight=False)
        _check_count(record, images)
        return lambda there: partial(_scan, job, record, data, pieces, pool(config.cluster, there))

    def workload(self, config: ScanConfig) -> Workload:
        """Count the panel."""
        return Workload(panel_settings.recipes(config.panel, config.referee))

    def timed(
        self, config: ScanConfig, data: Dataset, peers: "Mapping[str, nn.Module]", seconds: float
    ) -> Iterator[Timed]:
        """Time reading and judging."""
        from outvoted.cluster.jobs.scan.timing import scanning

        yield scanning(config, data, peers, seconds)

    def memory(self, config: ScanConfig, data: Dataset, there: Mapping[str, float]) -> int:
        """Return the bytes of processes, and of the chunk that each holds."""
        chunks = max(1, int(there.get("CPU", 1))) * config.scan.batch * math.prod(data.shape)
        return super().memory(config, data, there) + chunks

    def report(self, run: OpenedRun) -> "Report":
        """Report the dissents of each peer."""
        from outvoted.analysis.scan.report import scan_report

        return scan_report(run)

    def recorded(self, store: RunFolder, record: RunRecord) -> Sequence[Recorded]:
        """Return the table of dissents."""
        return (Recorded(ScanStore(store.path).units, "dissents", None),)

    def next(self, job: Job[ScanConfig], again: str) -> Sequence[str]:
        """Return a command that reads the clearest dissents."""
        dissents = str(job.store.path / "dissents")
        look = f"import pandas; print(pandas.read_parquet({dissents!r}).nlargest(10, 'margin'))"
        return (command("python", "-c", look),)


SCAN = Scan()


def _check_count(record: RunRecord, images: int) -> None:
    """Rows are named by positions: a repository that grew or shrank is another one."""
    figures = ScanFigures.of(record)
    if figures.images not in (None, images):
        raise OutvotedError(
            expected=f"the {figures.images} images that {record.name} was started with",
            found=f"{images} images in the repository",
            remedy="restore the repository, or start a new scan under another --name",
        )
    figures.images = images
    figures.put(record)


def _scan(
    job: Job[ScanConfig], record: RunRecord, data: Dataset, pieces: list[Piece], room: Pool, progress: Bars
) -> None:
    config, size, store = job.config, job.config.scan.batch, ScanStore(job.store.path)
    wanted = panel_settings.recipes(config.panel, config.referee)
    members = run_members(job.store, record, wanted, shelved(job.store.panels, data, room.share, progress))
    job.store.write_record(record)
    warn_of(progress.console, members)
    done = store.done()
    left = [piece for piece in pieces if not done.issuperset(firsts(piece, size))]
    finished = sum(store.scanned().column("images").to_pylist())
    figures = ScanFigures.of(record)
    bar = progress.add_task("images", total=figures.images, completed=finished, details="")
    if not left:
        return
    reading = ChunkReading(Fit(shape=data.shape, sizes=config.scan.sizes), size, done)
    judging = Judging.of(members, data.shape, data.classes, config.panel.batch)
    began, before, fresh = time.monotonic(), figures.seconds, 0
    kept = len(store.dissents())  # of the whole scan, as the table will count them
    compactor = Compactor(store.units)
    for found in judged(left, reading, judging, room, telling(progress.console)):
        store.write(found)
        compactor.wrote()
        _count(found)
        fresh += found.scanned["images"][0].as_py()
        kept += found.dissents.num_rows
        seconds = time.monotonic() - began
        figures.seconds = before + seconds
        figures.put(record)
        details = f"{kept} dissents, {fresh / seconds:.0f} images/s"
        progress.update(bar, completed=finished + fresh, details=details, mistakes=kept)
    compactor.finish()


def _count(found: JudgedChunk) -> None:
    meter, (row,) = run_meter(), found.scanned.to_pylist()
    for outcome in ("unanimous", "dissents", "disputed"):
        meter.add("images", row[outcome], outcome=outcome)
    meter.add("images", len(row["undecodable"]), outcome="undecodable")
    for target, count in Counter(found.dissents["target_name"].to_pylist()).items():
        meter.add("dissents", count, target=target)
