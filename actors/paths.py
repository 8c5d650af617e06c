"""Paths that a user writes in a configuration."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator


def expanded(path: Path) -> Path:
    """Put the user's home folder in place of a leading `~`, as a shell does; `~name` is that user's."""
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{path}: there is no home folder of '{path.parts[0][1:]}'") from error


UserPath = Annotated[Path, AfterValidator(expanded)]
"""A path in a configuration; relative ones start at the folder in which outvoted is started."""
