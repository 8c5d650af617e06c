"""Object stores: which URLs name a place in one, how one is opened, and what it refuses in a user's words."""

import os
import re
from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from outvoted.search.errors import OutvotedError
from outvoted.search.shown import shown

STORES = ("s3", "gs")
"""The schemes of object stores."""
URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(/+)(.*)", re.DOTALL)  # pathlib makes one slash of two
_CONNECT_SECONDS, _ANSWER_SECONDS, _ATTEMPTS = 5.0, 20.0, 3
_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_PLACE = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")
_WRONG = {
    "NO_SUCH_BUCKET": ("no such bucket", "create the bucket, or correct the URL"),
    "INVALID_ACCESS_KEY_ID": ("the store knows no such access key", "set AWS_ACCESS_KEY_ID and its secret"),
    "SIGNATURE_DOES_NOT_MATCH": ("the secret doesn't fit the access key", "set AWS_SECRET_ACCESS_KEY"),
    "ACCESS_DENIED": (
        "the store refuses access",
        "give these credentials the right to list and read there, and for runs to write and delete",
    ),
    "NETWORK_CONNECTION": (
        "the store can't be reached",
        "check the network, AWS_ENDPOINT_URL and AWS_REGION",
    ),
}


class StoreRefusedError(OutvotedError):
    """A store refuses, or does not answer: what was asked for may well be there."""


def bucket_and_prefix(place: str) -> tuple[str, list[str]] | None:
    """Return the scheme of a URL in an object store, with bucket and prefix in parts; None if it is none.

    Raises:
        OutvotedError: it has more in it than a bucket and a prefix, or no bucket.
    """
    found = URL.fullmatch(place)
    scheme = found[1].lower() if found else ""
    if found is None or scheme not in STORES:
        return None
    parts = [part for part in found[3].split("/") if part]
    if not parts or {".", ".."} & set(parts) or not place.isprintable():
        raise OutvotedError(
            expected=f"a bucket, and perhaps a prefix: {scheme}://BUCKET/PREFIX",
            found=shown(place),
            remedy="name the bucket, and no folders '.' or '..'",
        )
    if set("?#@") & set(place):
        raise OutvotedError(
            expected=f"a bucket and a prefix alone: {scheme}://BUCKET/PREFIX",
            found=f"{scheme}://… with a user, options or '#'",
            remedy="pass credentials, region and endpoint by the environment: "
            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL",
        )
    return scheme, parts


def filesystem(scheme: str, bucket: str) -> Any:
    """Return pyarrow's client of a store; credentials come from the environment, as the store's tools do it.

    Raises:
        OutvotedError: it cannot be opened, or pyarrow was built without it.
    """
    said = tuple(os.environ.get(name) for name in (*_SECRETS, *_PLACE))
    try:
        return _filesystem(scheme, bucket, said)
    except (OSError, ImportError, ValueError, AttributeError) as error:
        raise refused(f"{scheme}://{bucket}", error) from error


@lru_cache(maxsize=16)
def _filesystem(scheme: str, bucket: str, said: tuple[str | None, ...]) -> Any:
    import pyarrow.fs as pa_fs  # here: most commands need none

    if scheme == "gs":
        return pa_fs.GcsFileSystem(retry_time_limit=timedelta(seconds=_ANSWER_SECONDS))
    *_, special, general, region, usual, _ = said
    endpoint = special or general
    where: dict[str, Any] = {}
    if endpoint:
        parts = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
        where = {"scheme": parts.scheme, "endpoint_override": parts.netloc + parts.path.rstrip("/")}
    return pa_fs.S3FileSystem(
        region=region or usual or ("us-east-1" if endpoint else pa_fs.resolve_s3_region(bucket)),
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_ANSWER_SECONDS,
        retry_strategy=pa_fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
        **where,
    )


def refused(url: str, error: Exception) -> StoreRefusedError:
    """Say what a store refuses, without secrets."""
    text = " ".join(str(error).split())
    for name in _SECRETS:
        if os.environ.get(name):
            text = text.replace(os.environ[name], f"${name}")
    kind = re.search(r"AWS Error (\w+)", text)
    found, remedy = _WRONG.get(
        kind[1] if kind else "", ("the store refuses", "check the URL, the credentials and the endpoint")
    )
    said = re.sub(r"^.*?operation: |\s*\(Request ID: .*?\)", "", text)[:300]
    return StoreRefusedError(expected=f"to use {url}", found=f"{found} ({said})", remedy=remedy)
