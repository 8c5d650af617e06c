"""All formats that mined images are exported in, by name."""

from collections.abc import Mapping

from outvoted.cluster.export.cvat import CvatExporter
from outvoted.cluster.export.exporter import Exporter
from outvoted.cluster.export.fiftyone import FiftyOneExporter
from outvoted.cluster.export.folder import FolderExporter
from outvoted.cluster.export.npz import NpzExporter
from outvoted.cluster.export.tables import HuggingFaceExporter, ParquetExporter
from outvoted.search.errors import OutvotedError, suggestion

_ALL = (
    FolderExporter(),
    NpzExporter(),
    HuggingFaceExporter(),
    ParquetExporter(),
    FiftyOneExporter(),
    CvatExporter(),
)
EXPORTERS: Mapping[str, Exporter] = {exporter.name: exporter for exporter in _ALL}


def exporter_named(name: str) -> Exporter:
    """Return a format.

    Raises:
        OutvotedError: there is none of this name.
    """
    if name not in EXPORTERS:
        raise OutvotedError(
            expected=f"a format: {', '.join(EXPORTERS)}",
            found=f"'{name}'",
            remedy=suggestion(name, EXPORTERS),
        )
    return EXPORTERS[name]
