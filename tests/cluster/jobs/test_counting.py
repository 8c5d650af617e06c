"""What is counted of a run of mining adds up to what is recorded, and to nothing of before."""

from collections import Counter, defaultdict

from rich.console import Console

from outvoted.actors.mining.planning import MiningFigures
from outvoted.actors.mining.shards import Live, Progress
from outvoted.actors.runs.ray_metrics import Meter
from outvoted.actors.runs.run_folder import RunRecord, State
from outvoted.cluster.console.terminal import bars
from outvoted.cluster.jobs.mine.counting import Account, Counting
from outvoted.cluster.ray.supervisor import Leased

BEFORE = Progress(
    searches=100,
    outcomes=Counter(mistake=40, exhausted=60),
    targets=Counter({"mlp-10": 30, "mlp-20": 10}),
    inferences=10_000,
)
STEPS = (
    (BEFORE, Leased(4, 1.0, cells=2)),
    (
        Progress(
            150,
            Counter(mistake=60, exhausted=85, failed=5),
            Counter({"mlp-10": 40, "mlp-20": 20}),
            inferences=15_000,
        ),
        Leased(3, 9.0, 1, 1, 1, 1, 5),
    ),
    (
        Progress(
            200,
            Counter(mistake=80, exhausted=110, failed=10),
            Counter({"mlp-10": 50, "mlp-20": 20, "mlp-30": 10}),
            inferences=20_000,
        ),
        Leased(0, 0.0, 1, 2, 0, 2, 10),
    ),
)


class Sums(Meter):
    """Adds up what is counted, and keeps the last of what is measured."""

    def __init__(self) -> None:
        super().__init__("night", "mine")
        self.sums: dict[tuple[str, ...], float] = defaultdict(float)
        self.last: dict[tuple[str, ...], float] = {}

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        assert amount >= 0
        self.sums[name, *labels.values()] += amount

    def put(self, name: str, value: float, **labels: str) -> None:
        self.last[name, *labels.values()] = value


def counted() -> tuple[Sums, list[dict[str, float]]]:
    sums, now = Sums(), [0.0]
    shown: list[dict[str, float]] = []
    counting = Counting(sums, BEFORE, 500, lambda values: shown.append(dict(values)), lambda: now[0])
    for progress, leased in STEPS[:-1]:
        counting.hear(progress, leased)
        now[0] += 45
    counting.hear(STEPS[-2][0], STEPS[-1][1])
    counting.end(STEPS[-1][0])  # nobody heard of the last shards
    return sums, shown


def test_counters_add_up_to_what_was_recorded_since() -> None:
    sums = {name: value for name, value in counted()[0].sums.items() if value}
    assert sums == {
        ("searches", "mistake"): 40,
        ("searches", "exhausted"): 50,
        ("searches", "failed"): 10,
        ("mistakes", "mlp-10"): 20,
        ("mistakes", "mlp-20"): 10,
        ("mistakes", "mlp-30"): 10,
        ("inferences",): 10_000,
        ("restarts",): 2,
        ("repeated_shards",): 1,
    }


def test_gauges_say_how_it_is_now() -> None:
    assert counted()[0].last == {
        ("waiting_searches",): 300,
        ("leased_shards",): 0,
        ("oldest_lease_seconds",): 0,
        ("cells", "open"): 2,
        ("cells", "starting"): 0,
    }


def test_tensorboard_is_shown_leases_and_losses_once_a_minute() -> None:
    shown = counted()[1]
    assert [values["leases/oldest, seconds"] for values in shown] == [1.0, 0.0]  # not after 45 s
    assert [values["cells/lost"] for values in shown] == [0, 2]
    assert [values["searches/failed in this session"] for values in shown] == [0, 10]


def test_the_bar_counts_what_is_under_way_and_never_goes_back() -> None:
    record = RunRecord(name="night", state=State.RUNNING, config={}, versions={})
    MiningFigures(seconds=60.0).put(record)
    shown = bars(Console(quiet=True))
    account = Account(record, shown, Counting(Sums(), BEFORE, 200, lambda values: None), 400, 100)
    done, (bar,) = list[float](), shown.tasks
    for live in (Live(), Live(70, 5), Live(20, 2), Live(300, 0)):  # a lost cell begins its shard again
        account.hear(STEPS[1][0], live, STEPS[1][1])
        done.append(bar.completed)
    assert done == [150, 220, 220, 400]
    account.end(10.0, STEPS[-1][0], 81)
    assert (bar.completed, bar.fields["mistakes"], bar.fields["failed"]) == (200, 81, 10)
    assert bar.fields["details"] == "81 mistakes, 10 failed, 10 searches/s"  # those of before took no time
    assert MiningFigures.of(record).seconds == 70.0
