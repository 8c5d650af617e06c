"""Files of a folder whose names say which split they belong to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from outvoted.actors.data.files import unreadable, walked
from outvoted.actors.data.formats.base import WHOLE, SplitFormat, kind, refuse_unclear, split_in
from outvoted.search.errors import OutvotedError


@dataclass(frozen=True)
class SplitFiles:
    """The files of a data set; no files to test with where there is no such split."""

    train: list[Path]
    test: list[Path] | None
    notes: tuple[str, ...]


def split_files(form: SplitFormat, files: Sequence[Path]) -> SplitFiles:
    """Divide files by the split in their names; those without any are one data set.

    Raises:
        OutvotedError: a split is missing, or it is not clear which files belong to it.
    """
    names = {file: _names(form, file) for file in files}
    train, test = form.chosen(set().union(*names.values()))
    if train is None and form.train != WHOLE and form.path.is_dir():
        refuse_unclear(files, form.path)
    rest = [file for file in files if train is not None and not {train, test} & names[file]]
    notes = [f"files of no chosen split passed over: {len(rest)}, say {rest[0].name}"] if rest else []
    trained = [file for file in files if train is None or train in names[file]]
    tested = None if test is None else [file for file in files if test in names[file]]
    return SplitFiles(trained, tested, tuple(notes))


def files_at(path: Path, fits: Callable[[str], bool], kinds: str) -> list[Path]:
    """Return the file at a path, or all below it whose name, in small letters, fits; in order.

    Raises:
        OutvotedError: a folder holds none of the ``kinds``.
    """
    if not path.is_dir():
        return [path]
    found = sorted(file for file in walked(path) if fits(file.name.lower()))
    if not found:
        raise unreadable(path, f"a folder of {kinds} files", "none of them")
    return found


def _names(form: SplitFormat, file: Path) -> set[str]:
    """Return the names of the splits that a file can be said to belong to."""
    if not form.path.is_dir() or form.train == WHOLE:
        return set()
    within = file.relative_to(form.path)
    others = {within.stem, within.stem.partition("-")[0], *within.parent.parts}
    others |= {part.removeprefix("split=") for part in within.parent.parts}
    try:
        word = split_in(within)
    except ValueError as error:
        raise OutvotedError(
            expected=f"files whose names say one split, in {form.path}",
            found=f"{within}, which names {error}",
            remedy=f"rename it, or set data.train='{WHOLE}' if all files are one data set",
        ) from error
    return {name for name in others if not kind(name)} | ({word} if word else set())
