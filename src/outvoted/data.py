"""Images: known data sets by name, one's own by format; sources of unlabelled images to scan.

``load("mnist-sample")`` and ``load(Npz(path="my.npz"))`` read a data set, whose ``train`` and ``test`` have
``images``, uint8 of shape (n, channels, height, width), and ``labels``, shape (n,).
"""

from outvoted.actors.data.checkerboard import Checkerboard
from outvoted.actors.data.datasets import Dataset, DataSettings, Split
from outvoted.actors.data.formats import Folder, HuggingFace, Idx, Iris, Npz, Parquet, Svhn, Table
from outvoted.actors.data.sources import (
    ArraySource,
    DatasetSource,
    FolderSource,
    GridSource,
    ParquetSource,
)
from outvoted.cluster.python.panel import load

__all__ = [
    "ArraySource",
    "Checkerboard",
    "DataSettings",
    "Dataset",
    "DatasetSource",
    "Folder",
    "FolderSource",
    "GridSource",
    "HuggingFace",
    "Idx",
    "Iris",
    "Npz",
    "Parquet",
    "ParquetSource",
    "Split",
    "Svhn",
    "Table",
    "load",
]
