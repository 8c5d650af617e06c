"""Ray's share of the speed of as many processes without Ray, and what takes the rest.

    python -m tests.benchmarks.share --rounds 3

Runs take turns: a process for each core that starts, mines its part and writes its rows into a file, and as
many searches on Ray. The CPU time of each process is that between the first lease and the last row.
"""

import argparse
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
from rich.console import Console

from outvoted.cluster.ray.connect import LOCAL, connected
from outvoted.cluster.ray.crew import Crew
from tests.benchmarks.contenders import in_processes, on_ray
from tests.benchmarks.engine import FULL, ON_RAY, problems
from tests.benchmarks.panels import SMALL_CNNS, trained
from tests.cluster.processes import descendants

_TICKS = os.sysconf("SC_CLK_TCK")
_NAMES = (
    (r"ray::(\w+)", None),
    (r"gcs_server", "gcs_server"),
    (r"/raylet ", "raylet"),
    (r"log_monitor", "log monitor"),
    (r"dashboard/agent|DashboardAgent", "dashboard agent"),
    (r"RuntimeEnvAgent|runtime_env", "environments' agent"),
    (r"monitor\.py", "monitor"),
    (r"multiprocessing", "processes without Ray"),
)


def computed() -> dict[tuple[int, str], float]:
    """Return the CPU seconds of this process and of all below it, by number and name."""
    found = {(os.getpid(), "driver"): _seconds(os.getpid())}
    for process in descendants(os.getpid(), ""):
        try:
            line = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found[process, _name(line)] = _seconds(process)
        except OSError:
            continue
    return found


def _seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _name(line: str) -> str:
    for pattern, name in _NAMES:
        if match := re.search(pattern, line):
            return name or match[1]
    return line[:40]


@contextmanager
def accounted() -> Iterator[list[dict[str, float]]]:
    """Within the block note for each run what each process computed while it was mined."""
    noted: list[dict[str, float]] = []
    mine = Crew.mine

    def measured(self: Crew, *given: Any) -> None:
        before, spent = computed(), defaultdict[str, float](float)
        mine(self, *given)
        for (process, name), after in computed().items():
            known = [value for (number, _), value in before.items() if number == process]
            spent[name] += after - (known[0] if known else 0.0)
        noted.append(spent)

    with patch.object(Crew, "mine", measured):
        yield noted


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strategies", nargs="*", default=[*ON_RAY], choices=[*ON_RAY])
    parser.add_argument("--searches", type=int, help="for each target")
    given = parser.parse_args()
    console, cores = Console(), len(os.sched_getaffinity(0))
    problem, *_ = problems(FULL, 20).values()
    with (
        tempfile.TemporaryDirectory() as folder,
        connected(LOCAL),
        accounted() as noted,
    ):
        for name in given.strategies:
            searches = given.searches or ON_RAY[name]
            alone = in_processes(name, cores, trained(FULL)[1].train, searches)
            ray = on_ray(name, SMALL_CNNS, searches, Path(folder))
            ray(problem, 100)  # trains the panel
            noted.clear()
            rows = []
            for number in range(given.rounds):
                one, other = alone(problem, number), ray(problem, number)
                known = {
                    "mistakes/s": (other.mistakes / other.seconds) / (one.mistakes / one.seconds),
                    "searches/s": (other.searches / other.seconds) / (one.searches / one.seconds),
                    "searches per CPU second": (other.searches / sum(noted[-1].values()))
                    / (one.searches / one.computed),
                }
                rows.append(known | {"seconds without": one.seconds, "CPU without": one.computed})
                rows[-1] |= {"seconds on Ray": other.seconds}
                rows[-1] |= {f"CPU {process}": spent for process, spent in noted[-1].items() if spent > 0.01}
                console.print(name, number, {key: round(value, 3) for key, value in rows[-1].items()})
            console.rule(f"{name}: medians; on Ray to without Ray, then what was spent")
            console.print(pd.DataFrame(rows).median().round(3).to_string())


if __name__ == "__main__":
    main()
