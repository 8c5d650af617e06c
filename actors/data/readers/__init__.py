"""Formats of labelled images: one interface, one file each."""

from outvoted.actors.data.readers.base import Contents, Feature, Part, Source
from outvoted.actors.data.readers.folder import Folder
from outvoted.actors.data.readers.huggingface import HuggingFace
from outvoted.actors.data.readers.idx import Idx
from outvoted.actors.data.readers.npz import Npz
from outvoted.actors.data.readers.parquet import Parquet
from outvoted.actors.data.readers.svhn import Svhn
from outvoted.actors.data.readers.table import Iris, Rows, Table

__all__ = [
    "Contents",
    "Feature",
    "Folder",
    "HuggingFace",
    "Idx",
    "Iris",
    "Npz",
    "Parquet",
    "Part",
    "Rows",
    "Source",
    "Svhn",
    "Table",
]
