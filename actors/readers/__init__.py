"""Formats of labelled images: one interface, one file each."""

from outvoted.actors.readers.base import Contents, Part, Source
from outvoted.actors.readers.folder import Folder
from outvoted.actors.readers.huggingface import HuggingFace
from outvoted.actors.readers.idx import Idx
from outvoted.actors.readers.npz import Npz
from outvoted.actors.readers.parquet import Parquet
from outvoted.actors.readers.svhn import Svhn

__all__ = ["Contents", "Folder", "HuggingFace", "Idx", "Npz", "Parquet", "Part", "Source", "Svhn"]
