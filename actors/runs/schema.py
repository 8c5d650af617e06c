"""The tables of a run: columns, types and what each holds."""

import json
from collections.abc import Sequence

import pyarrow as pa

VERSION = "3"

_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

_SEARCH = [
    ("search_id", pa.int64()),
    ("replica", pa.int64()),
    ("target", pa.int16()),
    ("target_name", pa.string()),
    ("voters", pa.int16()),
    ("seed_id", pa.int32()),
    ("label", pa.int16()),
    ("strategy", pa.string()),
]
_EFFORT = [
    ("moves", pa.int32()),
    ("candidates", pa.int64()),
    ("unrealistic", pa.int64()),
    ("voted_on", pa.int64()),
    ("consensus", pa.int64()),
    ("inferences_target", pa.int64()),
    ("inferences_peers", pa.int64()),
    ("start_probability", pa.float64()),
    ("end_probability", pa.float64()),
]


NEVER_NULL = {
    *("search_id", "replica", "target", "target_name", "voters", "seed_id", "label", "strategy", "outcome"),
    *("moves", "candidates", "unrealistic", "voted_on", "consensus", "inferences_target", "inferences_peers"),
    *(
        "number",
        "predicted",
        "image",
        "seed_image",
        "move_parameters",
        "composed",
        "measures",
        "probabilities",
        "margin",
    ),
    *("position", "first", "images", "unanimous", "dissents", "disputed", "labelled", "correct"),
    *("repeat", "arm", "round", "setting", "network", "image_id", "row", "column", "x", "y"),
}
"""Columns in which, whatever the table, every row has a value."""


def searches() -> pa.Schema:
    """One row for each search that was attempted, whatever came of it."""
    ending = [("outcome", pa.string()), ("reason", pa.string())]
    return _schema([*_SEARCH, *ending, *_EFFORT, ("finished_at", pa.timestamp("us", tz="UTC"))], ())


def mistakes(parameters: Sequence[str], measures: Sequence[str]) -> pa.Schema:
    """One row for each verified mistake.

    ``parameters`` names the numbers of a move, ``measures`` what a composed transform is described by.
    """
    move = pa.struct([(name, pa.float64()) for name in parameters])
    images = ("image", "seed_image")
    return _schema(
        [
            *_SEARCH,
            ("number", pa.int32()),
            ("predicted", pa.int16()),
            *_EFFORT,
            *((name, _IMAGE) for name in images),
            ("move_parameters", pa.list_(move)),
            ("composed", pa.list_(pa.float32())),
            ("measures", pa.struct([(name, pa.float64()) for name in measures])),
            ("probabilities", pa.list_(pa.list_(pa.float32()))),
            ("margin", pa.float32()),
            ("referee_predicted", pa.int16()),
            ("valid", pa.bool_()),
        ],
        images,
    )


def dissents() -> pa.Schema:
    """One row for each scanned image on which exactly one peer dissents; the consensus is its label."""
    return _schema(
        [
            ("position", pa.int64()),
            ("path", pa.string()),
            ("target", pa.int16()),
            ("target_name", pa.string()),
            ("label", pa.int16()),
            ("predicted", pa.int16()),
            ("image", _IMAGE),
            ("probabilities", pa.list_(pa.list_(pa.float32()))),
            ("margin", pa.float32()),
            ("referee_predicted", pa.int16()),
            ("valid", pa.bool_()),
            ("true_label", pa.int16()),
            ("label_correct", pa.bool_()),
        ],
        ("image",),
    )


def scanned() -> pa.Schema:
    """One row for each chunk of a scan: what came of its images.

    ``labelled`` images have a known true label; each peer is correct on ``correct`` of them. Of the
    unanimous ones ``unanimous_labelled`` have one, and the panel is correct on ``unanimous_correct``.
    """
    missing = pa.struct([("position", pa.int64()), ("path", pa.string()), ("reason", pa.string())])
    counts = ("images", "unanimous", "dissents", "disputed", "labelled")
    of_unanimous = ("unanimous_labelled", "unanimous_correct")
    return _schema(
        [
            ("first", pa.int64()),
            *((name, pa.int64()) for name in (*counts, *of_unanimous)),
            ("correct", pa.list_(pa.int64())),
            ("undecodable", pa.list_(missing)),
        ],
        (),
    )


def peers() -> pa.Schema:
    """One row for each trained network."""
    epoch = pa.struct([("epoch", pa.int32()), ("loss", pa.float64()), ("test_accuracy", pa.float64())])
    return _schema(
        [
            ("name", pa.string()),
            ("role", pa.string()),
            ("file", pa.string()),
            ("architecture", pa.string()),
            ("training_seed", pa.int64()),
            ("test_accuracy", pa.float64()),
            ("sha256", pa.string()),
            ("epochs", pa.list_(epoch)),
        ],
        (),
    )


