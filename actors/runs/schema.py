"""The tables of a run: every column with its type and meaning. docs/results.md shows them to users."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa

VERSION = "4"

_TEXT, _BOOL, _TIME = pa.string(), pa.bool_(), pa.timestamp("us", tz="UTC")
_I8, _I16, _I32, _I64, _F32, _F64 = pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.float32(), pa.float64()
_IMAGE = pa.struct([("bytes", pa.binary()), ("path", _TEXT)])
_PROBABILITIES = pa.list_(_F32)
_EPOCH = pa.struct([("epoch", _I32), ("loss", _F64), ("test_accuracy", _F64)])
_MISSING = pa.struct([("position", _I64), ("path", _TEXT), ("reason", _TEXT)])


@dataclass(frozen=True)
class ColumnSchema:
    """One column; ``needed`` ones have a value in every row, down to the values within lists."""

    name: str
    type: Any
    meaning: str = ""
    needed: bool = True


def _maybe(name: str, kind: Any, meaning: str) -> ColumnSchema:
    """Describe a column that may be empty."""
    return ColumnSchema(name, kind, meaning, needed=False)


@dataclass(frozen=True)
class TableSchema:
    """A table of a run.

    Attributes:
        name: of the folder its files are in.
        rows: what there is a row for.
        key: the columns that tell its rows apart.
    """

    name: str
    rows: str
    key: tuple[str, ...]
    columns: tuple[ColumnSchema, ...]

    @cached_property
    def arrow(self) -> pa.Schema:
        """Names and types, with the schema's version and what Hugging Face `datasets` needs to see images."""
        metadata = {"outvoted.schema": VERSION}
        images = [column.name for column in self.columns if column.type == _IMAGE]
        if images:
            features = {name: {"_type": "Image"} for name in images}
            metadata["huggingface"] = json.dumps({"info": {"features": features}})
        return pa.schema([pa.field(column.name, column.type) for column in self.columns], metadata=metadata)

    @property
    def needed(self) -> frozenset[str]:
        """The columns in which every row has a value."""
        return frozenset(column.name for column in self.columns if column.needed)

    def table(self, values: Mapping[str, Any]) -> pa.Table:
        """Make a table of one sequence of values for each column, whose numbers are cast to its type."""
        arrays = [pa.array(values[one.name], one.type, safe=False) for one in self.columns]
        return pa.table(arrays, schema=self.arrow)

    def of_rows(self, rows: Iterable[Mapping[str, object]]) -> pa.Table:
        """Make a table of rows; what one leaves out is empty."""
        return pa.Table.from_pylist(list(rows), schema=self.arrow)

    def with_fields(self, fields: Iterable[tuple[str, Any]]) -> "TableSchema":
        """Add columns, each (name, type), that may be empty, behind those there are."""
        return replace(
            self, columns=(*self.columns, *(ColumnSchema(*field, needed=False) for field in fields))
        )

    def grouped(self, *columns: ColumnSchema) -> "TableSchema":
        """Add columns behind those there are, whose values tell the groups apart that rows belong to."""
        key = (*(column.name for column in columns), *self.key)
        return replace(self, columns=(*self.columns, *columns), key=key)


_SEARCH = (
    ColumnSchema("search_id", _I64, "number of the search"),
    ColumnSchema("replica", _I64, "number of the drawn seed; searches with the same replica start from it"),
    ColumnSchema("target", _I16, "the peer that the search tries to make wrong, by its place in the panel"),
    ColumnSchema("target_name", _TEXT, "its name"),
    ColumnSchema("voters", _I16, "how many of the other peers must agree"),
    ColumnSchema("seed_id", _I32, "the seed: number of a training image"),
    ColumnSchema("label", _I16, "the seed's class"),
    ColumnSchema("strategy", _TEXT, "how the search proposed and accepted candidates"),
)
_EFFORT = (
    ColumnSchema("moves", _I32, "accepted moves"),
    ColumnSchema("candidates", _I64, "candidates tried, one after the other"),
    ColumnSchema("unrealistic", _I64, "candidates outside the realism budget, which no network saw"),
    ColumnSchema("voted_on", _I64, "candidates put to the voters"),
    ColumnSchema("consensus", _I64, "candidates on which all voters agreed on the label"),
    ColumnSchema(
        "inferences_target", _I64, "inferences of the target that were run; backward passes count as two"
    ),
    ColumnSchema("inferences_peers", _I64, "inferences of all other peers that were run"),
    _maybe(
        "start_probability",
        _F64,
        "the target's probability of the label on the seed, its log-odds rounded to 1/64",
    ),
    _maybe("end_probability", _F64, "the same at the end"),
)
_JUDGED = (
    _maybe("referee_predicted", _I16, "the referee's class"),
    _maybe("valid", _BOOL, "whether the referee's class is the label"),
)
_PANEL_PROBABILITIES = ColumnSchema("probabilities", pa.list_(_PROBABILITIES), "of each peer, of each class")

