"""Formats of labelled images, and of images to scan: one interface, a file each."""

from outvoted.actors.data.formats.base import Contents, Feature, Format
from outvoted.actors.data.formats.features import CsvTable, FeatureTable, Iris
from outvoted.actors.data.formats.folder import Folder, FolderSource
from outvoted.actors.data.formats.huggingface import HuggingFace
from outvoted.actors.data.formats.idx import Idx
from outvoted.actors.data.formats.npy import Npy
from outvoted.actors.data.formats.npz import ArraySource, Npz
from outvoted.actors.data.formats.parquet import Parquet, ParquetSource
from outvoted.actors.data.formats.svhn import Svhn
from outvoted.actors.data.formats.webdataset import WebDataset

AnyFormat = Folder | HuggingFace | Idx | Iris | Npy | Npz | Parquet | Svhn | CsvTable | WebDataset
"""Labelled images of the user's own, in any format; ``name`` tells which."""

__all__ = [
    "AnyFormat",
    "ArraySource",
    "Contents",
    "Feature",
    "FeatureTable",
    "Folder",
    "FolderSource",
    "Format",
]
__all__ += ["CsvTable", "HuggingFace", "Idx", "Iris", "Npy", "Npz"]
__all__ += ["Parquet", "ParquetSource", "Svhn", "WebDataset"]
