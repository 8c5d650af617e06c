"""`outvoted mine`: from a configuration to a finished run."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import ray
from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset, Images
from outvoted.actors.mining.at_home import Address
from outvoted.actors.mining.planning import MiningFigures, MiningPlan, planned
from outvoted.actors.mining.shards import Shards
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.cost import cost
from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.later import Retries
from outvoted.actors.runs import same_place
from outvoted.actors.runs.ray_metrics import Meter, run_meter
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.actors.runs.watching import unmeasured
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.console.terminal import command, flag, warn
from outvoted.cluster.jobs.job import Job, Kind, Place, Recorded, Work
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.counting import Account, Counting
from outvoted.cluster.jobs.networks import check_user_networks, run_members, shelved
from outvoted.cluster.jobs.pulse import telling
from outvoted.cluster.jobs.run_settings import computing_on
from outvoted.cluster.jobs.workload import MinedPart, Workload
from outvoted.cluster.ray.beside import RunsBeside
from outvoted.cluster.ray.calls import within
from outvoted.cluster.ray.cells import Cell, CellContents, check_same_place, running_recorder
from outvoted.cluster.ray.connect import LOCAL
from outvoted.cluster.ray.crew import Crew
from outvoted.cluster.ray.crew_panel import CrewPanel
from outvoted.cluster.ray.events import MachinesSeen
from outvoted.cluster.ray.layout import Layout, layout
from outvoted.cluster.ray.machines import machines_seen
from outvoted.cluster.ray.roster import CrewLimits
from outvoted.cluster.ray.supervisor import Supervisor
from outvoted.cluster.storage.urls import given_as
from outvoted.search.arrays import Ints
from outvoted.search.climb import Rules
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import named_by

if TYPE_CHECKING:
    from outvoted.analysis.report.report import Report


class Mine(Kind[MineConfig]):
    """Trains a panel, or takes a trained one, and mines it for mistakes."""

    name, form = "mine", MineConfig
    written = "searches/, mistakes/, peers/, summary.json, gallery/*.png"
    offers = frozenset({"replay", "landscape", "label", "Panel.load"})

    def prepare(self, job: Job[MineConfig], record: RunRecord, data: Dataset, console: Console) -> Place:
        """Check that images, panel, strategy and transform fit, and that users' networks can be mined."""
        config = job.config
        config.search.check(data.shape, config.panel.names)
        gradients = config.search.gradients
        check_user_networks(job.store, config.panel, config.referee, data, console, gradients)
        costs = cost(config.panel.networks, data.shape, data.classes)

        def place(there: Mapping[str, float]) -> Work:
            cells = layout(config.cluster, len(config.panel.networks), costs, there)
            console.print(str(cells), soft_wrap=True)
            operations = MiningFigures.of(record).operations or costs.largest
            rules = config.search.rules(len(config.panel.networks), operations)
            if rules.strategy != config.search.strategy:
                console.print(f"strategy: {rules.strategy.label}, picked by {config.search.strategy.label}")
            return partial(_search, job, record, data, cells, rules, operations)

        return place

    def workload(self, config: MineConfig) -> Workload:
        """Count one panel, and its searches."""
        networks = panel_settings.recipes(config.panel, config.referee)
        return Workload(networks, mined={"": MinedPart(config.search)})

    def report(self, run: OpenedRun) -> "Report":
        """Report the mistakes of each target."""
        from outvoted.analysis.mining.report import mining_report

        return mining_report(run)

    def recorded(self, store: RunFolder, record: RunRecord) -> Sequence[Recorded]:
        """Return the tables of all searches."""
        return (Recorded(Shards(store.path).units),)

    def next(self, job: Job[MineConfig], again: str) -> Sequence[str]:
        """Return commands that check, watch and read the mistakes."""
        path = job.store.path
        look = f"import pandas; print(pandas.read_parquet({json.dumps(str(path / 'mistakes'))}))"
        return (
            command("outvoted", "replay", given_as(path), *flag(named_by(job.config))),
            f"{command('outvoted', 'export', given_as(path))}   # images to train on",
            command("tensorboard", "--logdir", path / "tb"),
            command("python", "-c", look),
        )

    def counts(self, store: RunFolder, record: RunRecord) -> tuple[str, str]:
        """Count searches and mistakes."""
        shards = Shards(store.path)
        return MiningFigures.of(record).counts(len(shards.done()), shards.mistakes())


MINE = Mine()
_LEAVING_SECONDS = 2.0


