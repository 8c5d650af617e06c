"""One labeller's labels on disk: a line for each image, and nothing acknowledged is ever lost."""

import csv
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from outvoted.actors.labelling.label_form import Key, LabelForm
from outvoted.actors.runs.files import unwritable, write_atomically
from outvoted.search.errors import OutvotedError

_END = "Z"  # of a time in UTC, and so of a whole line
_MOST_BYTES = 1 << 24  # of a file: 300,000 labels


@dataclass(frozen=True)
class Answer:
    """A label; ``at`` is when it was given, in UTC as 2026-01-31T12:00:00Z, or empty if that isn't known."""

    label: int
    at: str = ""


class LabelFile(Generic[Key]):
    """Reads and writes what says which image it is, then ``label,at``.

    A new label is appended and forced to disk; a corrected one replaces its line, by rewriting the file
    atomically. So there is one line for each image, and a last line that was cut off belongs to a label
    that was never acknowledged: it is passed over, and dropped before the next one is written.
    """

    def __init__(self, path: Path, form: LabelForm[Key]) -> None:
        """Take the file's path, and what its lines say."""
        self.path = path
        self._form = form
        self._header = (*form.columns, "label", "at")

    def read(self) -> dict[Key, Answer]:
        """Return the answers by image, in the order of the file.

        Raises:
            OutvotedError: a line can't be read, names an unknown image or class, or labels an image again;
                it says which line.
        """
        if not self.path.exists():
            return {}
        answers: dict[Key, Answer] = {}
        lines: dict[Key, int] = {}
        for line, row in self._rows():
            key, answer = self._parsed(line, row)
            if key in lines:
                raise OutvotedError(
                    expected=f"one label for {self._form.called(key)} in {self.path}",
                    found=f"two, in lines {lines[key]} and {line}",
                    remedy="delete the line that is wrong",
                )
            answers[key], lines[key] = answer, line
        return answers

    def begin(self) -> dict[Key, Answer]:
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

    def append(self, key: Key, answer: Answer) -> None:
        """Add a label of an image that has none, to a file that was begun; it is on disk on return.

        Raises:
            OutvotedError: the disk refuses; the file is as it was.
        """
        if not self.path.exists():
            self.write({key: answer})
            return
        size = self.path.stat().st_size
        try:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                file.write(self._lines({key: answer}))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                os.truncate(self.path, size)
            raise unwritable(self.path, error) from error

    def write(self, answers: Mapping[Key, Answer]) -> None:
        """Replace the file.

        Raises:
            OutvotedError: the disk refuses.
        """
        text = ",".join(self._header) + "\n" + self._lines(answers)
        write_atomically(self.path, lambda partial: partial.write_text(text, encoding="utf-8", newline=""))

    def _lines(self, answers: Mapping[Key, Answer]) -> str:
        written = io.StringIO(newline="")
        csv.writer(written, lineterminator="\n").writerows(
            (*self._form.written(key), self._form.text(answer.label), answer.at)
            for key, answer in answers.items()
        )
        return written.getvalue()

    def _rows(self) -> Iterator[tuple[int, dict[str, str | None]]]:
        """Give the lines that are not blank, with their numbers from 1; the header is line 1."""
        rows = csv.DictReader(io.StringIO(self._text(), newline=""), restkey="more")
        try:
            names = rows.fieldnames or ()
            if not {*self._form.columns, "label"} <= set(names) <= set(self._header):
                raise self._unreadable(1, f"the header {','.join(names)!r}")
            for row in rows:
                yield rows.line_num, row
        except csv.Error as error:
            raise self._unreadable(rows.line_num, str(error)) from error

    def _text(self) -> str:
        """Read the file without a last line that was cut off."""
        try:
            with self.path.open("rb") as file:
                text = file.read(_MOST_BYTES + 1).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise self._unreadable(None, str(error)) from error
        if len(text) > _MOST_BYTES:
            raise self._unreadable(None, f"more than {_MOST_BYTES >> 20} MiB")
        ours = text.startswith(",".join(self._header) + "\n")
        return text if text.endswith(_END) or not ours else text[: text.rfind("\n") + 1]

    def _parsed(self, line: int, row: Mapping[str, str | None]) -> tuple[Key, Answer]:
        if "more" in row or None in row.values():
            raise self._unreadable(line, "a different number of values than the header has")
        where = f"line {line} of {self.path}"
        key = self._form.key(row, where)
        return key, Answer(self._form.label(row["label"], where), row.get("at") or "")

    def _unreadable(self, line: int | None, found: str) -> OutvotedError:
        where = f"{self.path}" if line is None else f"line {line} of {self.path}"
        return OutvotedError(
            expected=f"labels as {','.join(self._form.columns)},label (and at) in {where}",
            found=found,
            remedy="fix or delete the line; the others are kept",
        )
