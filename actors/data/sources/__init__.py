"""Repositories of unlabelled images, each told apart by its ``kind``."""

from typing import Annotated

from pydantic import Field

from outvoted.actors.data.checkerboard import GridSource
from outvoted.actors.data.chunks import Item, Piece, Source
from outvoted.actors.data.sources.arrays import ArraySource
from outvoted.actors.data.sources.dataset import DatasetSource
from outvoted.actors.data.sources.folder import FolderSource
from outvoted.actors.data.sources.parquet import ParquetSource

AnySource = Annotated[
    FolderSource | ParquetSource | ArraySource | DatasetSource | GridSource, Field(discriminator="kind")
]
"""Any source of images to scan."""

__all__ = ["AnySource", "ArraySource", "DatasetSource", "FolderSource", "GridSource", "Item"]
__all__ += ["ParquetSource", "Piece", "Source"]
