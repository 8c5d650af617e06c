"""The table `labels.csv` beside pictures: which picture has which label, and what labels are called."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from outvoted.actors.data.files import inside, lacking, unreadable
from outvoted.actors.data.numbers import MOST_CLASSES
from outvoted.actors.data.pictures import UndecodableError
from outvoted.search.errors import OutvotedError

LABELS = "labels.csv"
_MOST_TEXT = 256 << 20


@dataclass(frozen=True)
class LabelledFile:
    """A line of the table: a picture, relative to the folder, its label, and that label's name if any."""

    file: Path
    label: int
    name: str | None
    line: int


def rows_of(folder: Path, root: Path) -> list[LabelledFile]:
    """Read the table in a folder; the files it names, relative to that, lie in ``root``.

    Raises:
        OutvotedError: it cannot be read, a line lacks something or says it twice, a label is none.
    """
    path = folder / LABELS
    found = [_row(line, values, folder, root) for line, values in _lines(path)]
    lines: dict[Path, int] = {}
    for row in found:
        if row.file in lines:
            raise _wrong(
                path,
                "each picture once",
                f"{row.file.name} at line {lines[row.file]} and at line {row.line}",
                "leave one of the lines out",
            )
        lines[row.file] = row.line
    return found


def names_of(rows: list[LabelledFile], path: Path) -> dict[int, str]:
    """Return the name of each label that has one.

    Raises:
        OutvotedError: a label has two.
    """
    names: dict[int, tuple[str, int]] = {}
    for row in rows:
        if row.name:
            name, line = names.setdefault(row.label, (row.name, row.line))
            if name != row.name:
                raise _wrong(
                    path,
                    "one name for each label",
                    f"label {row.label} called '{name}' at line {line} and '{row.name}' at line {row.line}",
                    "correct the label or the name",
                )
    return {label: name for label, (name, _) in names.items()}


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Give each line's number and its values by column."""
    try:
        if path.stat().st_size > _MOST_TEXT:
            raise unreadable(path, f"a table of at most {_MOST_TEXT:,} bytes", f"{path.stat().st_size:,}")
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval=None)
            columns = reader.fieldnames or ()
            for column in ("file", "label"):
                if column not in columns:
                    raise lacking("column", column, columns, path)
            for row in reader:
                if None in row.values() or "" in row:
                    found = sum(value is not None for key, value in row.items() if key) + len(
                        row.get("") or ()
                    )
                    raise _wrong(
                        path,
                        f"{len(columns)} values at line {reader.line_num}, as the first line names columns",
                        f"{found}: {', '.join(str(v) for k, v in row.items() if k and v is not None)[:100]}",
                        "complete the line; names with a comma in them go in quotes",
                    )
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(path, "a table of comma-separated values in UTF-8", error) from error


def _row(line: int, values: dict[str, str], folder: Path, root: Path) -> LabelledFile:
    where = f"line {line} of {folder / LABELS}"
    text = values["label"].strip()
    if not re.fullmatch(r"[+-]?[0-9]{1,12}", text) or not 0 <= int(text) < MOST_CLASSES:
        raise OutvotedError(
            expected=f"a whole number as label, 0 to {MOST_CLASSES - 1}, in {where}",
            found=repr(text[:100]),
            remedy="number the classes from 0, and put their names into a column called name",
        )
    try:
        inside(root, folder, values["file"])
    except UndecodableError as error:
        raise OutvotedError(
            expected=f"the name of a file in the same folder at {where}",
            found=str(error),
            remedy="move the pictures into the folder, and name them relative to it",
        ) from error
    return LabelledFile(Path(values["file"]), int(text), values.get("name"), line)


def _wrong(path: Path, expected: str, found: str, remedy: str) -> OutvotedError:
    return OutvotedError(expected=f"{expected} in {path}", found=found, remedy=remedy)
