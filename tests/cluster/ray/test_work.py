"""Work on Ray that dies or hangs is begun again, and given up at last; the rest goes on meanwhile."""

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from outvoted.cluster.ray import work, work_watch
from outvoted.cluster.ray.events import SaySentence
from outvoted.cluster.ray.placement import Share
from outvoted.cluster.ray.work import Errand, FailedWork, carried_out, value
from outvoted.search.errors import OutvotedError


def misbehaving(folder: Path, how: str, times: int) -> Iterator[int]:
    """Yield 1 and 2; the first few times hang, die, or stand still between them."""
    yield 1
    tries = folder / how
    with tries.open("a", encoding="ascii") as file:
        file.write(".")
    if len(tries.read_text("ascii")) <= times:
        time.sleep(1)  # until what was yielded has arrived
        match how:
            case "hangs":
                time.sleep(1e6)
            case "stands still":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "dies":
                os._exit(1)
            case "raises":
                raise OutvotedError("nothing", "this", "that")
    yield 2


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_work_that_hangs_or_dies_is_begun_again_and_given_up_at_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_watch, "_SILENT_SECONDS", 4.0)
    monkeypatch.setattr(work, "MOST_DEATHS", 3)
    times = {"works": 0, "hangs": 1, "stands still": 1, "dies": 9, "raises": 9}
    errands = {how: partial(Errand, how, misbehaving, (tmp_path, how, count)) for how, count in times.items()}
    said: list[SaySentence] = []
    heard: dict[str, list[Any]] = {how: [] for how in times}
    for how, found in carried_out(errands, Share(0.01, 0), said.append):
        heard[how].append(found)
    assert heard["works"] == [1, 2]
    assert heard["hangs"] == heard["stands still"] == [1, 1, 2]
    assert heard["dies"][:-1] == [1, 1, 1]
    assert heard["raises"][0] == 1
    assert isinstance(heard["dies"][-1], FailedWork)
    with pytest.raises(OutvotedError, match="this"):
        value(heard["raises"][-1])
    told = [one.text for one in said if one.text is not None]
    assert told.count("dies: its process died: it is begun again") == 2
    for how in ("hangs", "stands still"):
        (sentence,) = [text for text in told if text.startswith(f"{how} on node ")]
        assert sentence.endswith(" s: it is begun again")
