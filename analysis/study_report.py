"""What a study leaves for its reader: `summary.json`, pictures, and tables for the terminal."""

from outvoted.actors.files import write_json
from outvoted.analysis.landscape.report import LandscapeFindings, analyse, draw
from outvoted.analysis.studies.opened import OpenedStudy


def write_study_report(study: OpenedStudy) -> LandscapeFindings:
    """Write `summary.json` and ``figures/`` of a study.

    Raises:
        OutvotedError: it has no votes yet, its data or a file is missing, or the disk refuses.
    """
    found = analyse(study)
    write_json(study.store.path / "summary.json", found.to_json())
    draw(study, found, study.store.path / "figures")
    return found
