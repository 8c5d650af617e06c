"""What a sweep shows: its experiment's tables, claims and pictures, and how easily networks are outvoted."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.claims import claims_table
from outvoted.analysis.report.report import OnStep, Report, Section, pictures, titled
from outvoted.analysis.report.table import Table
from outvoted.analysis.sweeps.kinds import open_sweep
from outvoted.analysis.sweeps.outvoted_settings import draw_outvoted, outvoted_table, summarise_mining

_VERDICTS = {"holds": "claims hold", "does not hold here": "do not hold here", "undecided": "are undecided"}


def sweep_report(run: OpenedRun) -> Report:
    """Report what a sweep, finished or under way, has shown.

    Raises:
        OutvotedError: nothing is trained yet, or its data or a file is missing.
    """
    sweep = open_sweep(run)
    if not sweep.store.outcomes():
        raise run.without("trained networks")
    found = sweep.experiment.findings(sweep)
    mined = None if sweep.mining is None else summarise_mining(sweep)
    tables, drawn = list(found.tables), dict(found.pictures)
    if mined is not None:
        tables.append(outvoted_table(mined))
        drawn["outvoted"] = partial(draw_outvoted, mined)
    tables.append(claims_table(found.claims, found.note))
    verdicts = [str(claim.verdict) for claim in found.claims if not claim.single]
    scored = None if mined is None else mined.to_json()
    shown: dict[str, Callable[[Path], object]] = {f"figures/{name}.png": draw for name, draw in drawn.items()}
    return Report(
        {
            "experiment": {**found.values, "claims": found.claims, "figures": list(found.pictures)},
            "mined": scored,
        },
        tables,
        [
            (f"{len(verdicts):,}", "tests of the paper's claims"),
            *((f"{verdicts.count(verdict)}", text) for verdict, text in _VERDICTS.items()),
        ],
        partial(_sections, tables, run.store.path, list(shown)),
        shown,
        data={} if scored is None else {"outvoted.json": scored},
    )


def _sections(
    tables: Sequence[Table], folder: Path, names: Sequence[str], on_step: OnStep
) -> Iterator[Section]:
    yield Section("Results", parts=tables)
    if names:
        yield Section("Pictures", parts=pictures(folder, {name: titled(name) for name in names}))
