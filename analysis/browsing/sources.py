"""The tables that a run's mistakes are in, and how what all of them say is computed from what each holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from outvoted.actors.runs import schema
from outvoted.actors.runs.schema import TableSchema
from outvoted.actors.runs.units import UnitTables

MEASURE = "measures."
"""Begins the name of a measure of the run's transform."""

_HELD_OUT = """
CASE WHEN len(probabilities) - 1 > voters THEN list_sum(list_transform(range(len(probabilities)), lambda p:
CASE WHEN (p - target + len(probabilities)) % len(probabilities) > voters
AND list_position(probabilities[p + 1], list_max(probabilities[p + 1])) - 1 = label THEN 1 ELSE 0 END
)) / (len(probabilities) - 1 - voters) END::DOUBLE
"""


@dataclass(frozen=True)
class Computed:
    """How a column is computed: an expression of SQL, and the stored columns that it reads.

    Stored columns are taken as they are: what is cast, DuckDB can't leave out while it reads.
    """

    sql: str
    reads: tuple[str, ...]
    form: str = "BIGINT"


def _stored(name: str, form: str) -> Computed:
    return Computed(name, (name,), form)


def _unknown(form: str) -> Computed:
    return Computed(f"NULL::{form}", (), form)


_SHARED = {
    "target": _stored("target", "BIGINT"),
    "target_name": _stored("target_name", "VARCHAR"),
    "label": _stored("label", "BIGINT"),
    "predicted": _stored("predicted", "BIGINT"),
    "margin": _stored("margin", "DOUBLE"),
    "valid": _stored("valid", "BOOLEAN"),
}
_OF_SEARCHES = {
    "number": _stored("number", "BIGINT"),
    "realism": _stored("realism", "DOUBLE"),
    "voters": _stored("voters", "BIGINT"),
    "strategy": _stored("strategy", "VARCHAR"),
    "seed": Computed("seed_id", ("seed_id",)),
    "moves": _stored("moves", "BIGINT"),
    "candidates": _stored("candidates", "BIGINT"),
    "inferences": Computed("inferences_target + inferences_peers", ("inferences_target", "inferences_peers")),
    "start_probability": _stored("start_probability", "DOUBLE"),
    "end_probability": _stored("end_probability", "DOUBLE"),
    "held_out": Computed(_HELD_OUT, ("probabilities", "voters", "target", "label"), "DOUBLE"),
}
_MISTAKES: Mapping[str, Computed] = {
    "search": Computed("search_id", ("search_id",)),
    **_SHARED,
    **_OF_SEARCHES,
}
_DISSENTS: Mapping[str, Computed] = {
    "search": Computed("position", ("position",)),
    **_SHARED,
    **{name: _unknown(one.form) for name, one in _OF_SEARCHES.items()},
    "number": Computed("0::BIGINT", ()),
}
TEXTS = ("part", "target_name", "strategy")
NUMBERS = (
    *("search", "target", "label", "predicted", "margin", "realism", "voters", "seed", "moves", "candidates"),
    *("inferences", "start_probability", "end_probability", "held_out"),
)
"""What mistakes are sorted by, and what ranges are of, beside the measures of the run's transform."""


@dataclass(frozen=True)
class MistakeTable:
    """A table with mistakes of a run.

    Attributes:
        units: the table's, with others.
        table: its name: mistakes, or dissents, as scans call theirs.
        part: the part of the run that they are of, where it has several.
    """

    units: UnitTables
    table: str = schema.MISTAKES.name
    part: str = ""

    @property
    def form(self) -> TableSchema:
        """The table's."""
        return self.units.forms[self.table]

    @property
    def groups(self) -> tuple[str, ...]:
        """The columns that tell the parts apart that the table itself has: rounds of healing, settings."""
        own = ("search_id", "number", "position")
        return tuple(name for name in self.form.key if name not in own)

    @property
    def key(self) -> list[str]:
        """The columns that tell its rows apart."""
        return list(self.form.key)

    def computed(self, name: str, measures: Sequence[str]) -> Computed:
        """Say how a column is computed from this table's."""
        if name == "part":
            groups = "".join(f", {group}::VARCHAR" for group in self.groups)
            if not self.part and not groups:
                return Computed("''", (), "VARCHAR")
            own = f"concat_ws('~', nullif(?, ''){groups})" if groups else "?::VARCHAR"
            return Computed(own, self.groups, "VARCHAR")
        if name.startswith(MEASURE):
            return self._measure(name.removeprefix(MEASURE), measures)
        of_searches = self.form.name == schema.MISTAKES.name
        return (_MISTAKES if of_searches else _DISSENTS)[name]

    @staticmethod
    def _measure(name: str, measures: Sequence[str]) -> Computed:
        """Take a measure by its place: names in files may be anything, and stay out of the SQL."""
        if name not in measures:
            return _unknown("DOUBLE")
        place = list(measures).index(name) + 1
        return Computed(f"struct_extract_at(measures, {place})::DOUBLE", ("measures",), "DOUBLE")
