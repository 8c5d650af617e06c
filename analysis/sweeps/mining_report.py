"""The report of a sweep that was mined: a picture, and the figures as JSON."""

from outvoted.actors.runs.files import write_json
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.outvoted_settings import MiningReport, summarise_mining
from outvoted.analysis.sweeps.outvoted_settings_picture import draw_outvoted


def write_mining_report(sweep: OpenedSweep) -> MiningReport:
    """Write a sweep's ``outvoted.json`` and ``figures/outvoted.png`` and return what they show.

    Raises:
        OutvotedError: the sweep is not configured to be mined, or a file cannot be read or written.
    """
    report, path = summarise_mining(sweep), sweep.store.path
    write_json(path / "outvoted.json", report.to_json())
    draw_outvoted(report, path / "figures" / "outvoted.png")
    return report
