"""`python -m tests.chaos.night`: a night of a cluster, by the commands of whoever submits to it.

Hosts are network namespaces, so it takes root on Linux: a head without CPUs, three workers of one CPU each,
token authentication, the head's state on disk, and an operator's host beside them. Nothing is done but by
commands of ours, `ray start`, and what happens to machines. Every step is checked; a table says how long it
took and what the operator was told.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tests.chaos.bench import Recorded
from tests.chaos.hosts import Host, Hosts, can_be_apart
from tests.chaos.operating import ended
from tests.chaos.overnight import SITE, Door, Night, table
from tests.chaos.rows import Rows
from tests.chaos.strangers import Port, listening

_FEW = 120
"""Searches for each network of the run that loses its command with the head."""


def locally(night: Night) -> Rows:
    """Have the same run made where the operator is, by a Ray of its own; one that is there is taken."""
    at_once = ("--set", "panel.networks.2.arguments.pace=0")
    where = ("--name", "local", "--runs", str(night.folder))
    seconds = 0.0
    if not (night.folder / "local" / "summary.json").exists():
        seconds, _ = night.operator.does("mine", "night.yaml", *where, *at_once)
    rows = Rows(night.folder / "local")
    night.note("the same run where the operator is, to compare", seconds, f"{len(rows.by_key):,} rows")
    return rows


def stopped_and_resumed(night: Night) -> None:
    """Submit, watch, stop, resume."""
    where = ("--runs", str(night.runs), "--off-head")
    seconds, said = night.operator.does("submit", "night.yaml", "--name", "night", *where)
    night.note("`submit night.yaml --off-head`", seconds, said.splitlines()[-5])
    watch = night.watches("night")
    night.heard("searches ")
    night.note("the first rows, seen by `watch`", time.monotonic() - watch.began, night.heard("searches "))
    seconds, said = night.operator.does("submit", "night.yaml", "--name", "night", *where, code=2)
    night.note("the same name once more", seconds, _found(said))
    night.more("night", 1)
    seconds, said = night.operator.does("stop", "night")
    assert night.state("night") == "interrupted"
    night.note("`stop`", seconds, next(line for line in said.splitlines() if "resume" in line))
    _, said = ended(watch, 130)
    again = next(line for line in said.splitlines() if line.strip().startswith("outvoted submit"))
    assert "--off-head" in again
    seconds, said = ended(night.operator.paste(again.strip()))
    night.note("`submit --resume`, as `watch` printed it", seconds, said.splitlines()[-5])
    night.watches("night")
    night.note("more rows", night.more("night", 2))


def strangers_are_refused(night: Night) -> None:
    """Ask all that listens on the head, a worker and the operator's host, without the token and with another.

    Asked on the host itself, where also that answers which listens to the host alone.
    """
    folder = night.folder / "served"
    folder.mkdir(exist_ok=True)
    serving = night.operator.begin("serve", "--no-open", "--runs", str(folder), "--address", night.dashboard)
    night.until(lambda: any("log in at" in line for line in serving.said()), "serving")
    labelling = night.operator.begin("label", str(night.folder / "local"), "--no-browser", "--trust")
    night.until(lambda: any("Label on" in line for line in labelling.said()), "a page for labels")
    served = [serving.pid, labelling.pid]
    for host, pids in [(one, one.processes()) for one in night.hosts.hosts[:2]]:
        night.doors += _asked(night, host, listening(pids))
    night.doors += _asked(night, night.hosts.hosts[-1], listening(served))
    for command in (serving, labelling):
        command.end()
    wrong = {str(door): door.told for door in night.doors if door.told}
    refused = sum(door.refused for door in night.doors)
    night.note(
        f"{refused:,} requests without the token, or with another, to {len(night.doors)} ports",
        0.0,
        "refused all, but for figures, signs of life and the page to log in at",
    )
    assert not wrong, wrong


def _asked(night: Night, host: Host, ports: Sequence[Port]) -> list[Door]:
    places = [f"{host.ip if port.address == 'all' else port.address}:{port.port}" for port in ports]
    command = ["ip", "netns", "exec", host.space, sys.executable, "-m", "tests.chaos.strangers", *places]
    found = subprocess.run(
        command, env=dict(night.operator.env), capture_output=True, timeout=300, check=True
    )
    return [
        Door(host.name, port, len(said["refused"]), tuple(dict.fromkeys(said["answered"])))
        for port, said in zip(ports, json.loads(found.stdout), strict=True)
    ]


def outlives_the_head(night: Night) -> None:
    """Lose the head while the run's command is on a worker."""
    recorded = Recorded(night.runs / "night")
    before = len(recorded.ids())
    began, back = night.head_is_lost()
    assert len(recorded.ids()) > before, "nothing was recorded while the head was away"
    went_on = len(recorded.ids()) - before
    night.note(f"the head loses power; {went_on} searches are recorded while it is away", back - began,
               night.heard("nothing has come", began))  # fmt: skip
    answers = night.heard("answers again", began)
    night.note("the dashboard answers", time.monotonic() - back, answers)
    night.note("more rows, by the same attempt", night.more("night"))
    _, said = night.operator.does(
        "submit", "night.yaml", "--name", "night", "--runs", str(night.runs), code=2
    )
    assert "one that is running" in said