def rounds() -> pa.Schema:
    """One row for each peer in each round of healing, measured after the round's training."""
    return _schema(
        [
            ("repeat", pa.int64()),
            ("arm", pa.string()),
            ("round", pa.int32()),
            ("target", pa.int16()),
            ("target_name", pa.string()),
            ("clean_accuracy", pa.float64()),
            ("moved_accuracy", pa.float64()),
            ("searches", pa.int64()),
            ("mistakes", pa.int64()),
            ("success", pa.float64()),
            ("validity", pa.float64()),
            ("held_out", pa.int64()),
            ("held_out_wrong", pa.float64()),
            ("added", pa.int64()),
            ("gradient_steps", pa.int64()),
            ("sha256", pa.string()),
            ("seconds", pa.float64()),
        ],
        (),
    )


def trials(fields: Sequence[tuple[str, pa.DataType]]) -> pa.Schema:
    """One row for each network of a sweep and each epoch; ``fields`` are what the experiment measures.

    ``outcome`` is the unit's, the same in all its rows: finished, stopped or failed, with the ``reason``.
    ``seconds`` is the epoch's time over the number of networks trained together. A unit that failed before
    its first epoch has one row, epoch 0, without measurements.
    """
    return _schema(
        [
            ("setting", pa.string()),
            ("seed", pa.int64()),
            ("epoch", pa.int32()),
            ("outcome", pa.string()),
            ("reason", pa.string()),
            ("loss", pa.float64()),
            ("seconds", pa.float64()),
            *fields,
        ],
        (),
    )


def votes() -> pa.Schema:
    """One row for each image that a trained network was asked about.

    ``confidence`` is the probability of the predicted class, ``label_probability`` of the label.
    ``gradient`` is the mean absolute derivative of the loss by pixel; ``pixels`` the smallest number of
    pixels that fool the network: 0 where it is wrong already, -1 where none of those tried does.
    """
    return _schema(
        [
            ("setting", pa.string()),
            ("seed", pa.int64()),
            ("split", pa.string()),
            ("image_id", pa.int32()),
            ("label", pa.int16()),
            ("predicted", pa.int16()),
            ("confidence", pa.float32()),
            ("label_probability", pa.float32()),
            ("gradient", pa.float32()),
            ("pixels", pa.int8()),
        ],
        (),
    )


def study_images(fields: Sequence[tuple[str, pa.DataType]]) -> pa.Schema:
    """One row for each image of a study; ``fields`` say how it was made."""
    return _schema([("image_id", pa.int32()), ("image", _IMAGE), *fields], ("image",))


def study_votes() -> pa.Schema:
    """One row for each network of a study and each of its images; probabilities in order of the classes."""
    return _schema(
        [
            ("network", pa.string()),
            ("image_id", pa.int32()),
            ("predicted", pa.int16()),
            ("confidence", pa.float32()),
            ("probabilities", pa.list_(pa.float32())),
        ],
        (),
    )


def stops() -> pa.Schema:
    """One row for each target accuracy of a training that is stopped by accuracy.

    ``network`` names the weights and votes of that moment. ``reached`` says whether a check found the
    accuracy within the window. ``test_accuracy``, ``steps`` (gradient steps) and ``checks`` (measurements on
    all test images so far) are those of that check; where none did, of the one that came closest.
    ``outcome`` is the training's: finished, or failed. ``reason`` says why a target was not reached.
    """
    return _schema(
        [
            ("network", pa.string()),
            ("family", pa.string()),
            ("variant", pa.string()),
            ("seed", pa.int64()),
            ("target", pa.float64()),
            ("reached", pa.bool_()),
            ("test_accuracy", pa.float64()),
            ("steps", pa.int64()),
            ("checks", pa.int32()),
            ("seconds", pa.float64()),
            ("outcome", pa.string()),
            ("reason", pa.string()),
        ],
        (),
    )


def surroundings() -> pa.Schema:
    """One row for each network and each point of a grid around a seed, in two directions of a transform.

    ``x`` and ``y`` are what the directions measure there; ``row`` and ``column`` count the points from 0.
    """
    return _schema(
        [
            ("seed_id", pa.int32()),
            ("label", pa.int16()),
            ("x_direction", pa.string()),
            ("y_direction", pa.string()),
            ("network", pa.string()),
            ("row", pa.int32()),
            ("column", pa.int32()),
            ("x", pa.float64()),
            ("y", pa.float64()),
            ("predicted", pa.int16()),
            ("probabilities", pa.list_(pa.float32())),
        ],
        (),
    )


def _schema(fields: Sequence[tuple[str, pa.DataType]], images: Sequence[str]) -> pa.Schema:
    metadata = {"outvoted.schema": VERSION}
    if images:
        features = {name: {"_type": "Image"} for name in images}
        metadata["huggingface"] = json.dumps({"info": {"features": features}})
    return pa.schema([pa.field(*field) for field in fields], metadata=metadata)
