"""Labels given elsewhere, imported from one CSV file of several labellers."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from outvoted.actors.labelling.label_file import Answer
from outvoted.actors.labelling.label_form import Key, LabelForm
from outvoted.actors.labelling.label_store import LabelStore
from outvoted.actors.labelling.labellers import checked
from outvoted.search.errors import OutvotedError


@dataclass(frozen=True)
class _Row(Generic[Key]):
    line: int
    image: Key
    labeller: str
    label: int


_MOST_BYTES = 1 << 24


def import_labels(store: LabelStore[Key], path: Path) -> dict[str, int]:
    """Add the labels of a file; see :func:`import_text`.

    Raises:
        OutvotedError: it can't be read either.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(store.form, f"{path}", error.strerror or "", _NAME_ONE) from error
    return import_text(store, data, f"{path}")


_NAME_ONE = "name a CSV file in UTF-8 with --import"


def import_text(store: LabelStore[Key], data: bytes, path: str) -> dict[str, int]:
    """Add the labels of a text with the columns labeller, label, and those that say which image it is.

    Everything is checked before anything is written. Labels that are there already, the same ones, stay.

    Args:
        data: CSV in UTF-8, at most 16 MiB.
        path: what errors call it.

    Returns:
        how many labels are new, by labeller.

    Raises:
        OutvotedError: a line can't be read, names an unknown image or class, labels an image again, or
            differs from a label that is there; it says which line. Nothing was written.
    """
    merged: dict[str, dict[Key, Answer]] = {}
    fresh: dict[str, int] = {}
    for labeller, rows in _by_labeller(store, data, path).items():
        there = store.file(labeller).read()
        new = {row.image: Answer(row.label) for row in rows if row.image not in there}
        _refuse_conflicts(store, path, rows, there)
        merged[labeller], fresh[labeller] = there | new, len(new)
    for labeller, answers in merged.items():
        store.file(labeller).write(answers)
    return fresh


def _by_labeller(store: LabelStore[Key], data: bytes, path: str) -> dict[str, list[_Row[Key]]]:
    form = store.form
    found: dict[str, list[_Row[Key]]] = {}
    lines: dict[tuple[str, Key], int] = {}
    for line, fields in _lines(form, data, path):
        where = f"line {line} of {path}"
        name = checked((fields["labeller"] or "").strip(), {*store.names, *found}, where)
        row = _Row(line, form.key(fields, where), name, form.label(fields["label"], where))
        if (name, row.image) in lines:
            raise OutvotedError(
                expected=f"one label of {name}'s for {form.called(row.image)} in {path}",
                found=f"two, in lines {lines[name, row.image]} and {line}",
                remedy="delete the line that is wrong; nothing was imported",
            )
        lines[name, row.image] = line
        found.setdefault(name, []).append(row)
    if not found:
        raise _unreadable(form, path, "no labels", "add a line for each label")
    return found


def _lines(form: LabelForm[Key], data: bytes, path: str) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    """Give the lines that are not blank, with their numbers from 1; the header is line 1."""
    try:
        if len(data) > _MOST_BYTES:
            raise _unreadable(form, path, f"more than {_MOST_BYTES >> 20} MiB", "divide it")
        text = io.StringIO(data.decode("utf-8-sig"), newline="")
        rows = csv.DictReader(text, restkey="more", strict=True)
        named = [name.strip().lower() for name in rows.fieldnames or ()]
        names = [form.alike.get(name, name) for name in named]
        _check_header(form, path, named, names)
        rows.fieldnames = names
        for row in rows:
            if "more" in row or None in row.values():
                found = "a different number of values than the header has"
                raise _unreadable(form, f"line {rows.line_num} of {path}", found, "fix the line")
            yield rows.line_num, {**form.given, **row}
    except (UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(form, path, str(error), _NAME_ONE) from error


def _check_header(form: LabelForm[Key], path: str, named: Sequence[str], names: Collection[str]) -> None:
    needed = {*form.columns, "labeller", "label"} - form.given.keys()
    if len(set(names)) != len(names) or not needed <= set(names):
        found = f"the header {', '.join(named) or '(none)'}"
        raise _unreadable(
            form, f"line 1 of {path}", found, "name the columns in the first line, with commas between"
        )


def _refuse_conflicts(
    store: LabelStore[Key], path: str, rows: Sequence[_Row[Key]], there: Mapping[Key, Answer]
) -> None:
    text, called = store.form.text, store.form.called
    for row in rows:
        known = there.get(row.image)
        if known is not None and known.label != row.label:
            raise OutvotedError(
                expected=f"labels that agree with those in {store.path}",
                found=f"line {row.line} of {path}: {row.labeller} calls {called(row.image)} "
                f"{text(row.label)}, but has labelled it {text(known.label)} already",
                remedy="delete one of the two, or import under another labeller's name; nothing was imported",
            )


def _unreadable(form: LabelForm[Key], where: str, found: str, remedy: str) -> OutvotedError:
    alike = {there: other for other, there in form.alike.items()}
    named = [f"{alike[name]} (or {name})" if name in alike else name for name in form.columns]
    wanted = ", ".join((*named, "labeller", "label"))
    return OutvotedError(f"the columns {wanted} in {where}", found, f"{remedy}; nothing was imported")
