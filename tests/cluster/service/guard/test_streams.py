import asyncio
from contextlib import AsyncExitStack

import pytest
from fastapi import Request

from outvoted.cluster.service.errors import BusyError
from outvoted.cluster.service.guard.limits import MOST_STREAMS
from outvoted.cluster.service.guard.streams import taken
from outvoted.cluster.service.guard.visitors import Role, Visitor, introduce


def _request(session: str) -> Request:
    scope = {"type": "http", "client": ("10.0.0.1", 1), "headers": []}
    introduce(scope, Visitor(Role.READING, session))
    return Request(scope)


def test_each_visitor_has_so_many_streams_and_gets_them_back() -> None:
    async def many() -> None:
        async with AsyncExitStack() as stack:
            for _ in range(MOST_STREAMS):
                await stack.enter_async_context(taken(_request("a")))
            with pytest.raises(BusyError, match="streams of events"):
                await stack.enter_async_context(taken(_request("a")))
            await stack.enter_async_context(taken(_request("b")))
        async with taken(_request("a")):
            pass

    asyncio.run(many())
