"""Repositories of unlabelled images, each told apart by its ``kind``."""

from typing import Annotated

from pydantic import Field

from outvoted.actors.sources.arrays import ArraySource
from outvoted.actors.sources.base import Item, Piece, Source
from outvoted.actors.sources.dataset import DatasetSource
from outvoted.actors.sources.folder import FolderSource
from outvoted.actors.sources.grid import GridSource
from outvoted.actors.sources.parquet import ParquetSource

AnySource = Annotated[
    FolderSource | ParquetSource | ArraySource | DatasetSource | GridSource, Field(discriminator="kind")
]
"""Any source of images to scan."""

__all__ = ["AnySource", "ArraySource", "DatasetSource", "FolderSource", "GridSource", "Item"]
__all__ += ["ParquetSource", "Piece", "Source"]
