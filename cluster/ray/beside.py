"""Other runs on the same cluster: each leaves word of its room with the head, and reads the others'."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from uuid import uuid4

import ray
from ray.exceptions import RayError

from outvoted.cluster.ray.events import MachinesSeen
from outvoted.cluster.ray.precedence import RoomClaim, holding, most_cells

_SPACE = b"outvoted"
_PREFIX = b"room/"
_SILENT_SECONDS = 30.0


class RunsBeside:
    """What a run says of its room, and the word of others; who says nothing new for 30 s is no longer there.

    The words lie in the store of Ray's head, for which Ray has no public way: without it every run is alone,
    as if all had the same priority.
    """

    def __init__(self, name: str, priority: int, cell: Mapping[str, float]) -> None:
        """Take the run's name and priority, and what a cell of it takes of each resource."""
        self._claim = RoomClaim(priority, dict(cell), 0, 0, name=name)
        self._key = _PREFIX + uuid4().hex.encode()
        self._heard: dict[bytes, tuple[bytes, float]] = {}
        self._since: float | None = None  # when cells began to wait
        self._count = 0

    def look(self, seen: MachinesSeen, held: int, waiting: int) -> MachinesSeen:
        """Say what room the run has; return what machines there are, and how much of them it may keep.

        Args:
            held: its cells that have room.
            waiting: its cells that wait for some.
        """
        now = time.monotonic()
        self._since = (now if self._since is None else self._since) if waiting else None
        waited = 0.0 if self._since is None else now - self._since
        own = self._claim = replace(self._claim, held=held, waiting=waiting, waited=waited)
        with suppress(ImportError, AttributeError, RayError, ValueError):
            self._tell()
            others = self._others(now)
            most = most_cells(own, others, ray.available_resources())
            giving = any(one.held and one.priority < own.priority for one in others)
            awaited = most == 0 or (bool(waiting) and giving)
            return replace(seen, most=most, awaited=awaited, beside=holding(own, others))
        return seen

    def leave(self) -> None:
        """Take the run's word back."""
        with suppress(Exception):
            from ray.experimental.internal_kv import _internal_kv_del

            _internal_kv_del(self._key, namespace=_SPACE)

    def _tell(self) -> None:
        from ray.experimental.internal_kv import _internal_kv_put

        self._count += 1
        said = json.dumps({**asdict(self._claim), "count": self._count}).encode()
        _internal_kv_put(self._key, said, overwrite=True, namespace=_SPACE)

    def _others(self, now: float) -> list[RoomClaim]:
        from ray.experimental.internal_kv import _internal_kv_del, _internal_kv_get, _internal_kv_list

        found = []
        for key in set(_internal_kv_list(_PREFIX, namespace=_SPACE)) - {self._key}:
            said = _internal_kv_get(key, namespace=_SPACE)
            if said is None:
                continue
            before, since = self._heard.get(key, (b"", now))
            since = since if said == before else now
            self._heard[key] = said, since
            if now - since > _SILENT_SECONDS:
                _internal_kv_del(key, namespace=_SPACE)
                continue
            claim = json.loads(said)
            del claim["count"]
            found.append(RoomClaim(**claim))
        return found
