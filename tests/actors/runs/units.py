"""Who keeps tables unit by unit, and rows that any of their tables may have."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.mining.scan_store import ScanStore
from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.schema import TableSchema
from outvoted.actors.runs.units import UnitTables
from outvoted.actors.studies.study_store import StudyStore
from outvoted.actors.sweeps.mined_settings import MinedSettings
from outvoted.actors.sweeps.sweep_store import SweepStore

MEASURED = [("accuracy", pa.float64()), ("robustness", pa.list_(pa.list_(pa.float64())))]
MADE = [("first", pa.int16()), ("values", pa.list_(pa.float64()))]

USERS: dict[str, Callable[[Path], UnitTables]] = {
    "mine": lambda path: Shards(path).units,
    "scan": lambda path: ScanStore(path).units,
    "heal": lambda path: HealStore(path).units,
    "sweep": lambda path: SweepStore(path, MEASURED).units,
    "mined settings": lambda path: MinedSettings(path).units,
    "study": lambda path: StudyStore(path, MADE).units,
    "images of a study": lambda path: StudyStore(path, MADE).images_unit,
}
"""Every user of UnitTables, by what its run is."""

NAMES = {"mine": "shard-", "scan": "chunk-"}
"""What the names of a user's units begin with."""


def value(kind: Any, number: int) -> Any:
    """Return a value of a type; other numbers give other ones."""
    if pa.types.is_list(kind):
        return [value(kind.value_type, number), value(kind.value_type, number + 1)]
    if pa.types.is_struct(kind):
        return {field.name: value(field.type, number) for field in kind}
    if pa.types.is_string(kind):
        return f"text {number:03d}"
    if pa.types.is_binary(kind):
        return b"bytes %03d" % number
    if pa.types.is_boolean(kind):
        return bool(number % 2)
    if pa.types.is_timestamp(kind):
        return number * 1_000_000
    return number / 4 if pa.types.is_floating(kind) else number % 100


def rows(form: TableSchema, numbers: Sequence[int]) -> pa.Table:
    """Return a row for each number, which its key follows from."""
    fields = [pa.field(field.name, filled(field.type)) for field in form.arrow]
    columns = [pa.array([value(field.type, number) for number in numbers], field.type) for field in fields]
    return pa.table(columns, pa.schema(fields, form.arrow.metadata))


def filled(kind: Any) -> Any:
    """Give a struct without fields, which stands for any fields, one."""
    if pa.types.is_list(kind):
        return pa.list_(filled(kind.value_type))
    return pa.struct([("degrees", pa.float64())]) if kind == pa.struct([]) else kind


def unit(tables: UnitTables, numbers: range) -> dict[str, pa.Table]:
    """Return the rows of a unit, in each of its tables one for each number."""
    return {name: rows(form, numbers) for name, form in tables.forms.items()}
