"""Formats of labelled images: one interface, one file each."""

from outvoted.actors.readers.base import Contents, Feature, Part, Source
from outvoted.actors.readers.folder import Folder
from outvoted.actors.readers.huggingface import HuggingFace
from outvoted.actors.readers.idx import Idx
from outvoted.actors.readers.npz import Npz
from outvoted.actors.readers.parquet import Parquet
from outvoted.actors.readers.svhn import Svhn
from outvoted.actors.readers.table import Iris, Rows, Table

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
