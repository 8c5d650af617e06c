"""Whether the service lives, and whether it can start runs."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from outvoted.cluster.service.errors import as_json
from outvoted.cluster.service.service import Here

router = APIRouter(tags=["health"])


class Ready(BaseModel):
    """Whether runs can be started; if not, why."""

    ready: bool
    error: dict[str, str] | None = None


@router.get("/health")
async def health() -> dict[str, str]:
    """Say that the service answers."""
    return {"status": "ok"}


@router.get("/ready", responses={503: {"model": Ready}})
def ready(service: Here, response: Response) -> Ready:
    """Say whether the cluster can be reached; 503 until it can."""
    problem = service.table.problem()
    if problem is None:
        return Ready(ready=True)
    response.status_code = 503
    return Ready(ready=False, error=as_json(problem)["error"])
