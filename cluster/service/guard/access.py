"""What each address needs, by method and path; what is not named here, only a full token opens."""

import re

from outvoted.cluster.service.guard.limits import MOST_BODY, MOST_UPLOAD
from outvoted.cluster.service.guard.visitors import Role

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_RUN = r"/runs/[^/]+"
_OPEN = re.compile(r"/login|/logout|/assets/[^/]+|/v1/health|/v1/ready")
_HEALTH = re.compile(r"/v1/health|/v1/ready")
_MISTAKE = rf"(/v1)?{_RUN}/mistakes/[^/]+/[^/]+"
_ASKING = re.compile(rf"/try|/v1/vote|/v1{_RUN}/render|{_MISTAKE}/(replay|climb(\.png)?)")
_READING = re.compile(rf"(/v1)?{_RUN}/mistakes/download|{_ASKING.pattern}")
_LABELLING = re.compile(rf"/label(/.+)?|/v1/label/.+|(/v1)?{_RUN}/labels/(?!import$).+")
_LABELS = re.compile(rf"(/v1)?{_RUN}/labels")
_EVENTS = re.compile(rf"/v1{_RUN}/events")
_UPLOADS = re.compile(rf"/v1/vote|/v1{_RUN}/(render|labels/import)")


def is_open(path: str) -> bool:
    """Return whether an address is served to those who are not logged in."""
    return _OPEN.fullmatch(path) is not None


def is_health(path: str) -> bool:
    """Return whether an address is one that orchestrators ask, by whatever host name they know."""
    return _HEALTH.fullmatch(path) is not None


def is_stream(path: str) -> bool:
    """Return whether an address answers as long as a run goes on."""
    return _EVENTS.fullmatch(path) is not None


def needed(method: str, path: str) -> Role:
    """Return the role that a request needs."""
    if _LABELLING.fullmatch(path) or (method == "POST" and _LABELS.fullmatch(path)):
        return Role.LABELLING
    return Role.READING if method in SAFE or _READING.fullmatch(path) else Role.FULL


def rate(method: str, path: str) -> str:
    """Name the rate by which a request is counted beside the rate of all."""
    if _ASKING.fullmatch(path):
        return "asking"
    return "changing" if needed(method, path) == Role.FULL else "any"


def most_body(path: str) -> int:
    """Return how many bytes may be sent to an address."""
    return MOST_UPLOAD if _UPLOADS.fullmatch(path) else MOST_BODY
