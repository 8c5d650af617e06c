"""What a finished run leaves for its reader: `summary.json` and pictures."""

import json

from outvoted.actors.files import write_atomically
from outvoted.actors.store import RunStore
from outvoted.analysis.gallery import draw_climbs, draw_mistakes
from outvoted.analysis.opened import OpenedRun
from outvoted.analysis.summary import Summary, summarise


def write_report(store: RunStore) -> Summary:
    """Write a run's summary and gallery and return the summary."""
    run = OpenedRun(store)
    summary = summarise(run)
    text = json.dumps(summary.to_json(), indent=2) + "\n"
    write_atomically(store.path / "summary.json", lambda path: path.write_text(text))
    if summary.mistakes:
        draw_mistakes(run, store.path / "gallery" / "mistakes.png")
        draw_climbs(run, store.path / "gallery" / "climbs.png")
    return summary
