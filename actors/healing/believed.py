"""Mistakes as people label them: those that are not trained on, and those that are with another class."""

from collections.abc import Mapping
from itertools import compress

import pyarrow as pa

from outvoted.actors.healing.arms import PeoplesLabels
from outvoted.actors.healing.heal_store import BELIEVED
from outvoted.actors.labelling.judgements import Judgements

Key = tuple[int | str, ...]


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
