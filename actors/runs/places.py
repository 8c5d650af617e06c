"""Where the units of a run's tables are: each in files of its own, or in a pack with others."""

import os
from collections import defaultdict
from collections.abc import Sequence, Set
from pathlib import Path

import pyarrow as pa

from outvoted.actors.runs import tables
from outvoted.actors.runs.files import remove
from outvoted.actors.runs.packs import Manifest, is_pack, manifest
from outvoted.search.errors import OutvotedError


class UnitPlaces:
    """Knows the files ``FOLDER/TABLE/UNIT.parquet`` and ``FOLDER/TABLE/pack-….parquet``.

    A unit or a pack is there once its file of the last table, the marker, is. A unit may be in several places
    for a while, with the same rows; the one that counts is its own file, or else the pack of the most units.
    Other processes may write and join files at any time.

    Attributes:
        marker: the last table.
    """

    def __init__(self, folder: Path, names: Sequence[str], named: str) -> None:
        """Take the run's folder, its tables in the order in which they are written, and how units begin."""
        self.names, self.marker = tuple(names), names[-1]
        self._folder, self._named = folder, named
        self._manifests: dict[tuple[str, int, int], Manifest] = {}

    def file(self, table: str, name: str) -> Path:
        """Return the file of a unit's rows of a table, or of a pack's."""
        return self._folder / table / f"{name}.parquet"

    def own(self, table: str) -> list[str]:
        """Return the names of all units that have a file of their own in a table."""
        return [name for name in self._listed(table, self._named) if not is_pack(name)]

    def packs(self, table: str) -> list[str]:
        """Return the names of a table's packs."""
        return [name for name in self._listed(table, "pack-") if is_pack(name)]

    def where(self) -> dict[str, str]:
        """Return for each unit that is there the name of the file that counts.

        Raises:
            OutvotedError: a pack is damaged.
        """
        own = {unit: unit for unit in self.own(self.marker)}  # listed first: what vanishes then is in a pack
        return self.packed() | own

    def grouped(self, units: Set[str] | None = None) -> list[tuple[str, set[str]]]:
        """Return the files that units are in, and which are in each, in the order of their first.

        Args:
            units: only these.
        """
        found = defaultdict[str, set[str]](set)
        for unit, place in self.where().items():
            if units is None or unit in units:
                found[place].add(unit)
        return sorted(found.items(), key=lambda place: min(place[1]))

    def packed(self) -> dict[str, str]:
        """Return for each unit that is in a pack the one that counts.

        Raises:
            OutvotedError: a pack is damaged.
        """
        packs, gone = self.packs(self.marker), None
        while True:
            try:
                held, gone = {pack: self.manifest(pack).units for pack in packs}, None
            except OutvotedError as error:
                if not vanished(error):
                    raise
                held, gone = {}, error
            before, packs = packs, self.packs(self.marker)
            if packs == before:  # else packs were joined while they were listed
                break
        if gone is not None:
            raise gone
        self._manifests = {known: found for known, found in self._manifests.items() if known[0] in held}
        few_first = sorted(packs, key=lambda pack: (len(held[pack]), pack))
        return {unit: pack for pack in few_first for unit in held[pack]}

    def manifest(self, pack: str) -> Manifest:
        """Return the manifest of a pack of the marker.

        Raises:
            OutvotedError: it is damaged, or gone.
        """
        path = self.file(self.marker, pack)
        try:
            status = path.stat()
            known = (pack, status.st_size, status.st_mtime_ns)
            found = self._manifests.get(known)  # another thread may let go of it
            if found is None:
                found = self._manifests[known] = manifest(path)
        except (OSError, pa.ArrowException, ValueError) as error:
            raise tables.unreadable(path, error) from error
        return found

    def drop(self, name: str) -> None:
        """Remove a unit's own files, or a pack's, the marker first.

        Raises:
            OutvotedError: the system refuses.
        """
        for table in reversed(self.names):
            remove(self.file(table, name))

    def _listed(self, table: str, named: str) -> list[str]:
        try:
            names = os.listdir(self._folder / table)  # noqa: PTH208 (many, of which only names are needed)
        except (FileNotFoundError, NotADirectoryError):
            return []
        ours = (name for name in names if name.startswith(named) and name.endswith(".parquet"))
        stems = (name.removesuffix(".parquet") for name in ours)
        return sorted(stem for stem in stems if stem[len(named) :][:1] not in ("", "."))


def vanished(error: OutvotedError) -> bool:
    """Return whether a file could not be read because it is gone."""
    return isinstance(error.__cause__, FileNotFoundError)
