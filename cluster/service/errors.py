"""Errors of requests: the same three sentences as on the command line, and a status."""

from typing import Any, ClassVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from outvoted.cluster.submitting.dashboard import UnreachableError
from outvoted.search.errors import OutvotedError
from outvoted.search.shown import shown

UNPROCESSABLE = 422


class RequestError(OutvotedError):
    """What is wrong with a request, by its HTTP status."""

    status: ClassVar[int]


class AmbiguousError(RequestError):
    """The request could mean two things."""

    status = 400


class StrangerError(RequestError):
    """Nobody is logged in."""

    status = 401


class NotFoundError(RequestError):
    """There is no such run, mistake or page."""

    status = 404


class ForbiddenError(RequestError):
    """Whoever asks may not."""

    status = 403


class ConflictError(RequestError):
    """The name, or what was asked to be changed, is in use."""

    status = 409


class SlowError(RequestError):
    """What was sent took too long to come."""

    status = 408


class TooLargeError(RequestError):
    """What was sent is larger than is read."""

    status = 413


class AddressTooLongError(RequestError):
    """The address is longer than any that is served."""

    status = 414


class HeadersTooLargeError(RequestError):
    """There are more headers, or longer ones, than are read."""

    status = 431


class BusyError(RequestError):
    """Too much at once; it may be asked again ``after`` so many seconds."""

    status = 429

    def __init__(self, expected: str, found: str, remedy: str, after: int = 1) -> None:
        super().__init__(expected, found, remedy)
        self.after = after


class NotReadyError(RequestError):
    """The cluster cannot be reached yet, or any more."""

    status = 503


def status_of(error: OutvotedError) -> int:
    """Return the HTTP status of an error; 422 for what is wrong with what was sent."""
    if isinstance(error, UnreachableError):
        return NotReadyError.status
    return error.status if isinstance(error, RequestError) else UNPROCESSABLE


class ErrorSaid(BaseModel):
    """What is wrong: what was expected, what was found, and what to do."""

    expected: str
    found: str
    remedy: str


REFUSAL: dict[str, Any] = {
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"error": ErrorSaid.model_json_schema()},
                "required": ["error"],
            }
        }
    }
}
"""What the API answers to a request that it refuses, as its document says it."""


def as_json(error: OutvotedError) -> dict[str, Any]:
    """Return what the API answers."""
    return {"error": {"expected": error.expected, "found": error.found, "remedy": error.remedy}}


def of_request(error: RequestValidationError) -> OutvotedError:
    """Say what is wrong with the first field of a request that is."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    return OutvotedError(
        expected=f"{place or 'a request'}: {first['msg']}",
        found=shown(first.get("input")),
        remedy="see /docs for what can be asked",
    )
