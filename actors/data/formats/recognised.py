"""Which format of labelled images lies at a path."""

from pathlib import Path

from outvoted.actors.data.files import walked
from outvoted.actors.data.formats import AnyFormat
from outvoted.actors.data.formats.folder import Folder
from outvoted.actors.data.formats.huggingface import HuggingFace
from outvoted.actors.data.formats.idx import Idx
from outvoted.actors.data.formats.npy import Npy
from outvoted.actors.data.formats.npz import Npz
from outvoted.actors.data.formats.parquet import Parquet
from outvoted.actors.data.formats.svhn import Svhn
from outvoted.actors.data.formats.webdataset import WebDataset
from outvoted.search.errors import OutvotedError

_Recognised = Folder | HuggingFace | Idx | Npy | Npz | Parquet | Svhn | WebDataset
_FILES: dict[str, type[Npy | Npz | Parquet | Svhn | WebDataset]] = {
    ".npy": Npy,
    ".npz": Npz,
    ".parquet": Parquet,
    ".mat": Svhn,
    ".tar": WebDataset,
}
_SAVED = ("state.json", "dataset_dict.json")
_IDX = ("train-images-idx3-ubyte", "train-images-idx3-ubyte.gz")
_NPY = "x_train.npy"
_SVHN = "train_32x32.mat"


def format_at(path: Path, test_share: float = 0.1) -> AnyFormat:
    """Return the settings that read what lies at a path: a folder of pictures, or a file or folder of tables.

    Nothing but names is looked at; reading says what is wrong with the content.

    Args:
        path: an image folder (a subfolder for each class, or ``labels.csv``), a Hugging Face dataset saved to
            disk, a folder of Parquet files, of MNIST's idx files, or with x_train.npy; or a .npy, .npz,
            .parquet, .mat or .tar file.
        test_share: the share of images held out for testing where there is no test split.

    Raises:
        OutvotedError: nothing lies there, or a file of another kind.
    """
    try:
        form = _form(path)
    except OSError:
        form = None
    if form is None:
        raise OutvotedError(
            expected=f"a folder of labelled images, or a file {', '.join(_FILES)}, at {path}",
            found="a file of another kind" if path.is_file() else "no such file or folder",
            remedy="correct the path, or say how to read it, say data.CsvTable(path=...)",
        )
    return form(path=path, test_share=test_share)


def _form(path: Path) -> type[_Recognised] | None:
    if path.is_file():
        return _FILES.get(path.suffix.lower())
    if not path.is_dir():
        return None
    names = {file.name for file in path.iterdir()}
    if names.intersection(_SAVED):
        return HuggingFace
    if names.intersection(_IDX):
        return Idx
    if _NPY in names:
        return Npy
    if _SVHN in names:
        return Svhn
    ends = {Path(file.name).suffix.lower() for file in walked(path)}
    if ".parquet" in ends:
        return Parquet
    return WebDataset if ".tar" in ends else Folder
