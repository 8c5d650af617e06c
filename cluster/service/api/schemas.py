"""What may stand in the configuration of each kind of run."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from outvoted.cluster.configuration.schema import schema_of
from outvoted.cluster.jobs.kinds import ENTRIES, KINDS, kind_called
from outvoted.cluster.service.errors import NotFoundError
from outvoted.search.errors import OutvotedError

router = APIRouter(prefix="/schema", tags=["schemas"])
_known: dict[str, dict[str, Any]] = {}


@router.get("")
def kinds() -> dict[str, str]:
    """List the kinds of runs, and what each does."""
    return {entry.name: entry.does for entry in ENTRIES.values()}


@router.get("/{kind}")
def schema(kind: str) -> JSONResponse:
    """Give the JSON schema of a kind's configuration."""
    try:
        name = kind_called(kind)
    except OutvotedError as error:
        raise NotFoundError(error.expected, error.found, error.remedy) from error
    if name not in _known:
        _known[name] = schema_of(KINDS[name].form, name)
    return JSONResponse(_known[name])
