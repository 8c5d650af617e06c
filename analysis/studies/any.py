"""All kinds of studies."""

from typing import Annotated

from pydantic import Field

from outvoted.analysis.studies.boundary.kind import BoundaryStudy
from outvoted.analysis.studies.interpolation import InterpolationStudy
from outvoted.analysis.studies.morphs import MorphStudy

AnyStudy = Annotated[BoundaryStudy | MorphStudy | InterpolationStudy, Field(discriminator="kind")]
"""Any study, told apart by its ``kind``."""
