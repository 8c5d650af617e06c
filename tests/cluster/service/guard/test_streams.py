from contextlib import ExitStack

import pytest

from outvoted.cluster.service.errors import BusyError
from outvoted.cluster.service.guard import access
from outvoted.cluster.service.guard.limits import MOST_STREAMS, MOST_STREAMS_OF_ALL
from outvoted.cluster.service.guard.streams import Streams


def test_each_visitor_has_so_many_streams_and_gets_them_back() -> None:
    streams = Streams()
    with ExitStack() as stack:
        for _ in range(MOST_STREAMS):
            stack.enter_context(streams.taken("a"))
        with pytest.raises(BusyError, match="streams of events"), streams.taken("a"):
            pass
        stack.enter_context(streams.taken("b"))
    with streams.taken("a"):
        pass


def test_all_together_have_so_many() -> None:
    streams = Streams()
    with ExitStack() as stack:
        for number in range(MOST_STREAMS_OF_ALL):
            stack.enter_context(streams.taken(str(number)))
        with pytest.raises(BusyError, match="streams of events"), streams.taken("one more"):
            pass


def test_events_are_a_stream() -> None:
    assert access.is_stream("/v1/runs/a~b/events")
    assert not access.is_stream("/v1/runs/a/mistakes")