SEARCHES = TableSchema(
    "searches",
    "each search that was attempted, whatever came of it",
    ("search_id",),
    (
        *_SEARCH,
        ColumnSchema("outcome", _TEXT, "mistake, exhausted, skipped (the panel disputes the seed) or failed"),
        _maybe("reason", _TEXT, "why it failed"),
        *_EFFORT,
        _maybe("finished_at", _TIME, "when its shard ended"),
    ),
)


def mistakes(parameters: Sequence[str] = (), measures: Sequence[str] = ()) -> TableSchema:
    """Return the table of mistakes.

    ``parameters`` names the numbers of a move, ``measures`` what a composed transform is described by. Who
    reads a table without them takes any.
    """
    move, described = (pa.struct([(name, _F64) for name in names]) for names in (parameters, measures))
    return TableSchema(
        "mistakes",
        "each verified mistake",
        ("search_id", "number"),
        (
            *_SEARCH,
            ColumnSchema("number", _I32, "counts the mistakes of one search from 0"),
            ColumnSchema("predicted", _I16, "the target's class"),
            *_EFFORT,
            ColumnSchema("image", _IMAGE, "the mistake, PNG"),
            ColumnSchema("seed_image", _IMAGE, "the seed, PNG"),
            ColumnSchema("move_parameters", pa.list_(move), "the numbers of each accepted move, in order"),
            ColumnSchema("composed", _PROBABILITIES, "the composed transform"),
            ColumnSchema("measures", described, "what the composed transform does, in the transform's units"),
            _PANEL_PROBABILITIES,
            ColumnSchema("margin", _F32, "least voter's probability of the label minus the target's"),
            _maybe("realism", _F32, "share of real images of the label that lie farther from their like"),
            *_JUDGED,
        ),
    )


MISTAKES = mistakes()

DISSENTS = TableSchema(
    "dissents",
    "each scanned image on which exactly one peer dissents",
    ("position",),
    (
        ColumnSchema("position", _I64, "place of the image in the repository"),
        _maybe("path", _TEXT, "its file, where it has one"),
        ColumnSchema("target", _I16, "the peer that dissents, by its place in the panel"),
        ColumnSchema("target_name", _TEXT, "its name"),
        ColumnSchema("label", _I16, "the class all others agree on"),
        ColumnSchema("predicted", _I16, "the dissenter's class"),
        ColumnSchema("image", _IMAGE, "the image, PNG"),
        _PANEL_PROBABILITIES,
        ColumnSchema("margin", _F32, "least other peer's probability of the label minus the dissenter's"),
        *_JUDGED,
        _maybe("true_label", _I16, "the image's class, where it is known"),
        _maybe("label_correct", _BOOL, "whether the consensus is the true label"),
    ),
)

SCANNED = TableSchema(
    "scanned",
    "each chunk of a scan",
    ("first",),
    (
        ColumnSchema("first", _I64, "position of its first image"),
        ColumnSchema("images", _I64, "images that could be decoded"),
        ColumnSchema("unanimous", _I64, "of these, images on which all peers agree"),
        ColumnSchema("dissents", _I64, "images on which exactly one dissents"),
        ColumnSchema("disputed", _I64, "all others"),
        ColumnSchema("labelled", _I64, "images whose true label is known"),
        _maybe("unanimous_labelled", _I64, "of the unanimous ones, those whose true label is known"),
        _maybe("unanimous_correct", _I64, "of these, those on which the panel is correct"),
        ColumnSchema("correct", pa.list_(_I64), "for each peer, the labelled images it is correct on"),
        _maybe("undecodable", pa.list_(_MISSING), "what could not be decoded, and why"),
    ),
)

