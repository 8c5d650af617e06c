"""A study as it lies on disk, opened to be read."""

from functools import cached_property
from pathlib import Path
from shlex import quote

import pandas as pd
from pydantic import TypeAdapter

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.actors.runs.run_record import RunRecord
from outvoted.actors.runs.store import RunStore
from outvoted.actors.studies.study_store import StudyStore
from outvoted.analysis.opened.stored import configured, data_of, record_of
from outvoted.analysis.studies.any import AnyStudy
from outvoted.analysis.studies.base import Study
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import NOTHING, Trust

_STUDY: TypeAdapter[AnyStudy] = TypeAdapter(AnyStudy)


class OpenedStudy:
    """Reads a study's configuration, data, images and votes."""

    def __init__(self, path: Path, trust: Trust = NOTHING) -> None:
        """Open a folder; ``trust`` says what it names and may be imported.

        Raises:
            OutvotedError: it holds no study, or one of another version or with code that is not trusted.
        """
        self.trust = trust
        self.record: RunRecord = record_of(RunStore(path), trust)
        if self.record.kind != "study":
            raise OutvotedError(
                expected=f"a run of `outvoted study` in {path}",
                found=f"a run of `outvoted {self.record.kind}`",
                remedy="choose another run: `outvoted runs` lists them",
            )
        self.study: Study = configured(_STUDY, self.record, "study", path, trust)
        self.store = StudyStore(path, self.study.fields())

    @cached_property
    def data(self) -> Dataset:
        """The data set of the study; its fingerprint must be that of the study."""
        return data_of(self.record, self.store.path, self.trust)

    @cached_property
    def panel(self) -> PanelSettings:
        """How the panel is made and asked."""
        found: PanelSettings = configured(PanelSettings, self.record, "panel", self.store.path, self.trust)
        return found

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """The panel's networks; their fingerprint must be that of the study.

        Raises:
            OutvotedError: they are others, or name code that is not trusted.
        """
        found = members.load(self.store.peers, self.trust)
        if not self.record.has_panel(found):
            raise OutvotedError(
                expected=f"the panel {self.record.panel_fingerprint} of {self.store.path}",
                found=f"other networks or weights in {self.store.peers}",
                remedy="restore the networks that the study was made with",
            )
        return tuple(found)

    @property
    def classes(self) -> int:
        """The number of classes; votes say it, so that a study can be read where its data set is not."""
        return len(self.votes["probabilities"].iloc[0])

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each class: its number where the data set has none, or another number of them."""
        named = None if self.record.data is None else self.record.data.class_names
        return named if named and len(named) == self.classes else tuple(map(str, range(self.classes)))

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
        return {member.name: member.architecture.label for member in self.members}


def _without_results(path: Path) -> OutvotedError:
    return OutvotedError(
        expected=f"images and votes in {path}",
        found="a study without results so far",
        remedy=f"go on with it: `outvoted study CONFIG --name {quote(path.name)} --resume`",
    )
