"""Two mining runs beside each other: what each found, target by target, and what they cost."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from outvoted.actors.mining.shards import Shards
from outvoted.analysis.comparison.comparison import StrategyRun, compare, comparison_table
from outvoted.analysis.mining.cells import Grid
from outvoted.analysis.mining.summary import Summary, TargetSummary, summarise
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.numbers import COUNT, DECIMAL, SHARE, Form, Number, proportion
from outvoted.analysis.report.report import OnStep, Report, Section
from outvoted.analysis.report.table import Cell, Column, Table
from outvoted.search.errors import OutvotedError

_OFFERED = "mine"
_INTERVALS = "In brackets: Wilson's 95 % intervals, which assume that searches are independent."
_Figure = tuple[str, Form, Callable[[Summary], Number]]


def side_by_side(first: OpenedRun, second: OpenedRun) -> Report:
    """Report two runs, each as far as it has come.

    Raises:
        OutvotedError: one is no run of `outvoted mine`, or has recorded nothing yet.
    """
    for run in (first, second):
        if run.record.kind != _OFFERED:
            raise OutvotedError(
                expected="two runs of `outvoted mine`, whose mistakes can be compared",
                found=f"{run.record.name}, a run of `outvoted {run.record.command}`",
                remedy="look at the report of each",
            )
        if not len(Shards(run.store.path).done()):
            raise run.without("searches")
    summaries = summarise(first), summarise(second)
    names = _names(first, second)
    tables = [_figures(names, summaries), *_by_target(names, summaries)]
    return Report(
        {"runs": list(names)},
        tables,
        sections=partial(_sections, tables, dict(zip(names, (first, second), strict=True))),
    )


def _names(first: OpenedRun, second: OpenedRun) -> tuple[str, str]:
    one, other = first.record.name, second.record.name
    return (one, other) if one != other else (f"{one} (first)", f"{other} (second)")


def _sections(tables: Sequence[Table], runs: dict[str, OpenedRun], on_step: OnStep) -> Iterator[Section]:
    yield Section("Figures", _INTERVALS, tables)
    first, second = runs.values()
    if first.transform.measures != second.transform.measures:
        return
    alike = _differ(first, second)
    text = (
        "Cost and variety of the mistakes of both, over one map of weaknesses."
        if alike is None
        else f"Cost and variety of the mistakes of both. Mind that {alike}: differences are not those of the "
        "search alone."
    )
    rows = compare({name: StrategyRun.of(run) for name, run in runs.items()}, Grid())
    table = comparison_table(rows, "")
    columns = [Column("run"), *table.columns[1:]]
    yield Section("Cost and variety", text, [Table("", columns, table.rows, table.note)])


def _differ(first: OpenedRun, second: OpenedRun) -> str | None:
    """Say what differs between runs that one could take for the same search problem."""
    found = []
    if first.record.panel_fingerprint != second.record.panel_fingerprint:
        found.append("the panels differ")
    one, other = first.record.data, second.record.data
    if one is not None and other is not None and one.fingerprint != other.fingerprint:
        found.append("the data differ")
    if first.search.seed != second.search.seed:
        found.append("the run seeds differ")
    return " and ".join(found) or None


def _figures(names: Sequence[str], summaries: Sequence[Summary]) -> Table:
    wanted: Sequence[_Figure] = (
        ("searches", COUNT, lambda one: sum(row.searches for row in one.targets)),
        ("mistakes", COUNT, lambda one: one.mistakes),
        ("% of searches that found one", Form(1, 100), _success),
        ("% valid", Form(1, 100), _valid),
        ("% realistic", Form(1, 100), lambda one: one.realistic),
        (
            "mistakes per second",
            DECIMAL,
            lambda one: one.mistakes / one.seconds_mining if one.seconds_mining else None,
        ),
        ("mean moves", DECIMAL, lambda one: _mean(one, "moves")),
        ("mean inferences of a success", COUNT, lambda one: _mean(one, "inferences")),
        ("the same, those run", COUNT, lambda one: _mean(one, "inferences_run")),
        ("referee's test accuracy", SHARE, lambda one: one.referee_accuracy),
    )
    rows: list[list[Cell]] = [[what, *(form(of(one)) for one in summaries)] for what, form, of in wanted]
    return Table("", [Column("figure"), *(Column(name, Form(0)) for name in names)], rows)


def _success(summary: Summary) -> Number:
    begun = sum(row.searches for row in summary.targets)
    return proportion(sum(round(row.success * row.searches) for row in summary.targets), begun)


def _valid(summary: Summary) -> Number:
    if summary.validity is None:
        return None
    return proportion(round(summary.validity * summary.mistakes), summary.mistakes)


def _mean(summary: Summary, name: str) -> float | None:
    """Average what is a mean of each target over all mistakes."""
    known = [(getattr(row, name), row.mistakes) for row in summary.targets if getattr(row, name) is not None]
    many = sum(count for _, count in known)
    return sum(value * count for value, count in known) / many if many else None


def _by_target(names: Sequence[str], summaries: Sequence[Summary]) -> list[Table]:
    """Return a row for each network that is a target in both runs."""
    first, second = ({row.target: row for row in one.targets} for one in summaries)
    both = [name for name in first if name in second]
    if not both:
        return []
    share = Form(0, 100)
    columns = [Column("target")]
    for what in ("success %", "valid %", "moves"):
        columns += [Column(f"{what}, {name}", share if "%" in what else DECIMAL) for name in names]
    rows: list[list[Cell]] = []
    for name in both:
        pair = first[name], second[name]
        wins = [proportion(round(one.success * one.searches), one.searches) for one in pair]
        rows.append([name, *wins, *map(_validity, pair), *(one.moves for one in pair)])
    return [Table("Target by target", columns, rows)]


def _validity(row: TargetSummary) -> Number:
    if row.validity is None:
        return None
    return proportion(round(row.validity * row.mistakes), row.mistakes)
