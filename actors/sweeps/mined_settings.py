"""What was mined of a sweep, setting by setting: the networks of each are a panel of their own."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from outvoted.actors.mining.local_mining import MiningResult
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.panel_settings import RefereeSettings
from outvoted.actors.runs import schema, tables
from outvoted.actors.runs.files import remove, write_atomically
from outvoted.actors.runs.units import UnitTables
from outvoted.search.search_settings import SearchSettings
from outvoted.search.settings import Settings

_PER_TARGET = 100
_ORIGIN = "outvoted.origin"
_TABLES = (schema.MISTAKES, schema.SEARCHES)


def _few(values: Any) -> Any:
    """By default, search less than `outvoted mine` does."""
    return {"per_target": _PER_TARGET, **values} if isinstance(values, dict) else values


class Mining(Settings):
    """How the networks of every setting are mined: as a panel of their own, each against the others."""

    search: Annotated[SearchSettings, BeforeValidator(_few)] = SearchSettings(per_target=_PER_TARGET)
    """The same searches for every setting. ``per_target`` (100 by default) is for each network; ``targets``
    names networks by their training seeds, say ``[seed-0]``, in every setting."""
    referee: RefereeSettings | None = RefereeSettings()
    """One for all settings."""

    def origin(self, panel: Sequence[Member], data_fingerprint: str) -> "Origin":
        """Return everything that mining a panel depends on.

        Raises:
            OutvotedError: the referee's own file cannot be read.
        """
        wanted = () if self.referee is None else (panel_settings.referee_recipe(self.referee),)
        judged = panel_settings.key(wanted, data_fingerprint)
        return Origin(fingerprint(panel), self.search.model_dump_json(), judged)


@dataclass(frozen=True)
class Origin:
    """What was mined: a panel's fingerprint, search settings as JSON, a key of the referee and its data."""

    panel: str
    search: str
    referee: str


class MinedSettings:
    """Reads and writes what was mined in a sweep's folder; a setting's searches mark it as done.

    ``unmined/`` says why a setting could not be mined.
    """

    def __init__(self, folder: Path) -> None:
        """Take the sweep's folder."""
        self.units = UnitTables(folder, *(form.grouped(schema.OF_SETTING) for form in _TABLES))
        self._unmined = folder / "unmined"

    def write(self, setting: str, mined: MiningResult, origin: Origin) -> None:
        """Write what was mined of a setting, and from what."""
        self.units.remove(setting)  # what was mined of other networks
        rows = {form.name: getattr(mined, form.name) for form in _TABLES}
        told = {name: tables.with_values(rows[name], (schema.OF_SETTING,), setting) for name in rows}
        self.units.write(setting, told, {_ORIGIN: json.dumps(asdict(origin))})
        remove(self._reason(setting))

    def fail(self, setting: str, reason: str) -> None:
        """Record why a setting could not be mined, and delete what was mined of it before."""
        self.units.remove(setting)
        write_atomically(
            self._reason(setting), lambda path: path.write_text(reason, "utf-8", errors="backslashreplace")
        )

    def origin(self, setting: str) -> Origin | None:
        """Return what a setting was mined from; None if it was not mined, or not completely."""
        try:
            return Origin(**json.loads(self.units.note(setting)[_ORIGIN]))
        except (KeyError, TypeError, ValueError):
            return None

    def reason(self, setting: str) -> str | None:
        """Return why a setting could not be mined; None if no reason is recorded."""
        path = self._reason(setting)
        return path.read_text("utf-8", errors="replace") if path.is_file() else None

    def read(self, setting: str) -> MiningResult:
        """Read what was mined of a setting; both tables end with the column ``setting``.

        Raises:
            OutvotedError: nothing was, or it cannot be read.
        """
        return MiningResult(**{form.name: self.units.read(form.name, setting) for form in _TABLES})

    def _reason(self, setting: str) -> Path:
        return self._unmined / f"{setting}.txt"
