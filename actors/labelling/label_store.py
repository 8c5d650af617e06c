"""The folder of a study's labels: a file for each labeller."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from outvoted.actors.labelling.label_file import LabelFile
from outvoted.actors.labelling.labels import MISSING, Labels
from outvoted.actors.labelling.names import checked
from outvoted.actors.runs.files import unwritable
from outvoted.search.errors import OutvotedError


class LabelStore:
    """Reads people's labels, and gives the file of each labeller."""

    def __init__(self, path: Path, images: int, classes: int) -> None:
        """Take the folder, and the numbers of images and classes of the study."""
        self.path = path
        self.images = images
        self.classes = classes

    @property
    def names(self) -> tuple[str, ...]:
        """Who has labelled, in alphabetical order."""
        return tuple(sorted(path.stem for path in self.path.glob("[!.]*.csv")))

    def file(self, labeller: str) -> LabelFile:
        """Return a labeller's file, which need not be there yet.

        Raises:
            OutvotedError: the name is no plain one.
        """
        return self._file(checked(labeller, self.names))

    def read(self) -> Labels:
        """Return what all labellers have labelled so far.

        Raises:
            OutvotedError: a file has an unreadable line, an unknown image or class, or two labels of one
                image; it says which line.
        """
        names = self.names
        labels = np.full((len(names), self.images), MISSING, np.int64)
        for row, name in enumerate(names):
            file = self._file(checked(name, names, f"the folder {self.path}"))
            for image, answer in file.read().items():
                labels[row, image] = answer.label
        return Labels(names, labels)

    @contextmanager
    def sole_writer(self) -> Iterator[None]:
        """Keep other processes from writing labels within the block; one that is killed keeps nobody.

        Raises:
            OutvotedError: another process is writing, or the disk refuses.
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
                raise OutvotedError(
                    expected=f"to be the only one who writes to {self.path}",
                    found="another `outvoted label` at work on it",
                    remedy="label on the page of that one, which takes any labeller's name, or end it first",
                ) from error
            yield

    def _file(self, name: str) -> LabelFile:
        return LabelFile(self.path / f"{name}.csv", self.images, self.classes)
