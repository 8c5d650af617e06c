"""Runs: started, listed, looked at, stopped, resumed and extended."""

from collections.abc import Mapping
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outvoted.cluster.service import starting
from outvoted.cluster.service.guard.headers import REPORT
from outvoted.cluster.service.looking import RunDetails, RunSummary, details, summaries
from outvoted.cluster.service.reports import report_of
from outvoted.cluster.service.service import Here
from outvoted.cluster.service.starting import NewRun
from outvoted.search.errors import OutvotedError

router = APIRouter(prefix="/runs", tags=["runs"])
_MOST = 1000
_MOST_TEXT = 256 << 10
_LONGEST_LOG = 4 << 20
_YAML = ("application/yaml", "application/x-yaml", "text/yaml")
Override = Annotated[str, Field(max_length=10_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RunRequest(_Body):
    """A run to be started.

    Attributes:
        config: YAML, or the same as an object.
        kind: mine, scan, …; by default the first that the keys fit.
        name: by default made of the kind and the time.
        overrides: key.path=value, as `--set` takes them.
    """

    config: Annotated[str, Field(max_length=_MOST_TEXT)] | dict[str, Any]
    kind: str | None = None
    name: str | None = None
    overrides: Annotated[list[Override], Field(max_length=100)] = []

    def wanted(self) -> NewRun:
        """Return it for whoever starts runs."""
        text = self.config if isinstance(self.config, str) else as_yaml(self.config)
        return NewRun(text, self.kind, self.name, tuple(self.overrides))


class ResumeRequest(_Body):
    """How to go on with a run; ``retry_failed`` runs searches that failed again."""

    retry_failed: bool = False


class ExtendRequest(_Body):
    """Other values, as `key.path=value`, of keys that a resumed run may change."""

    overrides: Annotated[list[Override], Field(min_length=1, max_length=100)]


class RunNamed(BaseModel):
    """The run that was asked for."""

    name: str


class RunsPage(BaseModel):
    """Some of the runs, and how many there are of those that were asked for."""

    total: int
    runs: list[RunSummary]


class Understood(BaseModel):
    """What a configuration was understood to be, line by line."""

    understood: list[str]


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": RunRequest.model_json_schema()},
            "application/yaml": {"schema": {"type": "string"}},
        },
    }
}


@router.post("", status_code=201, openapi_extra=_BODY)
async def start(
    request: Request, response: Response, service: Here, name: str | None = None, kind: str | None = None
) -> RunNamed:
    """Start a run, of a JSON body or of YAML alone (`Content-Type: application/yaml`, ?name=…&kind=…)."""
    wanted = await _wanted(request, name, kind)
    started = await run_in_threadpool(starting.start, service, wanted)
    response.headers["Location"] = f"/v1/runs/{started}"
    return RunNamed(name=started)


@router.post("/check", openapi_extra=_BODY)
async def check(
    request: Request, service: Here, name: str | None = None, kind: str | None = None
) -> Understood:
    """Check a configuration as starting it would, and start nothing."""
    wanted = await _wanted(request, name, kind)
    return Understood(understood=await run_in_threadpool(starting.check, service, wanted))


@router.get("")
def runs(
    service: Here,
    state: Annotated[list[str] | None, Query(max_length=20)] = None,
    kind: Annotated[list[str] | None, Query(max_length=20)] = None,
    offset: Annotated[int, Query(ge=0, lt=1 << 31)] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 100,
) -> RunsPage:
    """List runs: those at work first, each group with the latest first."""
    every = summaries(service)
    found = [one for one in every if _among(one.state, state) and _among(one.kind, kind)]
    return RunsPage(total=len(found), runs=found[offset : offset + limit])


@router.get("/{name}")
def run(service: Here, name: str) -> RunDetails:
    """Tell all that is known of a run."""
    return details(service, name)


@router.post("/{name}/stop", status_code=202)
def stop(service: Here, name: str) -> RunNamed:
    """End a run as Ctrl-C would; what was found is kept."""
    starting.stop(service, name)
    return RunNamed(name=name)


@router.post("/{name}/resume", status_code=202)
def resume(service: Here, name: str, how: ResumeRequest | None = None) -> RunNamed:
    """Go on with a run that ended early."""
    starting.resume(service, name, (how or ResumeRequest()).retry_failed)
    return RunNamed(name=name)


@router.post("/{name}/extend", status_code=202)
def extend(service: Here, name: str, what: ExtendRequest) -> RunNamed:
    """Go on with a run with other values of keys that may change."""
    starting.extend(service, name, tuple(what.overrides))
    return RunNamed(name=name)


@router.get("/{name}/changeable")
def changeable(service: Here, name: str) -> Mapping[str, Any]:
    """List the keys that a resumed run may change, with the values they have."""
    return starting.changeable(service, name)


@router.get("/{name}/config", response_class=Response, responses={200: {"content": {"application/yaml": {}}}})
def config(service: Here, name: str) -> Response:
    """Give the run's configuration as YAML, every key in it."""
    return Response(starting.config_of(service, name), media_type="application/yaml")


@router.get("/{name}/logs", response_class=PlainTextResponse)
def logs(service: Here, name: str) -> Response:
    """Give what the run has printed; of a long log its end."""
    return PlainTextResponse(starting.log_of(service, name)[-_LONGEST_LOG:])


@router.get("/{name}/report", response_class=HTMLResponse)
def report(service: Here, name: str) -> Response:
    """Give the run's report, made anew where the run has gone on since."""
    return FileResponse(report_of(service, name), media_type="text/html; charset=utf-8", headers=REPORT)


def as_yaml(values: Mapping[str, Any]) -> str:
    """Write an object as YAML that is read to the same values."""
    try:
        return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True)
    except (yaml.YAMLError, RecursionError) as error:
        raise OutvotedError(
            expected="a configuration of plain values",
            found="one that cannot be written as YAML",
            remedy="send it as YAML, in a string",
        ) from error


async def _wanted(request: Request, name: str | None, kind: str | None) -> NewRun:
    """Read the body of a request, whichever of the two it is."""
    body = await request.body()
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media in _YAML:
        try:
            return NewRun(body.decode("utf-8-sig"), kind, name)
        except UnicodeDecodeError as error:
            raise OutvotedError("YAML in UTF-8", "other bytes", "save it as UTF-8") from error
    try:
        return RunRequest.model_validate_json(body).wanted()
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


def _among(value: str, wanted: list[str] | None) -> bool:
    return not wanted or value in wanted
