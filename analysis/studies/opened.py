"""A study as it lies on disk, opened to be read."""

from functools import cached_property
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from outvoted.actors import datasets, members
from outvoted.actors.datasets import Dataset, DataSource
from outvoted.actors.run_record import RunRecord
from outvoted.actors.store import RunStore
from outvoted.actors.study_store import StudyStore
from outvoted.analysis.studies.any import AnyStudy
from outvoted.analysis.studies.base import Study
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

_STUDY: TypeAdapter[AnyStudy] = TypeAdapter(AnyStudy)
_DATA: TypeAdapter[DataSource] = TypeAdapter(DataSource)


class OpenedStudy:
    """Reads a study's configuration, data, images and votes."""

    def __init__(self, path: Path) -> None:
        """Open a folder.

        Raises:
            OutvotedError: it holds no study, or one of another version.
        """
        self.record: RunRecord = RunStore(path).read_record()
        if self.record.kind != "study":
            raise OutvotedError(
                expected=f"a run of `outvoted study` in {path}",
                found=f"a run of `outvoted {self.record.kind}`",
                remedy="choose another run: `outvoted runs` lists them",
            )
        try:
            self.study: Study = _STUDY.validate_python(self.record.config["study"])
        except (KeyError, ValidationError) as error:
            raise OutvotedError(
                expected=f"a study of this version of Outvoted in {path}",
                found=f"another configuration: {str(error).splitlines()[0]}",
                remedy="read it with the version that wrote it: run.json says which",
            ) from error
        self.store = StudyStore(path, self.study.fields())

    @cached_property
    def data(self) -> Dataset:
        """The data set of the study."""
        return datasets.load(_DATA.validate_python(self.record.config["data"]))

    @property
    def classes(self) -> int:
        """The number of classes; votes say it, so that a study can be read where its data set is not."""
        return len(self.votes["probabilities"].iloc[0])

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each class: its number where the data set has none."""
        named = None if self.record.data is None else self.record.data.class_names
        return named or tuple(map(str, range(self.classes)))

    @cached_property
    def images(self) -> pd.DataFrame:
        """How each image was made (schema.study_images), without its pixels.

        Raises:
            OutvotedError: the study has no images yet.
        """
        if not self.store.has_images:
            raise _without_results(self.store.path)
        return pd.DataFrame(self.store.images().drop_columns(["image"]).to_pandas())

    @cached_property
    def pixels(self) -> Pixels:
        """The images; shape (n, channels, height, width)."""
        return self.store.pixels()

    @cached_property
    def votes(self) -> pd.DataFrame:
        """The panel's votes (schema.study_votes).

        Raises:
            OutvotedError: it has not voted yet.
        """
        if not self.store.has_votes():
            raise _without_results(self.store.path)
        return self.store.votes()

    @property
    def architectures(self) -> dict[str, str]:
        """What each peer of the panel is, by its name."""
        return {member.name: member.architecture.label for member in members.load(self.store.peers)}


def _without_results(path: Path) -> OutvotedError:
    return OutvotedError(
        expected=f"images and votes in {path}",
        found="a study without results so far",
        remedy=f"go on with it: `outvoted study CONFIG --name {path.name} --resume`",
    )
