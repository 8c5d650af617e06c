"""Panels on the cluster where this machine is one of its nodes, else in this process."""

from collections.abc import Callable

from outvoted.cluster.service.voting.votes import (
    HostedVotes,
    PanelFacts,
    PanelKey,
    RenderAnswer,
    RenderQuestion,
    VoteAnswer,
    VoteQuestion,
)


class NearestVotes:
    """Asks one of two, as it is at the time of each question; their answers are the same."""

    def __init__(self, there: HostedVotes, here: HostedVotes, joins: Callable[[], bool]) -> None:
        """Take both, and what tells whether those on the cluster can be asked."""
        self._there, self._here, self._joins = there, here, joins

    async def facts(self, key: PanelKey) -> PanelFacts:
        """Say what a panel is."""
        return await self._nearest().facts(key)

    async def vote(self, key: PanelKey, question: VoteQuestion) -> VoteAnswer:
        """Have a panel vote."""
        return await self._nearest().vote(key, question)

    async def render(self, key: PanelKey, question: RenderQuestion) -> RenderAnswer:
        """Move an image."""
        return await self._nearest().render(key, question)

    async def close(self) -> None:
        """Close both."""
        await self._there.close()
        await self._here.close()

    def _nearest(self) -> HostedVotes:
        return self._there if self._joins() else self._here
