"""Mistakes as people label them: those that are not trained on, and those that are with another class."""

from collections.abc import Mapping
from itertools import compress

import pyarrow as pa

from outvoted.actors.healing.arms import PeoplesLabels
from outvoted.actors.labelling.judgements import Judgements
from outvoted.actors.runs import schema
from outvoted.actors.runs.schema import ColumnSchema, TableSchema

Key = tuple[int | str, ...]

BELIEVED = TableSchema(
    "believed",
    "each mistake that people have labelled, as a round of healing took their word",
    (*(column.name for column in schema.OF_STEP), *schema.MISTAKES.key),
    (
        *schema.OF_STEP,
        ColumnSchema("search_id", schema.MISTAKES.arrow.field("search_id").type, "number of the search"),
        ColumnSchema("number", schema.MISTAKES.arrow.field("number").type, "counts its mistakes from 0"),
        ColumnSchema(
            "label", pa.int16(), "the class it is trained on with; empty where it is left out", needed=False
        ),
    ),
)


def believed(mistakes: pa.Table, said: Judgements, labels: PeoplesLabels) -> pa.Table:
    """Return the mistakes whose label most people do not see, with the class to train on (BELIEVED)."""
    rows = []
    for row in mistakes.select([*BELIEVED.key, "label"]).to_pylist():
        judgement = said.of_mistake(*(row[name] for name in BELIEVED.key))
        if judgement is not None and not judgement.seen(row["label"]):
            rows.append({**row, "label": judgement.majority if labels == "relabel" else None})
    return BELIEVED.of_rows(rows)


def corrected(mistakes: pa.Table, people: pa.Table) -> pa.Table:
    """Return the rows of mistakes that are trained on, with the labels that they are trained on with.

    Args:
        people: as a round takes it (BELIEVED).
    """
    changed: Mapping[Key, int | None] = dict(zip(_keys(people), people["label"].to_pylist(), strict=True))
    if not changed:
        return mistakes
    keys = _keys(mistakes)
    labels = [changed.get(key, label) for key, label in zip(keys, mistakes["label"].to_pylist(), strict=True)]
    kept = pa.array([label is not None for label in labels], pa.bool_())
    column = mistakes.schema.field("label")
    given = pa.array(list(compress(labels, kept.to_pylist())), column.type)
    return mistakes.filter(kept).set_column(mistakes.schema.get_field_index("label"), column, given)


def _keys(rows: pa.Table) -> list[Key]:
    return list(zip(*(rows[name].to_pylist() for name in BELIEVED.key), strict=True))
