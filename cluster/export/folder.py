"""A folder for each class, and a table with the label of each picture."""

import csv
from pathlib import Path

from outvoted.cluster.export.exporter import Exporter, OnImage, numbered
from outvoted.cluster.export.mined import MinedImages
from outvoted.cluster.export.names import folder_names, no_formula
from outvoted.cluster.export.people import COLUMNS

_FACTS = ("margin", "valid", "realism", *COLUMNS)


class FolderExporter(Exporter):
    """PNG files in a folder for each class, and ``labels.csv``.

    Every class has its folder, also if it has no mistake: else programs that number classes by their folders
    would give the images of later classes other labels than they have.
    """

    name, suffix = "folder", ""
    opened_by = "torchvision.datasets.ImageFolder('PATH', allow_empty=True)"

    def write(self, path: Path, images: MinedImages, on_image: OnImage) -> None:
        """Write one picture after the other."""
        folders, names = folder_names(images.names), images.class_names
        for folder in folders:
            (path / folder).mkdir(parents=True)
        with (path / "labels.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            named = [] if names is None else ["name"]
            table.writerow(["file", "label", *named, "predicted", "target", *_FACTS])
            for number, image in numbered(images, on_image):
                picture = f"{folders[image.label]}/{image.stem(number)}.png"
                (path / picture).write_bytes(image.png)
                own = [] if names is None else [no_formula(names[image.label])]
                valid = "" if image.valid is None else str(image.valid).lower()
                word = image.people
                said = [None] * 3 if word is None else [word.majority, word.votes, word.agreeing]
                facts = [no_formula(image.target), image.margin, valid, image.realism, *said]  # None: empty
                table.writerow([picture, image.label, *own, image.predicted, *facts])
