"""`outvoted scan`: from a repository of unlabelled images to those on which one peer dissents."""

import time
from dataclasses import dataclass

import ray
from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data.chunks import firsts
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.pictures import Fit
from outvoted.actors.data.rows import Piece
from outvoted.actors.mining.scan_store import ScanStore
from outvoted.actors.panel import panel_settings
from outvoted.actors.runs.run_record import RunRecord
from outvoted.actors.runs.store import RunStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.scan.report import scan_report
from outvoted.cluster.console.bars import bars, phase
from outvoted.cluster.jobs.loading import loaded
from outvoted.cluster.jobs.mine.kind import versions
from outvoted.cluster.jobs.networks import check_user_networks, run_members, warn_of
from outvoted.cluster.jobs.runs import data_record, open_record, recorded
from outvoted.cluster.jobs.scan import ScanConfig
from outvoted.cluster.jobs.scan.pipeline import Reading, judged
from outvoted.cluster.ray.connect import connected
from outvoted.cluster.ray.placement import Pool, Share, pool
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import named_by


@dataclass(frozen=True)
class ScanJob:
    """A scan that is about to begin: what to do, and where it goes."""

    config: ScanConfig
    store: RunStore
    address: str
    resume: bool
    debug: bool = False


def scan(job: ScanJob, console: Console) -> RunStore:
    """Scan a repository to its end and write the report.

    Raises:
        OutvotedError: something in the configuration, the data, the folder or the cluster must be mended.
        KeyboardInterrupt: the scan was cut off; it can be resumed.
    """
    config = job.config
    data = loaded(config.load, console)
    check_user_networks(job.store, config.panel, config.referee, data, console)
    with phase(console, "listing the repository"):
        pieces = config.source.pieces(config.scan.batch)
        images = sum(piece.count for piece in pieces)
    console.print(f"scanning {images:,} images", highlight=False)
    record = open_record(job.store, config, job.resume, data_record(data), versions(), "scan")
    _check_count(record, images)
    with connected(job.address, job.debug):
        room = pool(config.cluster, ray.cluster_resources())
        with recorded(job.store, record), bars(console) as progress:
            _scan(job, record, data, pieces, room, progress)
    with phase(console, "drawing the report"):
        scan_report(OpenedRun(job.store, named_by(config))).write(job.store.path)
    return job.store


def _check_count(record: RunRecord, images: int) -> None:
    """Rows are named by positions: a repository that grew or shrank is another one."""
    if record.images not in (None, images):
        raise OutvotedError(
            expected=f"the {record.images} images that {record.name} was begun with",
            found=f"{images} images in the repository",
            remedy="restore the repository, or start a new scan under another --name",
        )
    record.images = images


def _scan(
    job: ScanJob, record: RunRecord, data: Dataset, pieces: list[Piece], room: Pool, progress: Bars
) -> None:
    config, size, store = job.config, job.config.scan.batch, ScanStore(job.store.path)
    wanted = panel_settings.recipes(config.panel, config.referee)
    each = Share(room.cpus, room.gpus)
    members = run_members(job.store, record, wanted, data, each, progress, lambda *_: None)
    job.store.write_record(record)
    warn_of(progress.console, members)
    done = store.done()
    left = [piece for piece in pieces if not done.issuperset(firsts(piece, size))]
    finished = sum(store.scanned().column("images").to_pylist())
    bar = progress.add_task("images", total=record.images, completed=finished, details="")
    if not left:
        return
    reading = Reading(Fit(shape=data.shape, sizes=config.scan.sizes), size, done)
    judging = (members, data.shape, data.classes, config.panel.arithmetic)
    began, before, fresh = time.monotonic(), record.seconds_scanning, 0
    kept = len(store.dissents())  # of the whole scan, as the table will count them
    for found in judged(left, reading, judging, room, config.cluster.memory << 20):
        store.write(found)
        fresh += found.scanned["images"][0].as_py()
        kept += found.dissents.num_rows
        seconds = time.monotonic() - began
        record.seconds_scanning = before + seconds
        details = f"{kept} dissents, {fresh / seconds:.0f} images/s"
        progress.update(bar, completed=finished + fresh, details=details)
