"""`outvoted heal`: mine, fine-tune, mine again, three arms side by side."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import ray
from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.healing.arms import ARMS
from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.healing.healing import Healer, Round, Task, healed
from outvoted.actors.panel import panel_settings
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.console.terminal import warn
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.heal.networks import HealNetworks
from outvoted.cluster.jobs.heal.stored import RunSteps, StoredHealing, mistakes_of
from outvoted.cluster.jobs.job import Job, Kind, Place, Recorded
from outvoted.cluster.jobs.labelled import said_by_people
from outvoted.cluster.jobs.networks import check_user_networks, shelved, warn_of
from outvoted.cluster.jobs.pulse import telling
from outvoted.cluster.jobs.workload import MinedPart, Workload
from outvoted.cluster.ray.placement import Share, share_of_task
from outvoted.cluster.ray.work import Errand, carried_out, value
from outvoted.search.trust import named_by

if TYPE_CHECKING:
    from outvoted.analysis.report.report import Report


class Heal(Kind[HealConfig]):
    """Alternates between mining a panel and fine-tuning it, in three arms."""

    name, form = "heal", HealConfig
    written = "rounds/, mistakes/, weights/, summary.json, healing.png"
    offers = frozenset({"label"})

    def prepare(self, job: Job[HealConfig], record: RunRecord, data: Dataset, console: Console) -> Place:
        """Check that images, panel, strategy and transform fit, and that users' networks can be mined."""
        config = job.config
        config.search.check(data.shape, config.panel.names)
        gradients = config.search.gradients
        check_user_networks(job.store, config.panel, config.referee, data, console, gradients)
        if config.heal.labels != "ignore":
            _check_labels(job, console)
        return lambda there: partial(_heal, job, data, share_of_task(config.cluster, there))

    def workload(self, config: HealConfig) -> Workload:
        """Count a panel for each repeat, two minings before healing, and every round of every arm."""
        networks = panel_settings.recipes(config.panel, config.referee)
        repeats, rounds = len(config.heal.seeds), config.heal.rounds * len(ARMS)
        return Workload(
            networks,
            panels=repeats,
            mined={"": MinedPart(config.search, repeats * (2 + rounds))},
            epochs=repeats * rounds * config.heal.epochs,
            besides="fewer rounds if success rates are steady earlier",
        )

    def report(self, run: OpenedRun) -> "Report":
        """Report the success of each arm, round by round."""
        from outvoted.analysis.healing.report import healing_report

        return healing_report(run)

    def recorded(self, store: RunFolder, record: RunRecord) -> Sequence[Recorded]:
        """Return the table with the mistakes of every arm and round."""
        return (mistakes_of(HealStore(store.path)),)


HEAL = Heal()


def _check_labels(job: Job[HealConfig], console: Console) -> None:
    """Read people's labels, and warn if there are none.

    Raises:
        OutvotedError: a file of labels has a line that is wrong; it says which.
    """
    if said_by_people(job.store, mistakes_of(HealStore(job.store.path))) is None:
        warn(
            console,
            f"heal.labels is {job.config.heal.labels}, and nobody has labelled this run's mistakes: rounds "
            "that begin before somebody has are trained on all of them",
        )


def _heal(job: Job[HealConfig], data: Dataset, each: Share, progress: Bars) -> None:
    config, store = job.config, HealStore(job.store.path)
    networks = HealNetworks(config, store, data, shelved(job.store.panels, data, each, progress))
    panels = networks.panels()
    for panel in panels.values():
        warn_of(progress.console, panel)
    healer = networks.healer()
    StoredHealing(store, healer, _as_tasks(healer, each, progress), progress, named_by(config)).run(panels)


def _as_tasks(healer: Healer, each: Share, progress: Bars) -> RunSteps:
    """Have steps run as Ray tasks, all at once."""
    placed = ray.put(healer)

    def run(tasks: Sequence[Task]) -> Iterator[Round]:
        errands = {
            one.step: partial(Errand, f"healing, {one.step.name}", healed, (placed, one)) for one in tasks
        }
        for _, found in carried_out(errands, each, telling(progress.console)):
            yield value(found)

    return run
