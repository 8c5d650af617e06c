"""`outvoted compare`: several strategies on one panel and the same seeds."""

from pathlib import Path

from rich.console import Console

from outvoted.actors.data import datasets
from outvoted.actors.runs.run_record import State
from outvoted.actors.runs.store import RunStore
from outvoted.analysis.comparison.report import comparison_report
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.report import Report
from outvoted.cluster.console.bars import phase
from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.loading import loaded
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import Job, mine, versions
from outvoted.cluster.jobs.networks import check_user_networks
from outvoted.cluster.jobs.runs import data_record, open_record, recorded
from outvoted.cluster.ray.connect import connected
from outvoted.search.trust import named_by


def _is_finished(store: RunStore, config: MineConfig) -> bool:
    """Tell whether a strategy has been mined already, exactly as configured."""
    record = store.read_record()
    return record.state == State.FINISHED and record.config == config.model_dump(mode="json")


def compare_strategies(
    config: CompareConfig, path: Path, address: str, resume: bool, debug: bool, console: Console
) -> Report:
    """Mine with each strategy in turn, each into a run of its own in ``path``, and compare them.

    Raises:
        OutvotedError: as mining raises, for any of the strategies; or a descriptor of the map is
            none of the transform's measures.
    """
    parts = dict(config.parts())
    whole, stores = RunStore(path), {name: RunStore(path / name, path.parent) for name in parts}
    data = loaded(lambda: datasets.load(config.data), console)
    for part in parts.values():
        part.search.check(data.shape, config.panel.names)
    config.map.names(config.search.transform)
    gradients = any(part.search.strategy.gradients for part in parts.values())
    first = next(iter(stores.values()))
    check_user_networks(first, config.panel, config.referee, data, console, gradients)
    record = open_record(whole, config, resume, data_record(data), versions(), "compare")
    with connected(address, debug), recorded(whole, record):
        for name, part in parts.items():
            again = resume and (stores[name].path / "run.json").exists()
            if again and _is_finished(stores[name], part):
                continue
            console.print(name, style="bold", soft_wrap=True)
            mine(Job(part, stores[name], address, again, debug, told=True), console)
        with phase(console, "drawing the comparison"):
            report = comparison_report(OpenedRun(whole, named_by(config)))
            report.write(path)
            return report
