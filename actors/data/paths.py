"""Paths that a user writes in a configuration."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from outvoted.search.errors import printable


def expanded(path: Path) -> Path:
    """Put the user's home folder in place of a leading `~`, as a shell does; `~name` is that user's.

    Raises:
        ValueError: there is no such folder, or the path is no text in UTF-8, which is what runs record.
    """
    if printable(str(path)) != str(path):
        raise ValueError(f"{printable(str(path))}: a path of plain UTF-8, so rename it or link to it")
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{path}: there is no home folder of '{path.parts[0][1:]}'") from error


UserPath = Annotated[Path, AfterValidator(expanded)]
"""A path in a configuration; relative ones start at the folder in which outvoted is started."""
