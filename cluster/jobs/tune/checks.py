"""What of a sweep's runs can be refused before any begins: each kind of panel, image and search, once."""

import io
from typing import Any

from rich.console import Console

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.runs.run_folder import RunRecord
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.space import Space
from outvoted.analysis.tuning.trying import try_points
from outvoted.cluster.console.terminal import Terminal
from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.job import Job, Kind
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.jobs.tune import TuneConfig
from outvoted.cluster.jobs.tune.places import run_folder
from outvoted.cluster.jobs.tune.trials import configured
from outvoted.cluster.jobs.tune.worker import data_settings
from outvoted.search.errors import OutvotedError

EXAMPLES = 64
"""Points of a space with ranges whose runs are checked; of listed values these hold each at least once."""


def check_points(space: Space[Any], data: Dataset) -> str | None:
    """Try the points of a space without building anything: each as a whole is a configuration that searches.

    Returns:
        A sentence where there are too many to try all.

    Raises:
        OutvotedError: one is refused; it names the values that are to blame.
    """
    varied = {path.split(".")[0] for path in space.paths}

    def searches(config: Any) -> None:
        parts = [part for _, part in config.parts()] if isinstance(config, CompareConfig) else [config]
        for part in parts:
            if isinstance(part, MineConfig | HealConfig) and "data" not in varied:
                part.search.check(data.shape, part.panel.names)

    return try_points(space, searches)


def check_runs(
    kind: Kind[Any],
    job: Job[TuneConfig],
    space: Space[Any],
    record: RunRecord,
    data: Dataset,
    console: Console,
) -> None:
    """Have the runs' own kind check what it would before each of them; say what it says of any once.

    Networks may be large: each panel is checked once, whatever else is varied beside it.

    Raises:
        OutvotedError: a run would be refused; it says which values are to blame.
    """
    loaded = {data_settings(job.config.base): data}
    said, checked = dict[str, None](), set[str]()
    for point in space.examples(EXAMPLES):
        config = configured(space, point)
        apart, name = _apart(config), data_settings(config)
        if apart in checked:
            continue
        checked.add(apart)
        try:
            if name not in loaded:
                loaded = {name: kind.load(config)}
            images = loaded[name]
            for line in _said(kind, job, config.settled(images.shape[0]), record, images):
                said[line] = None
        except OutvotedError as error:
            raise _at(point, error) from error
    for line in said:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _apart(config: Any) -> str:
    """Return what tells runs apart whose kind has to check them: how they search is checked already."""
    search = getattr(config, "search", None)
    rest: str = config.model_dump_json(exclude={"search"})
    return rest if search is None else f"{rest} {search.gradients}"


def _said(
    kind: Kind[Any], job: Job[TuneConfig], config: RunSettings, record: RunRecord, data: Dataset
) -> list[str]:
    """Have a run checked, and return what was printed of it."""
    said = io.StringIO()
    store = run_folder(job.store.path, "unnamed")
    kind.prepare(
        Job(kind, config, store, job.address), record.model_copy(), data, Terminal(file=said, width=10_000)
    )
    return [line.rstrip() for line in said.getvalue().splitlines() if line.strip()]


def _at(point: Point, error: OutvotedError) -> OutvotedError:
    values = ", ".join(f"{path}={value}" for path, value in point.values.items())
    return OutvotedError(error.expected, f"{error.found} (where {values})", error.remedy)
