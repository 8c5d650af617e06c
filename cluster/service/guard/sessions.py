"""Sessions of browsers: a token, or a link that works once, is exchanged for a signed cookie."""

import hmac
import json
import secrets
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from itsdangerous import BadSignature, URLSafeTimedSerializer

from outvoted.actors.runs.files import write_json
from outvoted.cluster.service.guard.tokens import FOLDER, Tokens
from outvoted.cluster.service.guard.visitors import Role, Visitor

LASTS = 7 * 24 * 3600
"""Seconds after which a browser must log in again."""
CODE_LASTS = 15 * 60
"""Seconds for which the link works that a service prints when it starts."""
_MOST_CODES = 16
_LONGEST = 1024
_ENDED = "ended.json"


class Sessions:
    """The sessions of a service; they go on when it is started again.

    A cookie holds a role and a random id, signed, and nothing else is kept of it, but the ids of those that
    were ended before their time.
    """

    def __init__(self, runs: Path, tokens: Tokens) -> None:
        self._key = tokens.signing
        self._signed = URLSafeTimedSerializer(
            self._key, salt="session", signer_kwargs={"digest_method": sha256}
        )
        self._file = runs / FOLDER / _ENDED
        self._ended = _read(self._file)
        self._codes: dict[str, float] = {}
        self._lasting: dict[str, Role] = {}

    @property
    def cookie(self) -> str:
        """The cookie's name; browsers send cookies to all ports of a host, so each service has its own."""
        return f"outvoted_{sha256(self._key.encode()).hexdigest()[:8]}"

    def begin(self, role: Role) -> str:
        """Return the cookie of a new session."""
        value = self._signed.dumps([int(role), secrets.token_urlsafe(16)])
        return value if isinstance(value, str) else value.decode()

    def visitor(self, cookie: str) -> Visitor | None:
        """Return whose session a cookie is; None where it is none of ours, or its time is over."""
        try:
            if len(cookie) > _LONGEST:
                return None
            role, session = self._signed.loads(cookie, max_age=LASTS)
        except (BadSignature, ValueError, TypeError):
            return None
        if session in self._ended:
            return None
        return Visitor(Role(role), session, self._csrf(session))

    def end(self, visitor: Visitor) -> None:
        """End a session for good, also for whoever has copied its cookie.

        Raises:
            OutvotedError: the disk refuses; the session is ended until the service is.
        """
        now = time.time()
        self._ended = {one: end for one, end in self._ended.items() if end > now}
        self._ended[visitor.session] = now + LASTS
        write_json(self._file, self._ended)

    def code(self) -> str:
        """Return a new code that is worth a full session, once and soon."""
        now = time.time()
        known = [(one, end) for one, end in self._codes.items() if end > now]
        made = secrets.token_urlsafe(24)
        self._codes = dict([*known[1 - _MOST_CODES :], (made, now + CODE_LASTS)])
        return made

    def lasting(self, role: Role) -> str:
        """Return a code that is worth a session of a role again and again, while this process lives."""
        made = secrets.token_urlsafe(24)
        self._lasting[made] = role
        return made

    def redeem(self, code: str) -> Role | None:
        """Return the role that a code is good for, None if for none; one that works once no longer does."""
        lasting = [one for one in self._lasting if _same(one, code)]
        if lasting:
            return self._lasting[lasting[0]]
        found = [one for one in self._codes if _same(one, code)]
        good = any(self._codes.pop(one) > time.time() for one in found)
        return Role.FULL if good else None

    def _csrf(self, session: str) -> str:
        return hmac.new(self._key.encode(), f"csrf {session}".encode(), sha256).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode(errors="replace"))


def _read(file: Path) -> dict[str, float]:
    with suppress(OSError, ValueError):
        found = json.loads(file.read_text("utf-8"))
        if isinstance(found, dict):
            return {str(one): float(end) for one, end in found.items()}
    return {}
