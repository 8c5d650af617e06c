"""The mistakes that a run under way recorded last."""

import os
from pathlib import Path
from typing import Any

from outvoted.actors.runs import schema, tables
from outvoted.actors.runs.packs import is_pack
from outvoted.search.errors import OutvotedError

_MOST = 24
_MOST_BYTES = 64 << 20
_COLUMNS = ["search_id", "number", "target", "label", "predicted"]


class FreshMistakes:
    """Looks into a run's table of mistakes again and again: into its newest file, where one has come."""

    def __init__(self) -> None:
        self._changed: int | None = None
        self._newest: str | None = None

    def look(self, run: Path) -> list[dict[str, Any]] | None:
        """Return the last mistakes of the newest shard, at most 24; None where there is no new one."""
        folder = run / "mistakes"
        try:
            changed = folder.stat(follow_symlinks=False).st_mtime_ns
            if changed == self._changed or folder.is_symlink():
                return None
            self._changed = changed
            files = [one for one in os.scandir(folder) if _is_shard(one)]
            newest = max(files, key=lambda one: one.stat().st_mtime_ns, default=None)
            if newest is None or newest.name == self._newest or newest.stat().st_size > _MOST_BYTES:
                return None
            rows = tables.read(Path(newest.path), schema.MISTAKES, _COLUMNS)
        except (OSError, OutvotedError):  # it was joined with others meanwhile, or is damaged
            return None
        self._newest = newest.name
        last = rows.slice(max(0, len(rows) - _MOST)).to_pylist()
        return [{"search": str(row.pop("search_id")), **row} for row in last] or None


def _is_shard(file: "os.DirEntry[str]") -> bool:
    stem, _, ending = file.name.rpartition(".")
    return (
        ending == "parquet"
        and not stem.startswith(".")
        and not is_pack(stem)
        and file.is_file(follow_symlinks=False)
    )
