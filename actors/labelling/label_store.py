"""People's labels of a run: a file for each labeller, and all of them together."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import numpy as np

from outvoted.actors.labelling.label_file import Answer, LabelFile
from outvoted.actors.labelling.label_form import MISSING, ImagesForm, Key, LabelForm
from outvoted.actors.labelling.labellers import MOST, checked
from outvoted.actors.runs.files import unwritable
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError


class OccupiedError(OutvotedError):
    """Another process is writing labels there."""


class LabelStore(Generic[Key]):
    """Reads people's labels, and gives the file of each labeller."""

    def __init__(self, path: Path, form: LabelForm[Key]) -> None:
        """Take the folder, and what lines of its files say."""
        self.path = path
        self.form = form

    @property
    def names(self) -> tuple[str, ...]:
        """Who has labelled, in alphabetical order."""
        return tuple(sorted(path.stem for path in self.path.glob("[!.]*.csv")))

    def file(self, labeller: str) -> LabelFile[Key]:
        """Return a labeller's file, which need not be there yet.

        Raises:
            OutvotedError: the name is not a plain one.
        """
        return self._file(checked(labeller, self.names))

    def answers(self) -> dict[str, dict[Key, Answer]]:
        """Return what all labellers have answered so far, by their names.

        Raises:
            OutvotedError: a file has an unreadable line, an unknown image or class, or two labels of one
                image; it says which line. Or there are more than ``MOST`` files.
        """
        names = self.names
        if len(names) > MOST:
            raise OutvotedError(
                expected=f"the labels of at most {MOST} people in {self.path}",
                found=f"{len(names):,} files",
                remedy="remove files of labellers who are not needed",
            )
        return {name: self._file(checked(name, names, f"the folder {self.path}")).read() for name in names}

    @contextmanager
    def sole_writer(self) -> Iterator[None]:
        """Keep other processes from writing labels within the block; one that is killed keeps nobody.

        Raises:
            OccupiedError: another process is writing.
            OutvotedError: the disk refuses.
        """
        place = self.path / ".lock"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            file = place.open("ab")  # empty, whoever opens it
        except OSError as error:
            raise unwritable(place, error) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise OccupiedError(
                    expected=f"to be the only process that writes to {self.path}",
                    found="another `outvoted label` or `outvoted serve` working on it",
                    remedy="use that one's page, which takes any labeller's name, or stop it first",
                ) from error
            yield

    def _file(self, name: str) -> LabelFile[Key]:
        return LabelFile(self.path / f"{name}.csv", self.form)


@dataclass(frozen=True)
class Labels:
    """Labels of the images of one study.

    Attributes:
        names: of the labellers.
        labels: shape (labellers, images), int64, 0 to classes - 1, and -1 where an image has none yet.
        simulated: whether the labellers are noisy networks rather than people.
    """

    names: tuple[str, ...]
    labels: Ints
    simulated: bool = False

    def __len__(self) -> int:
        return len(self.names)

    @property
    def counts(self) -> Ints:
        """How many images each labeller has labelled; shape (labellers,)."""
        return np.asarray((self.labels != MISSING).sum(axis=1))

    def complete(self) -> "Labels":
        """Leave only labellers who have labelled every image."""
        kept = np.flatnonzero((self.labels != MISSING).all(axis=1))
        return Labels(tuple(self.names[row] for row in kept), self.labels[kept], self.simulated)


def image_labels(folder: Path, images: int, classes: int) -> LabelStore[int]:
    """Return the store of labels of a study's images."""
    return LabelStore(folder, ImagesForm(images, classes))


def labels_of(store: LabelStore[int], images: int) -> Labels:
    """Read the labels of a study.

    Raises:
        OutvotedError: a file has a line that is wrong; it says which.
    """
    answers = store.answers()
    labels = np.full((len(answers), images), MISSING, np.int64)
    for row, given in enumerate(answers.values()):
        for image, answer in given.items():
            labels[row, image] = answer.label
    return Labels(tuple(answers), labels)
