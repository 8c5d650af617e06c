"""What FiftyOne opens."""

import json
from pathlib import Path

from outvoted.cluster.export.exporter import Exporter, OnImage, numbered
from outvoted.cluster.export.mined import MinedImages


class FiftyOneExporter(Exporter):
    """FiftyOne's `FiftyOneImageClassificationDataset`; a second file holds what the target predicted."""

    name, suffix = "fiftyone", ""
    opened_by = (
        "fiftyone.Dataset.from_dir('PATH', dataset_type=fiftyone.types.FiftyOneImageClassificationDataset)"
    )

    def write(self, path: Path, images: MinedImages, on_image: OnImage) -> None:
        """Write the pictures into ``data``, then their labels, which lie in memory until then."""
        (path / "data").mkdir(parents=True)
        labels, predictions = dict[str, int](), dict[str, int]()
        for number, image in numbered(images, on_image):
            stem = image.stem(number)
            (path / "data" / f"{stem}.png").write_bytes(image.png)
            labels[stem], predictions[stem] = image.label, image.predicted
        for name, found in (("labels", labels), ("predictions", predictions)):
            text = json.dumps({"classes": list(images.names), "labels": found})
            (path / f"{name}.json").write_text(text, "utf-8")
