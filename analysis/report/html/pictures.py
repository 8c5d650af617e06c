"""Pictures that a report has drawn already."""

from collections.abc import Mapping
from pathlib import Path

from outvoted.analysis.report.html.parts import Picture


def pictures(folder: Path, captions: Mapping[str, str]) -> tuple[Picture, ...]:
    """Return those of the named pictures that are in a folder, with their captions."""
    return tuple(
        Picture(folder / name, caption) for name, caption in captions.items() if (folder / name).is_file()
    )


def titled(name: str) -> str:
    """Return a picture's caption from its file's name: "Learning curves" for "learning-curves.png"."""
    return Path(name).stem.replace("-", " ").replace("_", " ").capitalize()