PEERS = TableSchema(
    "peers",
    "each trained network",
    ("role", "name"),
    (
        ColumnSchema("name", _TEXT, "the network's name"),
        ColumnSchema("role", _TEXT, "peer or referee"),
        ColumnSchema("file", _TEXT, "its weights, beside the table"),
        ColumnSchema("architecture", _TEXT, "its architecture's settings, JSON"),
        ColumnSchema("training_seed", _I64, "what its random numbers in training follow from"),
        _maybe("test_accuracy", _F64, "share of test images it is correct on"),
        ColumnSchema("sha256", _TEXT, "hash of its weights"),
        ColumnSchema("epochs", pa.list_(_EPOCH), "its training"),
    ),
)

ROUNDS = TableSchema(
    "rounds",
    "each peer in each round of healing, measured after the round's training",
    ("repeat", "arm", "round", "target"),
    (
        ColumnSchema("repeat", _I64, "seed of the repeat"),
        ColumnSchema("arm", _TEXT, "start, nothing, copies or mistakes"),
        ColumnSchema("round", _I32, "number of the round; the start is round 0"),
        ColumnSchema("target", _I16, "the peer, by its place in the panel"),
        ColumnSchema("target_name", _TEXT, "its name"),
        _maybe("clean_accuracy", _F64, "share of test images it is correct on"),
        _maybe("moved_accuracy", _F64, "the same of test images moved at random"),
        _maybe("searches", _I64, "searches that ended in a mistake or in vain"),
        _maybe("mistakes", _I64, "of these, those that found a mistake"),
        _maybe("success", _F64, "their share"),
        _maybe("validity", _F64, "share of its mistakes on which the referee's class is the label"),
        _maybe("held_out", _I64, "mistakes of the start that no arm is trained on"),
        _maybe("held_out_wrong", _F64, "share of these it is wrong on"),
        _maybe("added", _I64, "samples added to its training data so far"),
        _maybe("gradient_steps", _I64, "gradient steps since the start"),
        _maybe("sha256", _TEXT, "hash of its weights"),
        _maybe("seconds", _F64, "how long the round took, for the whole panel"),
    ),
)
OF_STEP = (
    ColumnSchema("repeat", _I64, "seed of the repeat"),
    ColumnSchema("arm", _TEXT, "the arm, or held-out: mistakes of the start that no arm is trained on"),
    ColumnSchema("round", _I32, "number of the round"),
)
"""What mistakes have besides in a healing run."""

OF_SETTING = ColumnSchema("setting", _TEXT, "the sweep's setting whose networks were the panel")
"""What searches and mistakes have besides in a sweep."""

TRIALS = TableSchema(
    "trials",
    "each network of a sweep and each epoch; then follow the figures that the experiment measures",
    ("setting", "seed", "epoch"),
    (
        ColumnSchema("setting", _TEXT, "the setting"),
        _maybe("seed", _I64, "seed of the repeat"),
        _maybe("epoch", _I32, "counted from 1; 0 where a network failed before its first"),
        ColumnSchema(
            "outcome", _TEXT, "the network's: finished, stopped (early, by the scheduler) or failed"
        ),
        _maybe("reason", _TEXT, "why it failed"),
        _maybe("loss", _F64, "mean training loss"),
        _maybe("seconds", _F64, "the epoch's time over the number of networks trained together"),
    ),
)

SCORES = TableSchema(
    "scores",
    "each measure of a trial of a sweep of any keys, of each of its runs and over all of them",
    ("number", "measure", "run"),
    (
        ColumnSchema("number", _I64, "of the trial, in the order in which trials were suggested"),
        ColumnSchema("measure", _TEXT, "what was measured"),
        _maybe("run", _TEXT, "the run, by the name of its folder in runs/; empty for the whole trial"),
        _maybe("value", _F64, "what it gave; of a trial the mean over its runs"),
        _maybe("low", _F64, "lower end of the 95 % interval"),
        _maybe("high", _F64, "upper end"),
        _maybe("of", _I64, "how many independent values it was taken over"),
    ),
)

