"""Labels given elsewhere, imported from one CSV file of several labellers."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from outvoted.actors.labelling.label_store import Answer, LabelStore, checked, number_below
from outvoted.search.errors import OutvotedError

_WANTED = "image (or image_id), labeller, label"


@dataclass(frozen=True)
class _Row:
    line: int
    image: int
    labeller: str
    label: int


def import_labels(store: LabelStore, path: Path) -> dict[str, int]:
    """Add the labels of a file with the columns image (or image_id), labeller and label.

    Everything is checked before anything is written. Labels that are there already, the same ones, stay.

    Returns:
        how many labels are new, by labeller.

    Raises:
        OutvotedError: a line can't be read, names an unknown image or class, labels an image again, or
            differs from a label that is there; it says which line. Nothing was written.
    """
    merged: dict[str, dict[int, Answer]] = {}
    fresh: dict[str, int] = {}
    for labeller, rows in _by_labeller(store, path).items():
        there = store.file(labeller).read()
        new = {row.image: Answer(row.label) for row in rows if row.image not in there}
        _refuse_conflicts(store, path, rows, there)
        merged[labeller], fresh[labeller] = there | new, len(new)
    for labeller, answers in merged.items():
        store.file(labeller).write(answers)
    return fresh


def _by_labeller(store: LabelStore, path: Path) -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = {}
    lines: dict[tuple[str, int], int] = {}
    for line, fields in _lines(path):
        where = f"line {line} of {path}"
        name = checked((fields["labeller"] or "").strip(), {*store.names, *found}, where)
        image = number_below(store.images, fields.get("image_id", fields.get("image")), "image", where)
        row = _Row(line, image, name, number_below(store.classes, fields["label"], "label", where))
        if (name, image) in lines:
            raise OutvotedError(
                expected=f"one label of {name}'s for image {image} in {path}",
                found=f"two, in lines {lines[name, image]} and {line}",
                remedy="delete the line that is wrong; nothing was imported",
            )
        lines[name, image] = line
        found.setdefault(name, []).append(row)
    if not found:
        raise _unreadable(f"{path}", "no labels", "add a line for each label")
    return found


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    """Give the lines that are not blank, with their numbers from 1; the header is line 1."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, restkey="more", strict=True)
            names = [name.strip().lower() for name in rows.fieldnames or ()]
            _check_header(path, names)
            rows.fieldnames = names
            for row in rows:
                if "more" in row or None in row.values():
                    found = "a different number of values than the header has"
                    raise _unreadable(f"line {rows.line_num} of {path}", found, "fix the line")
                yield rows.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        found = error.strerror or "" if isinstance(error, OSError) else str(error)
        raise _unreadable(f"{path}", found, "name a CSV file in UTF-8 with --import") from error


def _check_header(path: Path, names: Sequence[str]) -> None:
    images = [name for name in names if name in ("image", "image_id")]
    if len(images) != 1 or len(set(names)) != len(names) or not {"labeller", "label"} <= set(names):
        found = f"the header {', '.join(names) or '(none)'}"
        raise _unreadable(
            f"line 1 of {path}", found, "name the columns in the first line, with commas between"
        )


def _refuse_conflicts(
    store: LabelStore, path: Path, rows: Sequence[_Row], there: Mapping[int, Answer]
) -> None:
    for row in rows:
        known = there.get(row.image)
        if known is not None and known.label != row.label:
            raise OutvotedError(
                expected=f"labels that agree with those in {store.path}",
                found=f"line {row.line} of {path}: {row.labeller} calls image {row.image} {row.label}, "
                f"but has labelled it {known.label} already",
                remedy="delete one of the two, or import under another labeller's name; nothing was imported",
            )


def _unreadable(where: str, found: str, remedy: str) -> OutvotedError:
    return OutvotedError(f"the columns {_WANTED} in {where}", found, f"{remedy}; nothing was imported")
