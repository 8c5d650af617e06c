"""Folders and URLs: a run at a URL has a folder on this machine that stands for it, in both directions."""

import os
from pathlib import Path
from urllib.parse import quote, unquote

from outvoted.actors.runs.object_stores import STORES, URL, bucket_and_prefix
from outvoted.search.errors import OutvotedError
from outvoted.search.shown import shown

CACHE = "OUTVOTED_CACHE"
"""The environment variable with the folder in which runs at URLs have theirs."""
_LONGEST = 200  # bytes of a folder's name; file systems take 255


def folder_of(place: str | Path) -> Path:
    """Return the folder that a place is, or that stands for it on this machine.

    Args:
        place: a folder, ``file:///FOLDER``, ``s3://BUCKET/PREFIX`` or ``gs://BUCKET/PREFIX``.

    Raises:
        OutvotedError: it is a URL of another kind, or one with more in it than a bucket and a prefix.
    """
    found = URL.fullmatch(str(place))
    scheme = found[1].lower() if found else ""
    if found is None or (scheme not in (*STORES, "file") and len(found[2]) < 2):
        return Path(place)
    if scheme == "file":
        return Path(f"/{_local(str(place), found[3])}")
    inside = bucket_and_prefix(str(place))
    if inside is None:
        raise OutvotedError(
            expected="a folder, or a URL: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or file:///FOLDER",
            found=f"{scheme}://…",
            remedy="for other stores, mount them as a folder",
        )
    _, parts = inside
    name = "+".join(quote(part, safe=" ~") for part in (scheme, *parts))
    if len(name) > _LONGEST:
        raise OutvotedError(
            expected=f"a bucket and a prefix of fewer than {_LONGEST} characters",
            found=shown(str(place)),
            remedy="choose a shorter prefix",
        )
    return _stand_ins() / name


def run_folder_of(run: str | Path) -> Path:
    """Return the folder of a run that is given by its folder or its URL.

    Raises:
        OutvotedError: it is no such URL, or one of a bucket alone.
    """
    text = str(run).rstrip("/")
    found = URL.fullmatch(text)
    if found is None or found[1].lower() not in STORES:
        return folder_of(run)
    around, _, name = text.rpartition("/")
    if not URL.fullmatch(around) or around.endswith("/"):
        raise OutvotedError(
            expected="the URL of a run, such as s3://BUCKET/RUNS/NAME",
            found=shown(text),
            remedy="add the run's name: `outvoted runs --runs URL` lists those there are",
        )
    return folder_of(around) / name


def url_of(folder: Path) -> str | None:
    """Return the URL that a folder stands for; None for any other folder."""
    try:
        inner = folder.absolute().relative_to(_stand_ins().absolute())
    except ValueError:
        return None
    if not inner.parts or ".." in inner.parts:
        return None
    scheme, *parts = map(unquote, inner.parts[0].split("+"))
    return f"{scheme}://{'/'.join((*parts, *inner.parts[1:]))}"


def given_as(folder: Path) -> str | Path:
    """Return how a user names a folder: by the URL it stands for, if it does."""
    return url_of(folder) or folder


def _stand_ins() -> Path:
    cache = os.environ.get(CACHE)
    if cache:
        return Path(cache) / "runs"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "outvoted" / "runs"


def _local(place: str, rest: str) -> str:
    """Return the path in a URL of a file on this machine; browsers write some with a host."""
    if "://" in place and not place.partition("://")[2].startswith("/"):
        raise OutvotedError(
            expected="file:///FOLDER, with three slashes",
            found=shown(place),
            remedy="write the folder alone: /FOLDER",
        )
    return unquote(rest)
