"""What a sweep shows: its experiment's tables, claims and pictures, and how easily networks are outvoted."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.claims import Claim, claims_table
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
    tables, drawn = list(found.tables), {f"figures/{name}.png": draw for name, draw in found.pictures.items()}
    values = {**found.values, "claims": found.claims, "figures": list(drawn)}
    scored = None
    if mined is not None:
        tables.append(outvoted_table(mined))
        drawn["figures/outvoted.png"] = partial(draw_outvoted, mined)
        scored = mined.to_json()
    tables.append(claims_table(found.claims, found.note))
    return Report(
        {"experiment": values, "mined": scored},
        tables,
        _headlines(found.claims),
        partial(_sections, tables, run.store.path, list(drawn)),
        drawn,
        data={} if scored is None else {"outvoted.json": scored},
    )


def _headlines(claims: Sequence[Claim]) -> list[tuple[str, str]]:
    verdicts = [str(claim.verdict) for claim in claims if not claim.single]
    counted = [(f"{verdicts.count(verdict)}", text) for verdict, text in _VERDICTS.items()]
    return [(f"{len(verdicts):,}", "tests of the paper's claims"), *counted]


def _sections(
    tables: Sequence[Table], folder: Path, names: Sequence[str], on_step: OnStep
) -> Iterator[Section]:
    yield Section("Results", parts=tables)
    if names:
        yield Section("Pictures", parts=pictures(folder, {name: titled(name) for name in names}))
