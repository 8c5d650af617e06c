"""Whether the service lives."""

from fastapi import APIRouter

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> dict[str, str]:
    """Say that the service answers."""
    return {"status": "ok"}
