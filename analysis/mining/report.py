"""What a finished run leaves for its reader: `summary.json` and pictures."""

from pathlib import Path

from outvoted.actors.runs.files import write_json
from outvoted.analysis.mining.every_network import draw_every_network
from outvoted.analysis.mining.gallery import draw_climbs, draw_mistakes
from outvoted.analysis.mining.summary import Summary, summarise
from outvoted.analysis.mining.voters_picture import draw_voters
from outvoted.analysis.opened.opened import OpenedRun


def write_report(run: OpenedRun) -> Summary:
    """Write a run's summary and gallery and return the summary."""
    summary = summarise(run)
    write_json(run.store.path / "summary.json", summary.to_json())
    if summary.mistakes:
        _draw(run, summary, run.store.path / "gallery")
    return summary


def _draw(run: OpenedRun, summary: Summary, folder: Path) -> None:
    draw_mistakes(run, folder / "mistakes.png")
    draw_climbs(run, folder / "climbs.png")
    if summary.voters:
        draw_voters(summary.voters, folder / "voters.png")
    whole = summary.every_network
    if whole is not None and whole.replicas:
        names = [member.name for member in run.peers]
        picture = folder / "every-network.png"
        draw_every_network(run.mistakes.to_pandas(), whole, names, run.record, picture)
