"""The kinds of studies: a new one is a folder beside these, and its name in ``AnyStudy``."""

from typing import Annotated

from pydantic import Field, TypeAdapter

from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.report import Report
from outvoted.analysis.studies.base import Study
from outvoted.analysis.studies.boundary.study import BoundaryStudy
from outvoted.analysis.studies.interpolation.study import InterpolationStudy
from outvoted.analysis.studies.morphs.study import MorphStudy
from outvoted.analysis.studies.opened import OpenedStudy
from outvoted.search.errors import OutvotedError

AnyStudy = Annotated[BoundaryStudy | MorphStudy | InterpolationStudy, Field(discriminator="kind")]
"""Any study, told apart by its ``kind``."""
_STUDY: TypeAdapter[AnyStudy] = TypeAdapter(AnyStudy)


def open_study(run: OpenedRun) -> OpenedStudy:
    """Open what a study has recorded.

    Raises:
        OutvotedError: it is no study, or one of another version or with code that is not trusted.
    """
    if run.record.kind != "study":
        raise OutvotedError(
            expected=f"a run of `outvoted study` in {run.store.path}",
            found=f"a run of `outvoted {run.record.kind}`",
            remedy="choose another run: `outvoted runs` lists them",
        )
    study: Study = run.configured("study", _STUDY)
    return OpenedStudy(study, run)


def study_report(run: OpenedRun) -> Report:
    """Report what a study has shown so far.

    Raises:
        OutvotedError: it has no votes yet, or its data or a file is missing.
    """
    found = open_study(run)
    return found.study.report(found)
