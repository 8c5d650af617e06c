"""ServiceMetrics for Prometheus."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from outvoted.cluster.service.metrics import ServiceMetrics

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """Tell Prometheus of requests and runs."""
    found: ServiceMetrics = request.app.state.metrics
    return Response(found.text(), media_type=CONTENT_TYPE_LATEST)
