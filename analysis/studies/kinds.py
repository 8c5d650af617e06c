"""The kinds of studies; a new one is a folder beside these, and a name in ``AnyStudy``."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.studies.base import Study
from outvoted.analysis.studies.boundary.study import BoundaryStudy
from outvoted.analysis.studies.interpolation.study import InterpolationStudy
from outvoted.analysis.studies.morphs.study import MorphStudy
from outvoted.analysis.studies.opened import OpenedStudy

if TYPE_CHECKING:
    from outvoted.analysis.report.report import Report

AnyStudy = Annotated[BoundaryStudy | MorphStudy | InterpolationStudy, Field(discriminator="kind")]
"""Any study, by its ``kind``."""


def open_study(run: OpenedRun) -> OpenedStudy:
    """Open a study's run.

    Raises:
        OutvotedError: it is another kind of run, of another version, or names code that is not trusted.
    """
    run.expect("study")
    study: Study = run.configured("study", AnyStudy)
    return OpenedStudy(study, run)


def study_report(run: OpenedRun) -> "Report":
    """Report what a study's votes show so far.

    Raises:
        OutvotedError: it has no votes yet, or its data or a file is missing.
    """
    found = open_study(run)
    return found.study.report(found)
