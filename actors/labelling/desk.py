"""Where people label: each sees the images in an order of their own, and may go back to correct."""

import hashlib
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from outvoted.actors.labelling.label_store import Answer, LabelFile, LabelStore, checked
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError

KEYS = string.digits + string.ascii_lowercase
"""The keys of the classes, in their order."""


def order(labeller: str, images: int) -> Ints:
    """Return the images in the order in which a labeller sees them; it follows from the name alone.

    Vlaar (section 2) shuffles the images before they are labelled.
    """
    seed = int.from_bytes(hashlib.sha256(labeller.encode()).digest()[:8])
    return np.random.default_rng(seed).permutation(images)


@dataclass(frozen=True)
class LabellingTask:
    """What there is to label.

    Attributes:
        name: of the study.
        pictures: the images as PNG, in the order of their ids.
        classes: the name of each class.
    """

    name: str
    pictures: Sequence[bytes]
    classes: Sequence[str]


class Sheet:
    """One labeller's answers by place: place 0 is the image seen first."""

    def __init__(self, labeller: str, file: LabelFile, images: int) -> None:
        """Take up where the file ends.

        Raises:
            OutvotedError: it can't be read.
        """
        self._file = file
        self._order = order(labeller, images).tolist()
        self._answers = file.begin()

    @property
    def labels(self) -> list[int | None]:
        """The label at each place, None where there is none yet."""
        answers = map(self._answers.get, self._order)
        return [None if answer is None else answer.label for answer in answers]

    def image(self, place: int) -> int:
        """Return the id of the image at a place."""
        return int(self._order[place])

    def put(self, place: int, answer: Answer) -> int:
        """Give the image at a place its label, or another one than before; it is on disk on return.

        Returns:
            how many images are labelled now.

        Raises:
            OutvotedError: the disk refuses; nothing changed.
        """
        image = self.image(place)
        known = self._answers.get(image)
        if known is None:
            self._file.append(image, answer)
            self._answers[image] = answer
        elif known.label != answer.label:
            corrected = self._answers | {image: answer}
            self._file.write(corrected)
            self._answers = corrected
        return len(self._answers)


class Desk:
    """All labellers of one study."""

    def __init__(self, work: LabellingTask, store: LabelStore) -> None:
        """Take what there is to label, and where labels go; nobody else may write there meanwhile.

        Raises:
            OutvotedError: there are more classes than keys.
        """
        if len(work.classes) > len(KEYS):
            raise OutvotedError(
                expected=f"at most {len(KEYS)} classes, one for each of the keys 0-9 and a-z",
                found=f"{len(work.classes)} classes in {work.name}",
                remedy="label elsewhere, and add the labels with --import FILE.csv",
            )
        self.work = work
        self._store = store
        self._sheets: dict[str, Sheet] = {}

    def sheet(self, labeller: str) -> Sheet:
        """Return a labeller's sheet.

        Raises:
            OutvotedError: the name is not a plain one, or the file can't be read.
        """
        if labeller not in self._sheets:
            checked(labeller, {*self._store.names, *self._sheets})
            file = self._store.file(labeller)
            self._sheets[labeller] = Sheet(labeller, file, len(self.work.pictures))
        return self._sheets[labeller]

    def picture(self, labeller: str, place: int) -> bytes:
        """Return the PNG of the image that a labeller sees at a place."""
        return self.work.pictures[self.sheet(labeller).image(place)]

    def put(self, labeller: str, place: int, label: int) -> int:
        """Record a label with the time; see ``Sheet.put``."""
        return self.sheet(labeller).put(place, Answer(label, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"))
