"""What travels to the cluster with a run: the configuration, and the folder its modules and files are in."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outvoted.search.errors import OutvotedError
from outvoted.search.shown import shown

MOST_BYTES = 100 << 20
MOST_FILES = 10_000
CONFIGURATIONS = "outvoted-config"
"""The folder, within what travels, of the configuration."""
_NEVER = frozenset({"__pycache__", "node_modules", "runs"})


@dataclass(frozen=True)
class Packed:
    """What is sent.

    Attributes:
        config: the configuration's path within the folder.
        absent: values of the configuration that name files here which are not sent, by their keys.
    """

    config: str
    files: int
    size: int
    absent: Mapping[str, str]


def pack(
    config: Path, values: Mapping[str, Any], here: Path, into: Path, without: Sequence[str] | None
) -> Packed:
    """Copy into a folder what is to be sent.

    Args:
        config: the configuration's file.
        values: what is configured.
        here: the folder that paths and modules of the configuration start from.
        without: files and folders in it that stay here; None to send the configuration alone.

    Raises:
        OutvotedError: it is too much.
    """
    chosen = [] if without is None else list(_files(here, {(here / one).resolve() for one in without}))
    _check_size(here, chosen)
    for path in chosen:
        _copy(here / path, into / path)
    _copy(config, into / CONFIGURATIONS / config.name)
    sent = frozenset(chosen)
    absent = {key: value for key, value in paths_here(values, here) if not _is_sent(here, value, sent)}
    size = sum((here / path).stat().st_size for path in chosen)
    return Packed(f"{CONFIGURATIONS}/{config.name}", len(chosen) + 1, size, absent)


def _files(here: Path, without: set[Path]) -> Iterator[Path]:
    """Yield files, and links to files in the folder; runs, environments and what is hidden stay here."""
    root = here.resolve()
    for folder, folders, files in os.walk(here):
        place = Path(folder)
        folders[:] = [one for one in sorted(folders) if _may_travel(place / one, without)]
        for name in sorted(files):
            path = place / name
            target = path.resolve()
            fits = not name.startswith(".") and target.is_file() and target.is_relative_to(root)
            if fits and path.resolve() not in without and not name.endswith((".pyc", ".check.png")):
                yield path.relative_to(here)


def _may_travel(folder: Path, without: set[Path]) -> bool:
    left_out = folder.name.startswith(".") or folder.name in _NEVER or folder.resolve() in without
    return (
        not left_out
        and not folder.is_symlink()
        and not any((folder / file).exists() for file in ("run.json", "pyvenv.cfg"))
    )


def _check_size(here: Path, chosen: Sequence[Path]) -> None:
    sizes: dict[str, int] = {}
    for path in chosen:
        sizes[path.parts[0]] = sizes.get(path.parts[0], 0) + (here / path).stat().st_size
    total = sum(sizes.values())
    if total <= MOST_BYTES and len(chosen) <= MOST_FILES:
        return
    largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
    listed = ", ".join(f"{shown(name)} ({sizes[name] / 1e6:,.1f} MB)" for name in largest)
    raise OutvotedError(
        expected=f"at most {MOST_BYTES >> 20} MiB in {MOST_FILES:,} files to send from {here}",
        found=f"{total / 1e6:,.0f} MB in {len(chosen):,} files; the largest: {listed}",
        remedy="leave out what is not needed there: --without FOLDER (data belongs where every machine of "
        "the cluster sees it: set data.path to that), or --no-code if the cluster's image has all",
    )


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def paths_here(values: Any, here: Path, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield the values that name files or folders of this machine, behind their keys."""
    if isinstance(values, Mapping):
        for name, value in values.items():
            yield from paths_here(value, here, f"{key}.{name}" if key else str(name))
    elif isinstance(values, list | tuple):
        for index, value in enumerate(values):
            yield from paths_here(value, here, f"{key}.{index}")
    elif isinstance(values, str) and values and _is_here(here, values):
        yield key, values


def _is_here(here: Path, value: str) -> bool:
    """Return whether a text names something here; some word may by chance, which does no harm."""
    try:
        return (here / value).exists()
    except (OSError, ValueError):
        return False


def _is_sent(here: Path, value: str, sent: frozenset[Path]) -> bool:
    """Return whether a path leads to the same on the cluster: it is relative, and what it names is sent."""
    path = Path(value)
    if path.is_absolute() or ".." in path.parts:
        return False
    return path in sent or any(one.is_relative_to(path) for one in sent)
