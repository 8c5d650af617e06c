import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from starlette.testclient import TestClient

from outvoted.actors.runs.run_folder import ProgressRecord, State
from outvoted.cluster.console.records import MARK, RunBegan, TaskAt
from outvoted.cluster.service import watching
from outvoted.cluster.service.service import Service
from outvoted.cluster.service.watching import Told, Watching
from tests.cluster.service.runs import recorded
from tests.cluster.submitting.pretended import PretendedCluster

BEGAN = f"{MARK}{RunBegan(kind='mine', place='/a', version='1').model_dump_json()}\n"


def _events(text: str) -> list[dict[str, Any]]:
    found = []
    for block in text.split("\n\n"):
        pairs = [line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":")]
        if pairs:
            found.append({**dict(pairs), "data": json.loads(dict(pairs)["data"])})
    return found


def test_of_a_run_that_has_ended_all_is_told_and_the_stream_ends(
    client: TestClient, service: Service
) -> None:
    recorded(service, "a", progress=(ProgressRecord(task="mine", done=3, total=3, mistakes=2),))
    answer = client.get("/v1/runs/a/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    run, end = _events(answer.text)
    assert (run["event"], run["data"]["mistakes"], run["data"]["tasks"][0]["task"]) == ("run", 2, "mine")
    assert "config" not in run["data"]
    assert (end["event"], end["data"]["state"]) == ("end", "finished")
    again = client.get("/v1/runs/a/events", headers={"Last-Event-ID": end["id"]})
    assert again.status_code == 204


def test_nobody_watches_what_is_not_there(client: TestClient) -> None:
    assert client.get("/v1/runs/nothing/events").status_code == 404


def test_lines_are_told_once_also_to_those_who_come_back(
    client: TestClient, service: Service, cluster: PretendedCluster
) -> None:
    began = client.post("/v1/runs", json={"config": {"data": {"name": "mnist-sample"}}, "name": "a"})
    assert began.status_code == 201
    cluster.said["a"] = "".join(f"line {number}\n" for number in range(5))
    cluster.ends("a", "FAILED", 1)
    service.table.forget()
    told = [one for one in _events(client.get("/v1/runs/a/events").text) if one["event"] == "line"]
    assert [one["data"]["text"] for one in told] == [f"line {number}" for number in range(5)]
    back = client.get("/v1/runs/a/events", headers={"Last-Event-ID": told[2]["id"]})
    rest = [one["data"]["text"] for one in _events(back.text) if one["event"] == "line"]
    assert rest == ["line 3", "line 4"]


async def _taken(stream: AsyncIterator[Told | None], until: str, most: float = 10) -> list[Told]:
    found: list[Told] = []
    async with asyncio.timeout(most):
        async for told in stream:
            if told is not None:
                found.append(told)
                if until in (told.event, told.data):
                    break
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(watching, "_LINGER_SECONDS", 0.1)


@pytest.mark.usefixtures("quick")
def test_one_reader_tells_all_who_watch(
    service: Service, cluster: PretendedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(service, "a", State.INTERRUPTED)
    readers = 0
    tail = cluster.tail

    async def counted(job: str) -> AsyncIterator[str]:
        nonlocal readers
        readers += 1
        async for text in tail(job):
            yield text
        while not cluster.job(job).ended:
            await asyncio.sleep(0.01)

    monkeypatch.setattr(cluster, "tail", counted)
    notes = {"outvoted": "1", "kind": "mine", "runs": str(service.runs)}
    cluster.submit("a", "", service.runs, {}, notes)
    task = TaskAt(task=1, name="mine", done=4, of=8, at=1.0)
    began = RunBegan(kind="mine", place="/a", version="1")
    cluster.said["a"] = (
        f"Ray says this\n{MARK}{began.model_dump_json()}\nhello\n{MARK}{task.model_dump_json()}\n"
    )

    async def watch() -> list[list[Told]]:
        every = Watching(service)
        streams = [every.stream("a", None) for _ in range(5)]
        found = asyncio.gather(*(_taken(one, "end") for one in streams))
        await asyncio.sleep(0.3)
        cluster.ends("a", "SUCCEEDED", 0)
        service.table.forget()
        return list(await found)

    every = asyncio.run(watch())
    assert readers == 1
    for one in every:
        said = [json.loads(told.data) for told in one if told.event == "line"]
        assert ("hello", None) in [(line["text"], line["task"]) for line in said]
        assert [line["task"]["done"] for line in said if line["task"]] == [4]
        assert "Ray says this" not in [line["text"] for line in said]
        assert json.loads([told for told in one if told.event == "run"][-1].data)["tasks"][0]["done"] == 4
        assert one[-1].event == "end"


@pytest.mark.usefixtures("quick")
def test_a_run_that_nobody_watches_any_more_is_let_alone(service: Service, cluster: PretendedCluster) -> None:
    notes = {"outvoted": "1", "kind": "mine", "runs": str(service.runs)}
    cluster.submit("a", "", service.runs, {}, notes)

    async def watch() -> tuple[int, int]:
        every = Watching(service)
        async with aclosing(every.stream("a", None)) as stream:
            await anext(stream)
            before = len(every)
        await asyncio.sleep(0.5)
        return before, len(every)

    assert asyncio.run(watch()) == (1, 0)


@pytest.mark.usefixtures("quick")
def test_who_is_too_slow_is_left_and_holds_up_nobody(
    service: Service, cluster: PretendedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_BEHIND", 10)
    notes = {"outvoted": "1", "kind": "mine", "runs": str(service.runs)}
    cluster.submit("a", "", service.runs, {}, notes)
    cluster.said["a"] = BEGAN + "".join(f"{number}\n" for number in range(500))

    async def watch() -> list[Told]:
        stream = Watching(service).stream("a", None)
        async with asyncio.timeout(10), aclosing(stream):
            return [told async for told in stream if told is not None]

    assert "end" not in [told.event for told in asyncio.run(watch())]
