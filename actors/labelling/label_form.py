"""What a line of labels says: which image it is about, and what may be answered."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import pyarrow as pa

from outvoted.actors.runs.schema import TableSchema
from outvoted.search.errors import OutvotedError

MISSING, NONE, SKIPPED = -1, -2, -3
"""Stand for no answer yet, for "none of the classes can be recognised", and for "I would rather not say"."""
WORDS: Mapping[str, int] = {"none": NONE, "skipped": SKIPPED}
"""What may be answered besides a class, as files and pages have it."""
Key = TypeVar("Key", bound=Hashable)
Row = Mapping[str, str | None]
_LONGEST = 200  # characters of a text that is part of a key


class LabelForm(ABC, Generic[Key]):
    """How labels of one kind of image are written.

    Attributes:
        columns: those that say which image it is.
        given: the values of columns that an imported file may leave out.
        alike: other names of columns that an imported file may have.
        classes: how many classes there are.
        words: what may be answered besides a class, by its number here.
    """

    columns: tuple[str, ...]
    given: ClassVar[Mapping[str, str]] = {}
    alike: ClassVar[Mapping[str, str]] = {}
    classes: int
    words: ClassVar[Mapping[str, int]]

    @abstractmethod
    def key(self, row: Row, where: str) -> Key:
        """Return which image a line is about; ``where`` is "line 3 of labels.csv".

        Raises:
            OutvotedError: it can't be read, or is no image's.
        """

    @abstractmethod
    def written(self, key: Key) -> Sequence[object]:
        """Return the values of ``columns``."""

    @abstractmethod
    def called(self, key: Key) -> str:
        """Return what an error calls the image."""

    def label(self, text: str | None, where: str) -> int:
        """Return an answer.

        Raises:
            OutvotedError: it is none.
        """
        word = self.words.get((text or "").strip())
        return number_below(self.classes, text, "label", where) if word is None else word

    def text(self, label: int) -> str:
        """Write an answer."""
        return next((word for word, number in self.words.items() if number == label), str(label))


def number_below(limit: int, text: str | None, what: str, where: str) -> int:
    """Return a whole number from 0 to ``limit`` - 1.

    Args:
        limit: how many there are.
        text: as it was written; None where the line ends before.
        what: what is numbered: "image", "label".
        where: "line 3 of labels.csv".

    Raises:
        OutvotedError: it is not a number, or out of range.
    """
    written = (text or "").strip()
    if written.isascii() and written.isdecimal() and len(written) < 20 and int(written) < limit:
        return int(written)
    raise OutvotedError(
        expected=f"a whole number from 0 to {limit - 1} as {what} in {where}",
        found=f"'{written[:60]}'" if written else "nothing",
        remedy="fix or delete the line; an image has the number that images/images.parquet gives it"
        if what == "image"
        else "fix or delete the line; classes are numbered from 0, in their order",
    )


class ImagesForm(LabelForm[int]):
    """Labels of a study's images, by their numbers: always a class."""

    columns = ("image_id",)
    alike: ClassVar[Mapping[str, str]] = {"image": "image_id"}
    words: ClassVar[Mapping[str, int]] = {}

    def __init__(self, images: int, classes: int) -> None:
        """Take how many images and classes the study has."""
        self.images, self.classes = images, classes

    def key(self, row: Row, where: str) -> int:
        """Return the number of the image."""
        return number_below(self.images, row["image_id"], "image", where)

    def written(self, key: int) -> Sequence[object]:
        """Return the number."""
        return (key,)

    def called(self, key: int) -> str:
        """Call it by its number."""
        return f"image {key}"


@dataclass(frozen=True)
class ShownImage:
    """What a labeller of mistakes saw: a mistake, or as a control the untouched seed it was made from.

    Attributes:
        mistake: the mistake's key, in the columns of its table.
        seed: whether its seed was shown.
    """

    mistake: tuple[int | str, ...]
    seed: bool = False


class MistakesForm(LabelForm[ShownImage]):
    """Labels of mistakes, by the key of their table: a class, "none", or "skipped".

    A mistake need not be there any more: a run that goes on may have mined it otherwise.
    """

    given: ClassVar[Mapping[str, str]] = {"number": "0", "shown": "mistake"}
    words: ClassVar[Mapping[str, int]] = WORDS

    def __init__(self, table: TableSchema, classes: int) -> None:
        """Take the table in which the mistakes are, and how many classes there are."""
        self._numbers = {name: pa.types.is_integer(table.arrow.field(name).type) for name in table.key}
        self.columns, self.classes = (*table.key, "shown"), classes

    def key(self, row: Row, where: str) -> ShownImage:
        """Return which mistake it is, and whether it or its seed was shown."""
        key = tuple(
            number_below(2**62, row[name], name, where) if number else self._text(row[name], name, where)
            for name, number in self._numbers.items()
        )
        shown = (row["shown"] or "").strip()
        if shown not in ("mistake", "seed"):
            raise OutvotedError(
                expected=f"'mistake' or 'seed' under shown in {where}",
                found=f"'{shown[:60]}'" if shown else "nothing",
                remedy="fix or delete the line",
            )
        return ShownImage(key, shown == "seed")

    def written(self, key: ShownImage) -> Sequence[object]:
        """Return the mistake's key, and what of it was shown."""
        return (*key.mistake, "seed" if key.seed else "mistake")

    def called(self, key: ShownImage) -> str:
        """Call it by the values of its key."""
        named = ", ".join(f"{name} {one}" for name, one in zip(self._numbers, key.mistake, strict=True))
        return f"the seed of {named}" if key.seed else named

    def _text(self, text: str | None, name: str, where: str) -> str:
        found = (text or "").strip()
        if 0 < len(found) <= _LONGEST:
            return found
        raise OutvotedError(
            expected=f"a {name} in {where}", found=f"'{found[:60]}'", remedy="fix or delete the line"
        )