def _search(
    job: Job[MineConfig],
    record: RunRecord,
    data: Dataset,
    layout: Layout,
    rules: Rules,
    operations: int,
    progress: Bars,
) -> None:
    config = job.config
    images = Images(data.train, data.shape, data.classes)
    if config.cluster.retry_failed:
        again = Shards(job.store.path).forget_failed()
        progress.console.print(f"{again:,} failed searches are run again, with their shards", soft_wrap=True)
    recipes = panel_settings.recipes(config.panel, config.referee)
    with (
        running_recorder(job.store.path, progress.console) as recorder,
        _manned(job, layout, recorder, progress) as crew,
    ):
        cpus = ray.cluster_resources().get("CPU", 1)
        trainers = crew.start() if layout.trains(len(recipes), cpus) else layout.share
        check_same_place(job.store.path, recorder)  # while cells start
        train = shelved(job.store.panels, data, trainers, progress, recorder.epoch.remote)
        found = run_members(job.store, record, recipes, train)
        starting = progress.add_task("starting", total=1, details="peers and coordinators")
        retries, home = Retries(config.cluster.retries), Address.of(job.store.path)
        crew.furnish(
            CellContents.placed(rules, found, images, config.panel.batch, retries, _meter(job), home)
        )
        plans = _planned(config, crew, data.train.labels, progress.console)
        progress.update(starting, completed=1)
        plans.figures(MiningFigures.of(record), operations).put(record)
        job.store.write_record(record)
        _lease_all(job, record, crew, plans, recorder, progress, layout)
        check_all_there(job.store, len(Shards(job.store.path).done()), len(plans.searches))


@contextmanager
def _manned(job: Job[MineConfig], layout: Layout, recorder: Any, progress: Bars) -> Iterator[Crew]:
    """Have cells within the block, and someone who watches over them."""
    cluster = job.config.cluster
    limits = CrewLimits(
        most=layout.most,
        in_flight=layout.shards_in_flight,
        wait=cluster.wait,
        need=layout.need,
        inside=layout.inside,
        most_failed=cluster.most_failed,
    )
    neighbours = RunsBeside(job.store.title, cluster.priority, layout.resources)
    usable = partial(computing_on, job.config.device)

    def look(held: int, waiting: int) -> MachinesSeen:
        seen = machines_seen(layout, usable)
        return seen if job.address == LOCAL else neighbours.look(seen, held, waiting)

    supervisor = Supervisor(limits, time.monotonic())
    crew = Crew(supervisor, partial(Cell, layout), recorder, look, telling(progress.console))
    try:
        yield crew
    finally:
        crew.end()
        if job.address != LOCAL:
            within(_LEAVING_SECONDS, neighbours.leave)


def _planned(config: MineConfig, crew: Crew, labels: Ints, console: Console) -> MiningPlan:
    """Plan what is searched, and say what concerns the networks.

    Raises:
        OutvotedError: no network does better than chance, or hardly any seed is undisputed.
    """
    panel = CrewPanel(crew.ask, len(config.panel.names))
    found = planned(panel, config.search, labels, config.panel.names)
    found.standings.check()
    for concern in found.standings.concerns():
        warn(console, concern)
    return found


def _lease_all(
    job: Job[MineConfig],
    record: RunRecord,
    crew: Crew,
    plans: MiningPlan,
    recorder: Any,
    progress: Bars,
    layout: Layout,
) -> None:
    found, meter = Shards(job.store.path), run_meter()
    done, most = found.done(), layout.shard_size
    size, at_once = plans.searches.cut_evenly(done, layout.cells, most, layout.shards_in_flight)
    counting = Counting(meter, found.progress(), len(plans.searches), recorder.health.remote)
    account = Account(record, progress, counting, len(plans.searches), len(done))
    crew.mine(plans.leases(done, size), account.hear, at_once)
    seconds, figures = account.seconds, account.figures
    figures.add_exactness(job.config.panel.names, list(crew.ask_each("exactness")))
    account.end(seconds, found.progress(), found.mistakes())
    if (silent := unmeasured(meter.refused)) is not None:
        warn(progress.console, silent)
    for name, known in figures.exactness.items():
        if known.widened:
            warn(progress.console, _in_doubt(name, known))


def _meter(job: Job[MineConfig]) -> Meter:
    return Meter(job.store.title, MINE.name)


def check_all_there(store: RunFolder, recorded: int, planned: int) -> None:
    """Make sure that what was recorded can be read here, before a run is called finished.

    Raises:
        OutvotedError: rows are missing; the recorder may see another file system than this process.
    """
    if recorded < planned:
        raise OutvotedError(
            expected=f"{planned:,} recorded searches in {store.path.resolve()}",
            found=f"{recorded:,}; what the cells found was written elsewhere, or has been deleted meanwhile",
            remedy=same_place.REMEDY,
        )


def _in_doubt(name: str, known: Exactness) -> str:
    """Say that a peer's bound proved too small."""
    return (
        f"{name}: float32 differed from float64 by more than was allowed for ({known.largest:.2g}); "
        "the bound was widened and shards under way were mined again, but what was recorded before may "
        "differ on another machine"
    )
