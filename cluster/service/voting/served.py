"""Panels on a cluster, asked through a process of their own, which is started at the first question."""

import asyncio
import os
import socket
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol, cast

from outvoted.cluster.service.errors import NotReadyError
from outvoted.cluster.service.voting.frames import receive, send
from outvoted.cluster.service.voting.held import MOST_WAITING, busy
from outvoted.cluster.service.voting.votes import (
    PanelFacts,
    PanelKey,
    RenderAnswer,
    RenderQuestion,
    VoteAnswer,
    VoteQuestion,
)
from outvoted.search.errors import OutvotedError

PATIENCE = 60.0
"""Seconds after which a question is given up; the first one waits for the panel to be loaded."""
_KNOWN = 64
"""Panels of which the facts are kept."""


class VotingCluster(Protocol):
    """Where panels may be asked.

    Attributes:
        gcs: HOST:PORT of the head, as its nodes see it; this machine must be one of them.
        environment: what a process needs to be let in.
    """

    @property
    def gcs(self) -> str: ...  # noqa: D102
    @property
    def environment(self) -> Mapping[str, str]: ...  # noqa: D102


class ServedVotes:
    """Panels on a cluster."""

    def __init__(
        self, cluster: Callable[[], VotingCluster], replicas: int = 1, patience: float = PATIENCE
    ) -> None:
        """Say where to ask; nothing is started yet.

        Args:
            cluster: gives the cluster, or raises ``NotReadyError``.
            replicas: of the panels, at most.
        """
        self._cluster, self._replicas, self._patience = cluster, replicas, patience
        self._facts: OrderedDict[PanelKey, PanelFacts] = OrderedDict()
        self._bridge: _Bridge | None = None
        self._waiting = 0

    async def facts(self, key: PanelKey) -> PanelFacts:
        """Say what a panel is."""
        if key not in self._facts:
            self._facts[key] = cast(PanelFacts, await self._asked("facts", key, None))
            while len(self._facts) > _KNOWN:
                self._facts.popitem(last=False)
        return self._facts[key]

    async def vote(self, key: PanelKey, question: VoteQuestion) -> VoteAnswer:
        """Have a panel vote."""
        return cast(VoteAnswer, await self._asked("vote", key, question))

    async def render(self, key: PanelKey, question: RenderQuestion) -> RenderAnswer:
        """Move an image."""
        return cast(RenderAnswer, await self._asked("render", key, question))

    async def close(self) -> None:
        """End the process; the panels stay on the cluster."""
        if self._bridge is not None:
            await self._bridge.close()
            self._bridge = None

    async def _asked(self, method: str, key: PanelKey, question: Any) -> Any:
        if self._waiting >= MOST_WAITING:
            raise busy()
        self._waiting += 1
        try:
            bridge = await self._to(self._cluster())
            async with asyncio.timeout(self._patience):
                found = await bridge.ask(method, key, question)
        except TimeoutError as error:
            raise NotReadyError(
                expected=f"an answer of the run's panel within {self._patience:.0f} seconds",
                found="none yet: it is being loaded, or the cluster is busy",
                remedy="ask again in a while",
            ) from error
        finally:
            self._waiting -= 1
        if isinstance(found, OutvotedError):
            raise found
        return found

    async def _to(self, cluster: VotingCluster) -> "_Bridge":
        """Return the process that asks a cluster; one that asks another, which is gone, is ended."""
        before = self._bridge
        if before is None or before.closed or before.gcs != cluster.gcs:
            self._bridge = _Bridge(cluster.gcs, cluster.environment, self._replicas)
            if before is not None:
                await before.close()
        assert self._bridge is not None
        return self._bridge


class _Bridge:
    """The process that asks Ray, and what it has not answered yet."""

    def __init__(self, gcs: str, environment: Mapping[str, str], replicas: int) -> None:
        self.gcs, self.closed = gcs, False
        self._begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._writer: asyncio.StreamWriter | None = None
        self._living = asyncio.create_task(self._live(gcs, environment, replicas))

    async def ask(self, method: str, key: PanelKey, question: Any) -> Any:
        """Return an answer, or an error."""
        await asyncio.shield(self._begun)
        assert self._writer is not None
        self._number += 1
        number, answer = self._number, asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            with suppress(ConnectionError):  # then the answer says that the process has ended
                await send(self._writer, (number, method, key, question))
            return await answer
        finally:
            self._answers.pop(number, None)

    async def close(self) -> None:
        """End the process."""
        if self._writer is not None:
            self._writer.close()
        self._living.cancel()
        with suppress(asyncio.CancelledError):
            await self._living

    async def _live(self, gcs: str, environment: Mapping[str, str], replicas: int) -> None:
        ours, its = socket.socketpair()
        said: OutvotedError = _gone()
        process = None
        try:
            with its:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "outvoted.cluster.service.voting.ray_bridge"),
                    *(str(its.fileno()), gcs, str(replicas)),
                    pass_fds=(its.fileno(),),
                    env={**os.environ, **environment},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                    start_new_session=True,
                )
            reader, self._writer = await asyncio.open_connection(sock=ours)
            while True:
                number, found = await receive(reader)
                if number:
                    waiting = self._answers.get(number)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(found)
                elif found is None:
                    self._begun.set_result(None)
                else:
                    said = found
        except (EOFError, OSError):
            pass
        finally:
            self._end(said)
            if process is not None and process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    def _end(self, said: OutvotedError) -> None:
        self.closed = True
        if self._writer is not None:
            self._writer.close()
        if not self._begun.done():
            self._begun.set_exception(said)
            self._begun.exception()  # nobody may be waiting for it
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(said)


def _gone() -> NotReadyError:
    return NotReadyError(
        expected="a cluster that answers votes",
        found="that the connection to it has ended",
        remedy="ask again: it is connected anew",
    )
