"""What is exported: mistakes, chosen by target, label and referee; one unit of a run in memory at a time."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.export import people
from outvoted.cluster.export.people import PeoplesWord
from outvoted.cluster.jobs.kinds import kind_of
from outvoted.cluster.jobs.labelled import said_by_people
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError, suggestion

_FACTS = ("target_name", "label", "predicted", "valid")
_COLUMNS = ("label", "predicted", "target_name", "margin", "valid", "realism", *people.COLUMNS)
_OPTIONAL = ("realism", *people.COLUMNS)  # scans' dissents have no realism: they are real images
Parts = Callable[[Sequence[str]], Iterable[pa.Table]]
"""Gives the rows of a table of mistakes part by part, of which only some columns are read."""


@dataclass(frozen=True)
class ExportChoice:
    """Which mistakes are exported; all if nothing is said.

    Attributes:
        target: the name of the network that is wrong.
        label: a class, by its name or its number.
        valid: only those on which the referee agrees with the label.
        people: only those whose label more than half of those who labelled them see.
    """

    target: str | None = None
    label: str | None = None
    valid: bool = False
    people: bool = False


@dataclass(frozen=True)
class MinedImage:
    """One mistake: its image as PNG, the label, what the target predicted, and what else is known of it.

    Attributes:
        pixels: the same image, shape (channels, height, width).
        margin: the least voter's probability of the label minus the target's.
        valid: whether the referee agrees with the label; None where it was not asked.
        realism: share of real images of the label that lie farther from their like than this one does; None
            where it was not measured.
        people: what people see; None where nobody has answered.
    """

    png: bytes
    label: int
    predicted: int
    target: str
    margin: float
    valid: bool | None
    realism: float | None
    people: PeoplesWord | None
    pixels: Pixels = field(compare=False, repr=False)

    def stem(self, number: int) -> str:
        """Name its file, without a suffix; ``number`` is its place among those that are exported."""
        return f"{number:06}-{self.label}-as-{self.predicted}"


@dataclass(frozen=True)
class MinedImages:
    """The mistakes that were chosen.

    Attributes:
        parts: gives their rows.
        count: how many there are.
        class_names: a name for each class; None where the classes have none.
        classes: how many there are, as far as is known: one more than the highest class that occurs.
    """

    parts: Callable[[], Iterable[pa.Table]]
    count: int
    class_names: tuple[str, ...] | None
    classes: int

    @cached_property
    def names(self) -> tuple[str, ...]:
        """A name for each class, none twice; its number where it has none."""
        names = self.class_names or tuple(map(str, range(self.classes)))
        often = Counter(names)
        return tuple(name if often[name] == 1 else f"{name} ({number})" for number, name in enumerate(names))

    def __iter__(self) -> Iterator[MinedImage]:
        """Give one image after the other.

        Raises:
            OutvotedError: one is no PNG that a run can have written, or a table is damaged.
        """
        for part in self.parts():
            columns: list[list[Any]] = [_values(part, name) for name in ("image", *_COLUMNS)]
            for image, label, predicted, target, margin, valid, realism, *said in zip(*columns, strict=True):
                data, word = image["bytes"], None if said[1] is None else PeoplesWord(*said)
                yield MinedImage(
                    data, label, predicted, target, margin, valid, realism, word, png.decode(data)
                )


def _values(rows: pa.Table, name: str) -> list[Any]:
    missing = name in _OPTIONAL and name not in rows.column_names
    return [None] * len(rows) if missing else list(rows[name].to_pylist())


def of_run(store: RunFolder, choice: ExportChoice = ExportChoice()) -> MinedImages:  # frozen
    """Choose among the mistakes of a run of any kind, finished or not.

    Raises:
        OutvotedError: the folder holds no run, the run looks for no mistakes, or nothing is chosen.
    """
    record = store.read_record()
    tables = kind_of(record).recorded(store, record)

    said = [said_by_people(store, table) for table in tables]

    def parts(columns: Sequence[str]) -> Iterator[pa.Table]:
        for table, words in zip(tables, said, strict=True):
            form = table.units.forms[table.mistakes]
            names = [name for name in columns if name in form.arrow.names]
            for rows in table.units.parts(table.mistakes, list(dict.fromkeys([*names, *form.key, "label"]))):
                yield people.with_people(rows, form.key, words).select([*names, *people.COLUMNS])

    return chosen(parts, None if record.data is None else record.data.class_names, choice)


def of_table(rows: pa.Table, class_names: Sequence[str] | None) -> MinedImages:
    """Take all rows of a table of mistakes in memory.

    Raises:
        OutvotedError: there is none.
    """

    def parts(columns: Sequence[str]) -> Iterator[pa.Table]:
        yield rows.select([name for name in columns if name in rows.column_names])

    return chosen(parts, class_names, ExportChoice())


def chosen(parts: Parts, class_names: Sequence[str] | None, choice: ExportChoice) -> MinedImages:
    """Look through a table of mistakes, without its images, for those that are meant.

    Raises:
        OutvotedError: there are none, or no such network or class.
    """
    asked = (*_FACTS, *(people.COLUMNS if choice.people else ()))
    none = pa.table({name: [] for name in asked})
    facts = pa.concat_tables([none, *parts(asked)], promote_options="permissive")
    classes = [pc.min_max(facts[name]).as_py() for name in ("label", "predicted")]
    if any((each["min"] or 0) < 0 for each in classes):
        raise OutvotedError(
            expected="labels and predicted classes from 0 on",
            found="a negative one in the table of mistakes",
            remedy="restore the run's tables; do not use them if they came from a stranger",
        )
    highest = max(each["max"] or 0 for each in classes)
    names = tuple(class_names) if class_names and len(class_names) > highest else None
    wanted = partial(_matching, choice, _label(choice, names, highest + 1), _target(choice, facts))
    count = wanted(facts).num_rows
    if not count:
        raise _nothing(choice, facts.num_rows)
    return MinedImages(
        lambda: (wanted(part) for part in parts(("image", *_COLUMNS))),
        count,
        names,
        len(names) if names else highest + 1,
    )


def _matching(choice: ExportChoice, label: int | None, target: str | None, rows: pa.Table) -> pa.Table:
    if target is not None:
        rows = rows.filter(pc.equal(rows["target_name"], target))
    if label is not None:
        rows = rows.filter(pc.equal(rows["label"], label))
    if choice.valid:
        rows = rows.filter(pc.fill_null(rows["valid"], False))
    if choice.people:
        seen = pc.greater(pc.multiply(rows["people_agreeing"], 2), rows["people_votes"])
        rows = rows.filter(pc.fill_null(seen, False))
    return rows


def _target(choice: ExportChoice, facts: pa.Table) -> str | None:
    there = [name for name in pc.unique(facts["target_name"]).to_pylist() if name is not None]
    if choice.target is None or choice.target in there:
        return choice.target
    raise OutvotedError(
        expected="--target with the name of a network that has mistakes",
        found=f"'{choice.target}'",
        remedy=suggestion(choice.target, there) if there else "omit --target: the run has no mistakes yet",
    )


def _label(choice: ExportChoice, names: Sequence[str] | None, classes: int) -> int | None:
    if choice.label is None:
        return None
    if names is not None and choice.label in names:
        return list(names).index(choice.label)
    number = int(choice.label) if choice.label.isascii() and choice.label.isdigit() else None
    if number is not None and number < max(classes, len(names or ())):
        return number
    raise OutvotedError(
        expected="--label with a class, by its name or its number",
        found=f"'{choice.label}'",
        remedy=suggestion(choice.label, names or map(str, range(classes))),
    )


def _nothing(choice: ExportChoice, there: int) -> OutvotedError:
    if not there:
        return OutvotedError(
            expected="at least one mistake to export",
            found="none so far",
            remedy="search more seeds (per_target), longer (patience), or with another strategy",
        )
    asked = {
        "--target": choice.target,
        "--label": choice.label,
        "--valid": choice.valid,
        "--people": choice.people,
    }
    options = " ".join(name for name, value in asked.items() if value)
    return OutvotedError(
        expected=f"at least one mistake that {options} leaves",
        found=f"none of {there:,}",
        remedy="leave one of these options out; a run without a referee has no valid mistakes, nor one that "
        "nobody has labelled any that people see",
    )
