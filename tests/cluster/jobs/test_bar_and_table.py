"""Where a bar ends is what the tables count."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from outvoted.actors.mining.shards import Live, Progress, Shards
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.cluster.console.terminal import Terminal, bars
from outvoted.cluster.jobs.job import Job
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine import kind as mine
from outvoted.cluster.ray.supervisor import Leased
from outvoted.search.plan import Searches


def test_the_bar_ends_at_what_is_recorded(tmp_path: Path) -> None:
    def mined(leases: Any, report: Any, at_once: int) -> None:
        report(Progress(searches=5), Live(30, 20), Leased())  # some are counted twice, some not verified

    crew: Any = SimpleNamespace(mine=mined, ask_each=lambda method: ())
    recorder: Any = SimpleNamespace(health=SimpleNamespace(remote=lambda values: None))
    config = MineConfig()
    job = Job(mine.MINE, config, RunFolder(tmp_path))
    record = RunRecord(name="a", state=State.RUNNING, config={}, versions={})
    searches = Searches(0, 10, config.search.turns(config.panel.names), 100)
    plans: Any = SimpleNamespace(searches=searches, leases=lambda done, size: iter(()))
    layout: Any = SimpleNamespace(cells=2, shards_in_flight=4, shard_size=500)
    with bars(Terminal(quiet=True)) as progress:
        mine._lease_all(job, record, crew, plans, recorder, progress, layout)
        (task,) = progress.tasks
    found = Shards(job.store.path)
    assert task.completed == len(found.done()) == 0
    assert str(task.fields["details"]).startswith(f"{found.table('mistakes').num_rows} mistakes")
