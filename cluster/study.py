"""`outvoted study`: images put to a panel, whose votes are recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray
from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors import datasets, panel_settings
from outvoted.actors.datasets import Dataset
from outvoted.actors.member import Member
from outvoted.actors.monitor import Monitor
from outvoted.actors.ray_voting import vote_remotely
from outvoted.actors.run_record import RunRecord
from outvoted.actors.study_store import StudyStore, vote_rows
from outvoted.analysis.studies.base import Ingredients
from outvoted.cluster.bars import bars
from outvoted.cluster.connect import connected
from outvoted.cluster.lease import result
from outvoted.cluster.mine import versions
from outvoted.cluster.panel_training import check_brought, run_members
from outvoted.cluster.placement import Share
from outvoted.cluster.runs import data_record, open_record, recorded
from outvoted.cluster.study_config import StudyConfig

_MAY_CHANGE = ("cluster.", "data.path")
_VOTE: Any = vote_remotely


@dataclass(frozen=True)
class StudyJob:
    """A study that is about to begin or to go on."""

    config: StudyConfig
    store: StudyStore
    address: str
    resume: bool
    debug: bool = False


def study(job: StudyJob, console: Console) -> None:
    """Make the images, train the panel, and record its votes on every image.

    Raises:
        OutvotedError: something in the configuration, the data, the folder or the cluster must be mended.
        KeyboardInterrupt: the study was cut off; it can be resumed.
    """
    config, store = job.config, job.store
    with console.status("reading the data"):
        data = datasets.load(config.data)
    config.study.check(data)
    with console.status("checking the networks"):
        check_brought(store, config.panel, None, data)
    record = open_record(store, config, job.resume, data_record(data), versions(), "study", _MAY_CHANGE)
    with connected(job.address, job.debug), recorded(store, record):
        if not store.has_images:
            with console.status("making the images"):
                store.write_images(config.study.images(Ingredients(data)))
        with bars(console) as progress:
            found = _trained(job, record, data, progress)
            if not store.has_votes():
                _vote(job, data, found, progress)


def _trained(job: StudyJob, record: RunRecord, data: Dataset, progress: Bars) -> Sequence[Member]:
    wanted = panel_settings.recipes(job.config.panel, None)
    monitor = Monitor(job.store.tensorboard)
    found = run_members(job.store, record, wanted, data, _share(job), progress, monitor.epoch)
    monitor.close()
    job.store.write_record(record)
    return found


def _vote(job: StudyJob, data: Dataset, panel: Sequence[Member], progress: Bars) -> None:
    """Put all images to each network, a task for each, and record the votes."""
    share, placed, arithmetic = _share(job), ray.put(job.store.pixels()), job.config.panel.arithmetic
    task = _VOTE.options(num_cpus=share.num_cpus, num_gpus=share.num_gpus)
    calls = [task.remote(member, placed, data.shape, data.classes, arithmetic) for member in panel]
    bar = progress.add_task("votes", total=len(calls), details="")
    rows = []
    for member, call in zip(panel, calls, strict=True):
        rows.append(vote_rows(member.name, result(call)))
        progress.update(bar, advance=1, details=member.name)
    job.store.write_votes(rows)


def _share(job: StudyJob) -> Share:
    return Share(job.config.cluster.num_cpus, job.config.cluster.num_gpus)