def grows_and_shrinks(night: Night) -> None:
    """Have two machines join, and leave again."""
    assert night.cells() == {"a": 1}, night.cells()
    joining = night.hosts.hosts[2:4]
    began = time.monotonic()
    night.back(*joining)
    night.until(lambda: set(night.cells().values()) == {1}, "grown to three cells")
    night.note("two machines join: 3 cells", time.monotonic() - began, night.heard("join", began, 5.0))
    night.note("more rows", night.more("night", 6))
    began = time.monotonic()
    for host in joining:
        host.away = True
        host.drain()
    night.until(lambda: not any(host.alive for host in joining), "drained")
    assert night.cells() == {"a": 1}, night.cells()
    night.note(
        "both are drained: 1 cell", time.monotonic() - began, night.heard("about to leave", began, 5.0)
    )
    night.note("more rows", night.more("night"))


def fetched(night: Night, local: Rows, name: str = "night") -> None:
    """Fetch a run that goes on, wait for its end, fetch the rest, and compare."""
    seconds, said = night.operator.does("fetch", name)
    night.note("`fetch`, while it goes on", seconds, said.splitlines()[-2])
    assert night.watch is not None
    _, said = ended(night.watch, limit=1200.0)
    night.note("the end, as `watch` says it", time.monotonic() - night.watch.began, f"{name} has finished")
    assert f"{name} has finished" in said
    seconds, said = night.operator.does("fetch", name)
    night.note("`fetch`, the rest", seconds, said.splitlines()[-2])
    same(night, name, local)


def same(night: Night, name: str, local: Rows) -> None:
    """Compare a fetched run, which has finished, with the local one, row by row; it may be a smaller one."""
    rows = Rows(night.operator.folder / "runs" / name)
    found = rows.against(local)
    wrong = found.extra or found.doubled or found.differing or found.failed
    assert not wrong, found
    assert not found.lost or name == "evening", found
    night.note(f"{len(rows.by_key):,} rows compared with the local run's", 0.0, "equal in every column")


def dies_with_the_head(night: Night, local: Rows) -> None:
    """Lose the head that runs the command as well; go on as is told."""
    where = ("--runs", str(night.runs), "--set", f"search.per_target={_FEW}")
    seconds, said = night.operator.does("submit", "night.yaml", "--name", "evening", *where)
    night.note("`submit`, without --off-head", seconds, said.splitlines()[-5])
    watch = night.watches("evening")
    night.heard("searches ")
    night.more("evening", 2)
    began, _ = night.head_is_lost()
    _, said = ended(watch, 2)
    night.note("the head loses power, and the run's command with it", time.monotonic() - began, _found(said))
    again = next(line for line in said.splitlines() if line.strip().startswith("outvoted submit"))
    seconds, said = ended(night.operator.paste(f"{again.strip()} --watch"))
    night.note("the command it printed", seconds, "evening has finished")
    assert "evening has finished" in said
    night.operator.does("fetch", "evening")
    same(night, "evening", local)


def _found(said: str) -> str:
    return next(line.strip() for line in said.splitlines() if "found:" in line)


@contextmanager
def _night(folder: Path, per_target: int, pace: float) -> Iterator[Night]:
    bin_folder = str(Path(sys.executable).parent)
    os.environ["PATH"] = f"{bin_folder}:{os.environ['PATH']}"  # where the head finds the command
    with closing(Hosts(folder, apart=True, site=SITE)) as hosts:
        night = Night(folder, hosts)
        night.operator.prepare(per_target, pace)
        yield night


def main() -> int:
    """Have a night, and print its table; return 1 where a step did not go as it should."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.night", description=__doc__)
    parser.add_argument("--per-target", type=int, default=480, help="searches for each of three networks")
    parser.add_argument("--pace", type=float, default=0.2, help="seconds that a network waits for a batch")
    parser.add_argument("--folder", type=Path, help="a short one that is kept, with all logs")
    options = parser.parse_args()
    if not can_be_apart():
        print("network namespaces can't be made here: it takes root on Linux, and `ip`")
        return 2
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # and leave nothing behind
    folder = options.folder or Path(tempfile.mkdtemp(prefix="ovn-", dir="/tmp"))
    folder.mkdir(exist_ok=True)
    with _night(folder, options.per_target, options.pace) as night:
        local = locally(night)
        wrong = 0
        for happens in (stopped_and_resumed, grows_and_shrinks, strangers_are_refused, outlives_the_head):
            wrong += _fails(happens, night)
        for ends in (fetched, dies_with_the_head):
            wrong += _fails(ends, night, local)
        print(table(night.steps), *night.doors, f"{wrong} went wrong; logs: {folder}", sep="\n")
    return wrong


def _fails(happens: Callable[..., None], *given: object) -> bool:
    """Have something happen; return whether it did not go as it should, which is printed."""
    try:
        happens(*given)
    except Exception:
        traceback.print_exc()
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
