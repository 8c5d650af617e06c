"""A folder of image files."""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from outvoted.actors.data.chunks import Item, Piece, Source
from outvoted.actors.data.files import UserPath, content, walked
from outvoted.actors.data.pictures import SUFFIXES, UndecodableError
from outvoted.search.errors import OutvotedError, printable


class FolderSource(Source):
    """All files below a folder whose names end as image files do, in the order of their paths.

    Links to files and folders are followed; hidden files, and what desktops leave, are passed over.
    """

    kind: Literal["folder"] = "folder"
    path: UserPath

    def pieces(self, batch: int) -> list[Piece]:
        """Cut the list of files; the list itself, about 100 bytes for each file, is held in memory."""
        files, others = self._listed()
        if not files:
            raise OutvotedError(
                expected=f"image files ({', '.join(SUFFIXES)}) in {self.path} or folders below it",
                found=others,
                remedy="name another folder with scan.source.path",
            )
        firsts = range(0, len(files), batch)
        return [
            Piece(first, len(files[first : first + batch]), tuple(files[first : first + batch]))
            for first in firsts
        ]

    def items(self, piece: Piece) -> Iterator[Item]:
        """Read the files; one that cannot be read is an item too."""
        for name in piece.where:
            try:
                found: bytes | UndecodableError = content(self.path / name)
            except UndecodableError as error:
                found = error
            yield Item(found, path=printable(name))

    def _listed(self) -> tuple[list[str], str]:
        """Return the image files, relative to the folder, and words for what else is there."""
        if not self.path.is_dir():
            return [], "no such folder" if not self.path.exists() else "a file"
        files: list[str] = []
        others: Counter[str] = Counter()
        for path in walked(self.path):
            if path.name.lower().endswith(SUFFIXES):
                files.append(os.path.relpath(path, self.path))
            else:
                others[path.suffix or path.name] += 1
        counted = ", ".join(f"{count} {kind}" for kind, count in others.most_common(5))
        return sorted(files), f"other files: {counted}" if others else "an empty folder"
