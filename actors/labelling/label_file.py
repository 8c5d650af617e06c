"""The file of one labeller: a line for each image, on disk before it counts as labelled."""

import csv
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from outvoted.actors.labelling.fields import number_below
from outvoted.actors.runs.files import unwritable, write_atomically
from outvoted.search.errors import OutvotedError

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
            raise self._unreadable(line, "another number of values than the header has")
        where = f"line {line} of {self.path}"
        image = number_below(self._images, row["image_id"], "image", where)
        return image, Answer(number_below(self._classes, row["label"], "label", where), row.get("at") or "")

    def _unreadable(self, line: int | None, found: str) -> OutvotedError:
        where = f"{self.path}" if line is None else f"line {line} of {self.path}"
        return OutvotedError(
            expected=f"labels as image_id,label (and at) in {where}",
            found=found,
            remedy="mend or delete the line; the others are kept",
        )


def _line(image: int, answer: Answer) -> str:
    return f"{image},{answer.label},{answer.at}\n"
