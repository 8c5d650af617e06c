"""Images: known data sets by name, one's own by format; sources of unlabelled images to scan.

``load("mnist-sample")`` and ``load(Npz(path=Path("my.npz")))`` read a data set, whose ``train`` and ``test``
have ``images``, uint8 of shape (n, channels, height, width), and ``labels``, shape (n,).
"""

from outvoted.actors.data.checkerboard import Checkerboard, GridSource
from outvoted.actors.data.datasets import Dataset, DataSettings, Split
from outvoted.actors.data.formats import (
    ArraySource,
    CsvTable,
    Folder,
    FolderSource,
    HuggingFace,
    Idx,
    Iris,
    Npy,
    Npz,
    Parquet,
    ParquetSource,
    Svhn,
    WebDataset,
)
from outvoted.actors.data.sources import DatasetSource
from outvoted.cluster.python.images import load

__all__ = [
    "ArraySource",
    "Checkerboard",
    "CsvTable",
    "DataSettings",
    "Dataset",
    "DatasetSource",
    "Folder",
    "FolderSource",
    "GridSource",
    "HuggingFace",
    "Idx",
    "Iris",
    "Npy",
    "Npz",
    "Parquet",
    "ParquetSource",
    "Split",
    "Svhn",
    "WebDataset",
    "load",
]
