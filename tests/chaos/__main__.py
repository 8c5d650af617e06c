"""`python -m tests.chaos`: strike runs with faults by a fixed seed, and note what came of each.

As root, runs take place on hosts made of network namespaces too, and disks are filled; else only on this
machine.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.bench import Bench
from tests.chaos.drill import drill, not_struck
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.hosts import Hosts, can_be_apart
from tests.chaos.machines import Alone
from tests.chaos.outcomes import Outcome, read

_TOGETHER = 9
"""Faults that strike one run, one after the other."""
_AT_FIRST = ("beginning", "training", "starting")
_ON_CLUSTER = 0.75
_PER_TARGET, _PACE = 240, 0.06


def chosen(count: int, seed: int, faults: Sequence[Fault], struck: Iterable[Outcome] = ()) -> list[Fault]:
    """Return faults in a random order, those first that were struck least so far."""
    chance, found = random.Random(seed), list[Fault]()
    times = Counter(outcome.fault for outcome in struck)
    while len(found) < count:
        least = min(times[fault.name] for fault in faults)
        found.append(chance.choice([fault for fault in faults if times[fault.name] == least]))
        times[found[-1].name] += 1
    return found


def grouped(faults: Sequence[Fault], seed: int) -> list[tuple[bool, list[Fault]]]:
    """Return what strikes one run each, and whether on a cluster: by chance, where it can be anywhere."""
    chance = random.Random(seed)
    groups: dict[tuple[bool, bool, bool, tuple[str, ...]], list[Fault]] = {}
    found: list[tuple[bool, list[Fault]]] = []
    for fault in faults:
        cluster = fault.needs in ("cluster", "hosts") or (not fault.needs and chance.random() < _ON_CLUSTER)
        apart = fault.moment == "drawing"
        alike = (cluster, fault.needs == "disk", apart, tuple(fault.settings))
        group = groups.get(alike, [])
        if not group or len(group) == _TOGETHER or fault.moment in _AT_FIRST or apart:
            group = groups[alike] = []
            found.append((cluster, group))
        group.append(fault)
        group.sort(key=_turn)
    return found


def _turn(fault: Fault) -> tuple[bool, bool]:
    """Sort first what strikes at the beginning, and last what is lost for as long as the command runs."""
    return fault.moment not in _AT_FIRST, fault.lasting


def main() -> int:
    """Strike, and return how many faults did not end as they should."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # and leave nothing behind
    signal.signal(signal.SIGINT, signal.default_int_handler)  # not ignored, as in the background
    apart = can_be_apart()
    lacking = ["hosts"] * (not apart) + ["disk"] * (os.geteuid() != 0)
    possible = [
        one for one in FAULTS if one.needs not in lacking and any(words in one.name for words in options.only)
    ]
    struck = read(options.record) if options.record.exists() else []
    plan = grouped(chosen(options.faults, options.seed, possible, struck), options.seed)
    outcomes: list[Outcome] = []
    with _folder(options.folder) as folder:
        bench = Bench(folder, _PER_TARGET, _PACE)
        undisturbed = bench.undisturbed(Alone())
        for cluster in (True, False):
            waiting = [faults for where, faults in plan if where == cluster]
            with closing(Hosts(folder, apart) if cluster and waiting else Alone()) as machines:
                for number, faults in enumerate(waiting):
                    seed = options.seed * 1000 + 500 * cluster + number
                    found = drill(faults, bench, machines, undisturbed, seed)
                    outcomes += found
                    _note(options.record, found)
                    if found and len(found) < len(faults):  # the run was over too soon
                        waiting.append(not_struck(faults, found))
    bad = sum(not outcome.good for outcome in outcomes)
    print(f"{len(outcomes)} faults, {bad} runs that did not end as they should", flush=True)
    return min(bad, 99)


def _note(record: Path, outcomes: Sequence[Outcome]) -> None:
    with record.open("a") as file:
        file.writelines(outcome.model_dump_json() + "\n" for outcome in outcomes)
    for outcome in outcomes:
        _say(f"{'ok ' if outcome.good else 'BAD'} {outcome}")


def _say(text: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", flush=True)


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """Have a folder, of a short name as sockets need it; only one that was asked for is kept."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="ovc-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=100, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="which faults, and when they strike")
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="WORDS", help="only faults with these words in their names"
    )
    parser.add_argument("--folder", type=Path, help="where runs and logs are kept; a temporary one else")
    parser.add_argument(
        "--record",
        type=Path,
        default=Path("build/chaos.jsonl"),
        help="to which outcomes are added; what was struck least by then is struck first",
    )
    options = parser.parse_args()
    options.record.parent.mkdir(parents=True, exist_ok=True)
    return options


if __name__ == "__main__":
    sys.exit(main())
