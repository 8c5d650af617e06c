"""The form of a request: its address and headers."""

import re

from starlette.types import Scope

from outvoted.cluster.service.errors import (
    AddressTooLongError,
    AmbiguousError,
    HeadersTooLargeError,
    NotFoundError,
)
from outvoted.cluster.service.guard.limits import MOST_ADDRESS, MOST_HEADER_BYTES, MOST_HEADERS
from outvoted.search.shown import shown

_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")
_HIDDEN_SLASH = re.compile(rb"%2f|%5c", re.IGNORECASE)


def check_shape(scope: Scope) -> None:
    """Refuse an address or headers that no visitor sends.

    Addresses are matched as they are decoded: one with an encoded slash, or with a step to the folder above,
    could mean something else to a proxy than to what answers here.

    Raises:
        RequestError: it is one.
    """
    path, raw = scope["path"], scope.get("raw_path") or b""
    length = len(raw) + len(scope["query_string"])
    if length > MOST_ADDRESS:
        raise AddressTooLongError(
            f"an address of at most {MOST_ADDRESS:,} bytes", f"{length:,}", "ask for less"
        )
    count, size = len(scope["headers"]), sum(len(name) + len(value) for name, value in scope["headers"])
    if count > MOST_HEADERS or size > MOST_HEADER_BYTES:
        raise HeadersTooLargeError(
            expected=f"at most {MOST_HEADERS} headers of {MOST_HEADER_BYTES:,} bytes together",
            found=f"{count:,} of {size:,} bytes",
            remedy="send fewer: cookies of other services on this host may be among them",
        )
    if {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}:
        raise AmbiguousError(
            expected="the length of what is sent, or pieces that tell theirs",
            found="both, which a proxy may read otherwise",
            remedy="leave one of the headers Content-Length and Transfer-Encoding out",
        )
    if _CONTROL.search(path) or _HIDDEN_SLASH.search(raw) or {".", ".."} & set(path.split("/")):
        raise NotFoundError("an address that is served here", shown(path), "begin at /")
