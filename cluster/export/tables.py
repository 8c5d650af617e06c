"""Tables of encoded images: a Parquet file, and the folder that Hugging Face datasets saves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from outvoted.cluster.export.exporter import Exporter, OnImage, numbered
from outvoted.cluster.export.mined import MinedImage, MinedImages
from outvoted.cluster.export.people import COLUMNS, PeoplesWord
from outvoted.search.errors import OutvotedError

if TYPE_CHECKING:
    import datasets

_TOGETHER = 256  # rows of a batch, of which the encoded images are in memory
_VALUES = {
    "target": pa.string(),
    "margin": pa.float32(),
    "valid": pa.bool_(),
    "realism": pa.float32(),
    **dict.fromkeys(COLUMNS, pa.int32()),
}
_SAID = ("citation", "description", "homepage", "license")
_FILE = "data-00000-of-00001.arrow"


class ParquetExporter(Exporter):
    """A Parquet file: image, label, predicted, target, margin, valid, realism, and what people see."""

    name, suffix = "parquet", ".parquet"
    opened_by = "datasets.Dataset.from_parquet('PATH')"

    def write(self, path: Path, images: MinedImages, on_image: OnImage) -> None:
        """Write batch by batch."""
        form = schema(images)
        with pq.ParquetWriter(path, form, compression="zstd", write_page_checksum=True) as writer:
            for batch in batches(images, form, on_image):
                writer.write_batch(batch)


class HuggingFaceExporter(Exporter):
    """What ``datasets.load_from_disk`` loads: the same columns, and the names of the classes."""

    name, suffix = "hf", ""
    opened_by = "datasets.load_from_disk('PATH')"

    def write(self, path: Path, images: MinedImages, on_image: OnImage) -> None:
        """Write one Arrow stream, and what describes it."""
        path.mkdir()
        form = schema(images)
        with pa.OSFile(str(path / _FILE), "wb") as file, pa.ipc.new_stream(file, form) as stream:
            for batch in batches(images, form, on_image):
                stream.write_batch(batch)
        state: dict[str, object] = {
            "_data_files": [{"filename": _FILE}],
            "_fingerprint": f"outvoted-{images.count}",
            "_format_columns": None,
            "_format_kwargs": {},
            "_format_type": None,
            "_output_all_columns": False,
            "_split": None,
        }
        info = {"features": features(images), **dict.fromkeys(_SAID, "")}
        (path / "state.json").write_text(json.dumps(state, indent=2), "utf-8")
        (path / "dataset_info.json").write_text(json.dumps(info, indent=2), "utf-8")


def features(images: MinedImages) -> dict[str, object]:
    """Describe the columns as Hugging Face datasets does."""
    label = {"names": list(images.names), "_type": "ClassLabel"}
    kinds = {pa.bool_(): "bool", pa.float32(): "float32"}
    values = {name: {"dtype": kinds.get(kind, str(kind)), "_type": "Value"} for name, kind in _VALUES.items()}
    return {"image": {"_type": "Image"}, "label": label, "predicted": label, **values}


def schema(images: MinedImages) -> pa.Schema:
    """Return the columns, with their description."""
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    columns = {"image": image, "label": pa.int64(), "predicted": pa.int64(), **_VALUES}
    described = json.dumps({"info": {"features": features(images)}})
    return pa.schema(list(columns.items()), metadata={"huggingface": described})


def batches(images: MinedImages, form: pa.Schema, on_image: OnImage) -> Iterator[pa.RecordBatch]:
    """Give the rows, a few at a time."""
    rows: list[dict[str, object]] = []
    for number, image in numbered(images, on_image):
        rows.append(_row(number, image))
        if len(rows) == _TOGETHER:
            yield pa.RecordBatch.from_pylist(rows, schema=form)
            rows = []
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=form)


def _row(number: int, image: MinedImage) -> dict[str, object]:
    return {
        "image": {"bytes": image.png, "path": f"{image.stem(number)}.png"},
        "label": image.label,
        "predicted": image.predicted,
        "margin": image.margin,
        "valid": image.valid,
        "realism": image.realism,
        "target": image.target,
        **_said(image.people),
    }


def _said(word: PeoplesWord | None) -> dict[str, object]:
    said = (None, None, None) if word is None else (word.majority, word.votes, word.agreeing)
    return dict(zip(COLUMNS, said, strict=True))


def hugging_face(images: MinedImages) -> "datasets.Dataset":
    """Return the images as a dataset in memory.

    Raises:
        OutvotedError: the package is not installed.
    """
    try:
        import datasets
    except ImportError as error:
        raise OutvotedError(
            expected="the package datasets of Hugging Face",
            found="none installed",
            remedy="pip install 'outvoted[hf]'; export(\"hf\", folder) writes such a dataset without it",
        ) from error
    form = schema(images)
    rows = pa.Table.from_batches(list(batches(images, form, lambda: None)), form)
    return datasets.Dataset(rows)
