"""Formats of labelled images: one interface, one file each."""

from outvoted.actors.data.formats.base import Contents, Feature, Part, Source
from outvoted.actors.data.formats.folder import Folder
from outvoted.actors.data.formats.huggingface import HuggingFace
from outvoted.actors.data.formats.idx import Idx
from outvoted.actors.data.formats.npz import Npz
from outvoted.actors.data.formats.parquet import Parquet
from outvoted.actors.data.formats.svhn import Svhn
from outvoted.actors.data.formats.table import Iris, Rows, Table

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
