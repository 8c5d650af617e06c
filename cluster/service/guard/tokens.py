"""Tokens, one for each role: files that only their owner can read, made when a service first starts."""

import hmac
import os
import re
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from outvoted.actors.runs.files import reason
from outvoted.cluster.service.guard.visitors import Role
from outvoted.search.errors import OutvotedError

FOLDER = ".service"
"""Within the folder of runs; what is hidden there is no run."""
FILES: Mapping[Role, str] = {
    Role.FULL: "token",
    Role.LABELLING: "token-labelling",
    Role.READING: "token-reading",
}
_KEY = "key"
_FORM = re.compile(r"[!-~]{32,512}")
_BYTES = 32


@dataclass(frozen=True)
class Tokens:
    """The tokens of a service, and the key that signs its cookies."""

    by_role: Mapping[Role, str]
    key: str

    @classmethod
    def at(cls, runs: Path) -> "Tokens":
        """Read the tokens in a folder of runs; make those that are missing.

        Raises:
            OutvotedError: others can read one, it is too short to be one, or the disk refuses.
        """
        folder = _private(runs / FOLDER)
        return cls({role: kept(folder / name) for role, name in FILES.items()}, kept(folder / _KEY))

    def role_of(self, given: str) -> Role | None:
        """Return the role of a token that was handed in; how long it takes says nothing of what is right."""
        found, data = None, given.encode(errors="replace")
        for role, token in self.by_role.items():
            if hmac.compare_digest(data, token.encode()):
                found = role
        return found

    @property
    def signing(self) -> str:
        """The key of cookies: with any other token there, those of before are worth nothing."""
        return sha256("\n".join((self.key, *self.by_role.values())).encode()).hexdigest()


def is_set_up(runs: Path) -> bool:
    """Return whether a full token lies in a folder of runs."""
    return (runs / FOLDER / FILES[Role.FULL]).is_file()


def kept(path: Path) -> str:
    """Read a secret from a file, or write a new one if there is none.

    Of several processes that make it at once, all get the one that came first.

    Raises:
        OutvotedError: others than this user can read it, it is no secret, or the disk refuses.
    """
    try:
        if not (path.is_symlink() or path.exists()):
            _make(path)
        return _read(path)
    except OSError as error:
        raise OutvotedError(
            expected=f"a secret that can be read and kept at {path}",
            found=reason(error),
            remedy="allow it, or choose another folder of runs",
        ) from error


def _private(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutvotedError(
            expected=f"to create the folder {folder}, where the service keeps its tokens",
            found=reason(error),
            remedy="allow it, or choose another folder of runs",
        ) from error
    if folder.is_symlink() or not folder.is_dir():
        raise OutvotedError(f"{folder} to be a folder", "a link, or a file", "remove it, then start again")
    return folder


def _make(path: Path) -> None:
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(_BYTES) + "\n")
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):  # another process was quicker
            path.hardlink_to(partial)
    finally:
        partial.unlink(missing_ok=True)


def _read(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid != os.geteuid():
            raise OutvotedError(
                expected=f"{path} to be a file of this user that nobody else can read",
                found=f"mode {stat.filemode(found.st_mode)}, user {found.st_uid}",
                remedy=f"whoever could read it may know it: rm {path} (a new one is made at the next start)",
            )
        text = file.read(1024).decode("ascii", "replace").strip()
    if not _FORM.fullmatch(text):
        raise OutvotedError(
            expected=f"at least 32 letters, digits and signs in {path}",
            found=f"{len(text)} characters, or others",
            remedy=f"rm {path}: a new one is made at the next start",
        )
    return text
