"""Sweeps of any keys from Python: a configuration, or a panel in hand, whose keys are varied."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from outvoted.cluster.configuration import reading
from outvoted.cluster.jobs.kinds import KINDS
from outvoted.cluster.jobs.tune import BASES, TuneConfig
from outvoted.cluster.python import configured
from outvoted.cluster.python.configured import Config, Where
from outvoted.cluster.python.panel import Panel
from outvoted.cluster.python.result import Result
from outvoted.cluster.python.running import launched
from outvoted.search.errors import OutvotedError
from outvoted.search.strategies import Auto

_CALL = "sweep(...)"
_TUNE = "tune"


def tuned(
    config: Panel | Config | None, search: Mapping[str, Any] | None, sections: Mapping[str, Any], where: Where
) -> Result:
    """Vary the keys of a configuration, on Ray.

    Args:
        config: of a sweep with ``vary``, or of what is varied; or a panel, which is mined.
        search: keys of its searches, in place of what the configuration has.
        sections: keys of the sweep, in place of what the configuration has.

    Raises:
        OutvotedError: a value is not what it must be, or what :func:`outvoted.run` raises.
    """
    if isinstance(config, Panel):
        from outvoted.cluster.python.shipped import shipped

        mined = {**shipped(config, where.runs), "search": {"strategy": Auto(), **(search or {})}}
        values: dict[str, Any] = {"device": config.wanted_device, "mine": mined}
        return _launched({**values, **sections}, Path("sweep"), where)
    if config is None:
        raise OutvotedError(
            expected=f"what is varied in {_CALL}: a configuration, or a panel",
            found="none",
            remedy='pass it first: sweep("mnist", vary={"search.patience": [50, 100]}, objective="success")',
        )
    kind = configured.kind_wanted(config)
    stem = configured.stem(config, "sweep")
    if kind == _TUNE:
        settings = configured.settings(config, kind, _CALL)
        assert isinstance(settings, TuneConfig)
        values = {name: getattr(settings, name) for name in settings.model_fields_set}
        return _launched(_searched({**values, **sections}, settings.base_kind, search), stem, where)
    if kind not in BASES:
        raise OutvotedError(
            expected=f"a configuration of {', '.join(BASES)}, whose keys are varied",
            found=f"one of {kind}",
            remedy="vary another one; `outvoted configs` lists those that come with outvoted",
        )
    base = configured.settings(config, kind, _CALL)
    return _launched(_searched({kind: base, **sections}, kind, search), stem, where)


def _searched(values: dict[str, Any], kind: str, search: Mapping[str, Any] | None) -> dict[str, Any]:
    """Put keys of searches into the configuration whose keys are varied."""
    if not search:
        return values
    base = values[kind].model_dump(mode="json")
    if "search" not in base:
        raise OutvotedError(
            expected=f"a configuration with searches, for search={dict(search)!r}",
            found=f"one of {kind}",
            remedy="leave search out",
        )
    return {**values, kind: {**base, "search": {**base["search"], **search}}}


def _launched(values: Mapping[str, Any], stem: Path, where: Where) -> Result:
    settings = reading.validated(KINDS[_TUNE].form, values, _CALL)
    return launched(_TUNE, settings, stem, where)


def replicates_of(seeds: Any) -> Any:
    """Return replicates that were given by their seeds alone, or as they are."""
    return {"seeds": seeds} if isinstance(seeds, list | tuple | range) else seeds
