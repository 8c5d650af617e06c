"""People's labels of a study: who may label, a file for each labeller, and all of them together."""

import csv
import fcntl
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from outvoted.actors.runs.files import unwritable, write_atomically
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError

MISSING = -1


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


SIMULATED = "simulated"
MOST = 200
"""As many people may label one study."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def checked(name: str, known: Iterable[str], where: str = "") -> str:
    """Return the name of a person who labels, if it is plain and can be told from the others'.

    Args:
        name: as it was given.
        known: the names of all who have labelled.
        where: what to say of the place it was found in, such as "line 3 of labels.csv".

    Raises:
        OutvotedError: it has other characters than letters, digits, hyphens and underscores, begins like
            those of simulated labellers, or is another's but for capitals; or there are ``MOST`` already.
    """
    known = set(known)
    found = f"{name[:60]!a}" + (f" in {where}" if where else "")
    if not _PLAIN.fullmatch(name):
        raise OutvotedError(
            expected="a labeller's name of at most 40 letters a-z, digits, hyphens and underscores",
            found=found,
            remedy="choose another name; initials or a number will do",
        )
    if name.lower().startswith(SIMULATED):
        raise OutvotedError(
            expected="the name of a person",
            found=f"{found}: such names are reserved for simulated labellers",
            remedy="choose a name that does not begin that way",
        )
    alike = [other for other in known if other != name and other.lower() == name.lower()]
    if alike:  # one file on some systems, two on others
        raise OutvotedError(
            expected=f"a name that differs from '{alike[0]}' by more than capitals",
            found=found,
            remedy=f"continue as '{alike[0]}', or choose another name",
        )
    if name not in known and len(known) >= MOST:
        raise OutvotedError(
            expected=f"at most {MOST} labellers of one study",
            found=f"{found}, one too many",
            remedy="continue under an existing name, or remove files of labellers who are not needed",
        )
    return name


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
    if written.isascii() and written.isdecimal() and len(written) < 10 and int(written) < limit:
        return int(written)
    raise OutvotedError(
        expected=f"a whole number from 0 to {limit - 1} as {what} in {where}",
        found=f"'{written}'" if written else "nothing",
        remedy="fix or delete the line; an image has the number that images/images.parquet gives it"
        if what == "image"
        else "fix or delete the line; classes are numbered from 0, in their order",
    )


HEADER = ("image_id", "label", "at")
_END = "Z"  # of a time in UTC, and so of a whole line


@dataclass(frozen=True)
class Answer:
    """A label; ``at`` is when it was given, in UTC as 2026-01-31T12:00:00Z, or empty if that isn't known."""

    label: int
    at: str = ""


class LabelFile:
    """Reads and writes ``image_id,label,at``.

    A new label is appended and forced to disk; a corrected one replaces its line, by rewriting the file
    atomically. So there is one line for each image, and a last line that was cut off belongs to a label
    that was never acknowledged: it is passed over, and dropped before the next one is written.
    """

    def __init__(self, path: Path, images: int, classes: int) -> None:
        """Take the file's path, and the numbers of images and classes there are."""
        self.path = path
        self._images = images
        self._classes = classes

    def read(self) -> dict[int, Answer]:
        """Return the answers by image, in the order of the file.

        Raises:
            OutvotedError: a line can't be read, names an unknown image or class, or labels an image again;
                it says which line.
        """
        if not self.path.exists():
            return {}
        answers: dict[int, Answer] = {}
        lines: dict[int, int] = {}
        for line, row in self._rows():
            image, answer = self._parsed(line, row)
            if image in lines:
                raise OutvotedError(
                    expected=f"one label for image {image} in {self.path}",
                    found=f"two, in lines {lines[image]} and {line}",
                    remedy="delete the line that is wrong",
                )
            answers[image], lines[image] = answer, line
        return answers

    def begin(self) -> dict[int, Answer]:
        """Make the file ready for ``append``, and return what it holds already.

        Raises:
            OutvotedError: as of ``read``, or the disk refuses.
        """
        answers = self.read()
        if answers:
            self.write(answers)
        elif self.path.exists():
            self.path.unlink()  # not a whole line in it
        return answers

    def append(self, image: int, answer: Answer) -> None:
        """Add a label of an image that has none, to a file that was begun; it is on disk on return.

        Raises:
            OutvotedError: the disk refuses; the file is as it was.
        """
        if not self.path.exists():
            self.write({image: answer})
            return
        size = self.path.stat().st_size
        try:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                file.write(_line(image, answer))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                os.truncate(self.path, size)
            raise unwritable(self.path, error) from error

    def write(self, answers: Mapping[int, Answer]) -> None:
        """Replace the file.

        Raises:
            OutvotedError: the disk refuses.
        """
        text = ",".join(HEADER) + "\n" + "".join(_line(image, answer) for image, answer in answers.items())
        write_atomically(self.path, lambda partial: partial.write_text(text, encoding="utf-8", newline=""))

    def _rows(self) -> Iterator[tuple[int, dict[str, str | None]]]:
        """Give the lines that are not blank, with their numbers from 1; the header is line 1."""
        rows = csv.DictReader(io.StringIO(self._text(), newline=""), restkey="more")
        try:
            names = rows.fieldnames or ()
            if not {"image_id", "label"} <= set(names) <= set(HEADER):
                raise self._unreadable(1, f"the header {','.join(names)!r}")
            for row in rows:
                yield rows.line_num, row
        except csv.Error as error:
            raise self._unreadable(rows.line_num, str(error)) from error

    def _text(self) -> str:
        """Read the file without a last line that was cut off."""
        try:
            text = self.path.read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise self._unreadable(None, str(error)) from error
        ours = text.startswith(",".join(HEADER) + "\n")
        return text if text.endswith(_END) or not ours else text[: text.rfind("\n") + 1]

    def _parsed(self, line: int, row: Mapping[str, str | None]) -> tuple[int, Answer]:
        if "more" in row or None in row.values():
            raise self._unreadable(line, "a different number of values than the header has")
        where = f"line {line} of {self.path}"
        image = number_below(self._images, row["image_id"], "image", where)
        return image, Answer(number_below(self._classes, row["label"], "label", where), row.get("at") or "")

    def _unreadable(self, line: int | None, found: str) -> OutvotedError:
        where = f"{self.path}" if line is None else f"line {line} of {self.path}"
        return OutvotedError(
            expected=f"labels as image_id,label (and at) in {where}",
            found=found,
            remedy="fix or delete the line; the others are kept",
        )


def _line(image: int, answer: Answer) -> str:
    return f"{image},{answer.label},{answer.at}\n"


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
            OutvotedError: the name is not a plain one.
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
                    expected=f"to be the only process that writes to {self.path}",
                    found="another `outvoted label` working on it",
                    remedy="use that one's page, which takes any labeller's name, or stop it first",
                ) from error
            yield

    def _file(self, name: str) -> LabelFile:
        return LabelFile(self.path / f"{name}.csv", self.images, self.classes)