POINTS = TableSchema(
    "points",
    "each trial of a sweep of any keys",
    ("number",),
    (
        ColumnSchema("number", _I64, "of the trial, in the order in which trials were suggested"),
        ColumnSchema("point", _TEXT, "the values of the varied keys, as JSON"),
        ColumnSchema("outcome", _TEXT, "finished, stopped (early) or failed"),
        _maybe("reason", _TEXT, "why it failed or was stopped"),
        _maybe("same_as", _I64, "an earlier trial with the same point, whose scores it has"),
        ColumnSchema("milestones", _I32, "how many its runs went through"),
        ColumnSchema("milestones_of", _I32, "of how many"),
        _maybe("seconds", _F64, "how long its runs took, all together"),
    ),
)

VOTES = TableSchema(
    "votes",
    "each image that a network of a sweep was asked about",
    ("setting", "seed", "split", "image_id"),
    (
        ColumnSchema("setting", _TEXT, "the network's setting"),
        _maybe("seed", _I64, "and its repeat"),
        _maybe("split", _TEXT, "train or test"),
        ColumnSchema("image_id", _I32, "number of the image in its split"),
        ColumnSchema("label", _I16, "its class"),
        ColumnSchema("predicted", _I16, "the network's class"),
        _maybe("confidence", _F32, "probability of the predicted class"),
        _maybe("label_probability", _F32, "probability of the label"),
        _maybe("gradient", _F32, "mean absolute derivative of the loss by a pixel"),
        _maybe("pixels", _I8, "fewest pixels that fool it: 0 if it is wrong anyway, -1 if none tried do"),
    ),
)

STUDY_IMAGES = TableSchema(
    "images",
    "each image of a study; then follows how it was made",
    ("image_id",),
    (ColumnSchema("image_id", _I32, "number of the image"), ColumnSchema("image", _IMAGE, "the image, PNG")),
)

STUDY_VOTES = TableSchema(
    "votes",
    "each network of a study and each of its images",
    ("network", "image_id"),
    (
        ColumnSchema("network", _TEXT, "the network's name"),
        ColumnSchema("image_id", _I32, "number of the image"),
        ColumnSchema("predicted", _I16, "the network's class"),
        _maybe("confidence", _F32, "probability of the predicted class"),
        ColumnSchema("probabilities", _PROBABILITIES, "of each class"),
    ),
)

STOPS = TableSchema(
    "stops",
    "each target accuracy of a training that is stopped by accuracy",
    ("network",),
    (
        ColumnSchema("network", _TEXT, "names the weights and votes of that moment"),
        _maybe("family", _TEXT, "the networks of one architecture it belongs to"),
        _maybe("variant", _TEXT, "which of the family's variants"),
        _maybe("seed", _I64, "seed of the repeat"),
        ColumnSchema("target", _F64, "the accuracy it was to reach"),
        _maybe("reached", _BOOL, "whether a check found it within the window"),
        _maybe("test_accuracy", _F64, "at that check; where none did, at the one that came closest"),
        _maybe("steps", _I64, "gradient steps until then"),
        _maybe("checks", _I32, "measurements on all test images until then"),
        _maybe("seconds", _F64, "how long the whole training took"),
        ColumnSchema("outcome", _TEXT, "the training's: finished or failed"),
        _maybe("reason", _TEXT, "why the target was not reached"),
    ),
)

SURROUNDINGS = TableSchema(
    "landscapes",
    "each network and each point of a grid around a seed, in two directions of the transform",
    ("network", "row", "column"),
    (
        _maybe("seed_id", _I32, "the seed"),
        ColumnSchema("label", _I16, "its class"),
        _maybe("x_direction", _TEXT, "what changes from left to right"),
        _maybe("y_direction", _TEXT, "what changes from top to bottom"),
        ColumnSchema("network", _TEXT, "the network's name"),
        ColumnSchema("row", _I32, "of the point, from 0"),
        ColumnSchema("column", _I32, "of the point, from 0"),
        ColumnSchema("x", _F64, "what the first direction measures there"),
        ColumnSchema("y", _F64, "what the second direction measures there"),
        ColumnSchema("predicted", _I16, "the network's class"),
        ColumnSchema("probabilities", _PROBABILITIES, "of each class"),
    ),
)

ALL = (
    *(SEARCHES, MISTAKES, DISSENTS, SCANNED, PEERS, ROUNDS, TRIALS, POINTS, SCORES, VOTES),
    *(STUDY_IMAGES, STUDY_VOTES, STOPS, SURROUNDINGS),
)
