"""Every format with what reads it back: Outvoted's own readers, or what the format's documentation says."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import numpy as np
from pydantic import TypeAdapter

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import AnyData, Split
from outvoted.actors.runs import png

SOURCE: TypeAdapter[Any] = TypeAdapter(AnyData)


@dataclass(frozen=True)
class ReadBack:
    """Images and labels in the order in which they were written, and the names of the classes."""

    split: Split
    names: tuple[str, ...] | None


def own(name: str) -> Callable[[Path], ReadBack]:
    """Read with a format of Outvoted's own."""

    def read(path: Path) -> ReadBack:
        data = datasets.load(SOURCE.validate_python({"name": name, "path": path, "test_share": 0}))
        return ReadBack(data.train, data.class_names)

    return read


def fiftyone(path: Path) -> ReadBack:
    """Read as FiftyOne's importer does: pictures in data/ by their names without suffix, labels.json."""
    found = json.loads((path / "labels.json").read_text())
    pictures = {file.stem: file.read_bytes() for file in (path / "data").iterdir()}
    assert set(found) == {"classes", "labels"}
    assert set(found["labels"]) == set(pictures)
    keys = sorted(found["labels"])
    images = png.decode_all([pictures[key] for key in keys])
    return ReadBack(Split(images, np.array([found["labels"][key] for key in keys])), tuple(found["classes"]))


def cvat(path: Path) -> ReadBack:
    """Read as CVAT's documentation of its format 1.1 describes it."""
    with zipfile.ZipFile(path) as archive:
        root = Xml.fromstring(archive.read("annotations.xml"))
        names = [label.findtext("name") or "" for label in root.iterfind("meta/task/labels/label")]
        images, labels = [], []
        for image in root.iterfind("image"):
            pixels = png.decode(archive.read(f"images/{image.get('name')}"))
            assert pixels.shape[1:] == (int(image.get("height", 0)), int(image.get("width", 0)))
            (tag,) = image.iterfind("tag")
            assert {each.get("name") for each in tag} == {"predicted", "target"}
            images.append(pixels)
            labels.append(names.index(tag.get("label") or ""))
    assert root.findtext("version") == "1.1"
    assert root.findtext("meta/task/size") == str(len(images))
    return ReadBack(Split(np.stack(images), np.array(labels)), tuple(names))


READERS: dict[str, Callable[[Path], ReadBack]] = {
    "folder": own("folder"),
    "npz": own("npz"),
    "hf": own("huggingface"),
    "parquet": own("parquet"),
    "fiftyone": fiftyone,
    "cvat": cvat,
}
