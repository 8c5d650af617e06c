"""What CVAT imports: its own XML format for images, version 1.1, in an archive with the images."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree as Xml

from outvoted.cluster.export.exporter import Exporter, OnImage, numbered
from outvoted.cluster.export.mined import MinedImage, MinedImages
from outvoted.search.errors import printable

_ATTRIBUTES = ("predicted", "target")


class CvatExporter(Exporter):
    """A tag with the label for each image; what the target predicted, and its name, are the tag's attributes.

    The pictures stand in ``images`` of the archive, beside ``annotations.xml``.
    """

    name, suffix = "cvat", ".zip"
    opened_by = "create a task from the images in PATH, then Upload annotations, format CVAT 1.1, this file"

    def write(self, path: Path, images: MinedImages, on_image: OnImage) -> None:
        """Write pictures into the archive and what describes them into a file, which follows at the end."""
        described = path.with_name(f"{path.name}.xml")
        try:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
                with described.open("w", encoding="utf-8") as file:
                    _annotate(file, archive, images, on_image)
                archive.write(described, "annotations.xml", zipfile.ZIP_DEFLATED)
        finally:
            described.unlink(missing_ok=True)


def _annotate(file: TextIO, archive: zipfile.ZipFile, images: MinedImages, on_image: OnImage) -> None:
    names = [_legal(name) for name in images.names]
    file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n')
    _put(file, _meta(names, images.count))
    for number, image in numbered(images, on_image):
        picture = f"{image.stem(number)}.png"
        archive.writestr(f"images/{picture}", image.png)
        _put(file, _image(number, picture, image, names))
    file.write("</annotations>\n")


def _put(file: TextIO, element: Xml.Element) -> None:
    file.write(Xml.tostring(element, "unicode") + "\n")


def _image(number: int, picture: str, image: MinedImage, names: Sequence[str]) -> Xml.Element:
    _, height, width = image.pixels.shape
    found = Xml.Element("image", id=str(number), name=picture, width=str(width), height=str(height))
    tag = Xml.SubElement(found, "tag", label=names[image.label], source="auto")
    for name, value in zip(_ATTRIBUTES, (names[image.predicted], _legal(image.target)), strict=True):
        _with_text(tag, "attribute", value, name=name)
    return found


def _meta(names: Sequence[str], count: int) -> Xml.Element:
    """Say which labels there are, each with its attributes."""
    meta = Xml.Element("meta")
    task = Xml.SubElement(meta, "task")
    for part, value in (("name", "mistakes"), ("size", str(count)), ("mode", "annotation")):
        _with_text(task, part, value)
    labels = Xml.SubElement(task, "labels")
    for name in names:
        label = Xml.SubElement(labels, "label")
        _with_text(label, "name", name)
        _with_text(label, "type", "tag")
        attributes = Xml.SubElement(label, "attributes")
        for attribute in _ATTRIBUTES:
            described = Xml.SubElement(attributes, "attribute")
            parts = {"name": attribute, "mutable": "False", "input_type": "text", "default_value": ""}
            for part, value in {**parts, "values": ""}.items():
                _with_text(described, part, value)
    return meta


def _with_text(parent: Xml.Element, element: str, text: str, **attributes: str) -> None:
    Xml.SubElement(parent, element, attributes).text = text


def _legal(text: str) -> str:
    """Write what no XML can hold as escapes."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in printable(text))
