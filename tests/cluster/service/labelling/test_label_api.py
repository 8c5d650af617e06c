"""Labels of a run's mistakes through the service: blind, one for each image, counted as they should be."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from outvoted.actors.labelling.label_file import Answer
from outvoted.actors.labelling.label_form import MistakesForm, ShownImage
from outvoted.actors.labelling.label_store import LabelStore
from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.schema import MISTAKES
from outvoted.cluster.service.service import Service
from tests.cluster.service.labelling.serving import copied

API = "/v1/runs/small/labels"


@pytest.fixture
def mined(run_path: Path, service: Service) -> LabelStore[ShownImage]:
    """A run in the service's folder, whose mistakes people label."""
    folder = copied(run_path, service.runs)
    return LabelStore(folder / "labels", MistakesForm(MISTAKES, 10))


def sheet(client: TestClient, labeller: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = client.get(f"{API}/sheet", params={"labeller": labeller}).json()
    return found


def say(client: TestClient, item: str, answer: object, labeller: str = "anna") -> int:
    said = client.post(API, json={"labeller": labeller, "item": item, "answer": answer})
    assert said.status_code == 200, said.text
    return int(said.json()["labelled"])


def test_neither_page_nor_sheet_holds_an_answer(client: TestClient, mined: LabelStore[ShownImage]) -> None:
    text = client.get(f"{API}/sheet?labeller=anna").text
    found = json.loads(text)
    assert set(found) == {"run", "what", "classes", "words", "items", "answers"}
    assert all(len(item) == 24 for item in found["items"])
    assert set(found["answers"]) == {None}
    asked = client.get(f"{API}/next?labeller=anna").json()
    assert set(asked) == {"item", "picture", "place", "of"}
    page = client.get("/label/small").text
    picture = client.get(asked["picture"])
    assert picture.headers["content-type"] == "image/png"
    for word in ("predicted", "seed", "target", "search_id", "mlp-", "control"):
        assert word not in text + page
    assert set(picture.headers) == {"cache-control", "content-length", "content-type"}


def test_a_label_twice_is_one_and_another_corrects_it(
    client: TestClient, mined: LabelStore[ShownImage]
) -> None:
    items = sheet(client, "anna")["items"]
    assert [say(client, items[0], answer) for answer in (3, 3, 5, "none", "skipped")] == [1] * 5
    assert len(mined.answers()["anna"]) == 1
    assert sheet(client, "anna")["answers"][:2] == ["skipped", None]
    assert client.get(f"{API}/next?labeller=anna").json()["place"] == 1
    assert say(client, items[0], None) == 0
    assert mined.answers()["anna"] == {}


def test_who_labels_sees_pictures_of_their_sheet_alone(
    client: TestClient, mined: LabelStore[ShownImage]
) -> None:
    item = sheet(client, "anna")["items"][0]
    assert client.get(f"{API}/pictures/{item}?labeller=anna").content.startswith(b"\x89PNG")
    refused = client.get(f"{API}/pictures/{item}?labeller=zoe")
    assert refused.status_code == 422
    assert "reload the page" in refused.json()["error"]["remedy"]


@pytest.mark.parametrize(
    "value",
    [
        {"answer": 10},
        {"answer": -1},
        {"answer": 1.5},
        {"answer": True},
        {"answer": "perhaps"},
        {"item": "0" * 24},
        {"item": "../../etc"},
        {"labeller": "../odd"},
        {"labeller": "simulated-1"},
        {"more": 2},
    ],
)
def test_what_is_no_answer_is_refused_and_not_written(
    client: TestClient, mined: LabelStore[ShownImage], value: dict[str, object]
) -> None:
    item = sheet(client, "odd")["items"][0]
    answer = client.post(API, json={"labeller": "odd", "item": item, "answer": 1, **value})
    assert answer.status_code == 422
    assert set(answer.json()["error"]) == {"expected", "found", "remedy"}
    assert mined.names == ()


def test_validity_by_people_stands_beside_the_referees(
    client: TestClient, mined: LabelStore[ShownImage]
) -> None:
    table = Shards(mined.path.parent).table("mistakes").to_pylist()
    labels = {(row["search_id"], row["number"]): row["label"] for row in table}
    for name in ("anna", "zoe"):
        for item in sheet(client, name)["items"]:
            say(client, item, 0, name)
        odd = table[0]["search_id"] if name == "zoe" else None
        mined.file(name).write(
            {
                shown: Answer((labels[shown.mistake] + (shown.mistake[0] == odd)) % 10)  # type: ignore[index]
                for shown in mined.file(name).read()
            }
        )
    found = client.get(API).json()
    people = found["people"]
    assert [one["name"] for one in found["labellers"]] == ["anna", "zoe"]
    assert people["mistakes"] == people["validity"]["of"] == len(labels)
    assert people["validity"]["hits"] == len(labels) - 1
    assert people["controls"]["hits"] <= 1
    assert 0.8 < people["kappa"][0] < 1
    assert people["referee"]["validity"]["of"] == people["mistakes"]


def test_labels_from_elsewhere_are_taken_whole_or_not(
    client: TestClient, mined: LabelStore[ShownImage]
) -> None:
    row = Shards(mined.path.parent).table("mistakes").to_pylist()[0]
    line = f"{row['search_id']},{row['number']},anna,3\n"
    given = "search_id,number,labeller,label\n" + line
    assert client.post(f"{API}/import", content=given).json() == {"imported": {"anna": 1}}
    refused = client.post(f"{API}/import", content=given + "1,0,zoe,77\n")
    assert refused.status_code == 422
    assert "line 3 of what was sent" in refused.json()["error"]["expected"]
    assert mined.names == ("anna",)


def test_a_run_that_another_process_labels_is_in_use(
    client: TestClient, mined: LabelStore[ShownImage]
) -> None:
    with mined.sole_writer():
        assert client.get(f"{API}/sheet?labeller=anna").status_code == 409
        assert client.get(f"{API}/progress").json() == {"what": "mistakes", "labellers": []}
    assert client.get(f"{API}/sheet?labeller=anna").status_code == 200


def test_runs_that_can_be_labelled_are_listed(client: TestClient, mined: LabelStore[ShownImage]) -> None:
    text = client.get("/label").text
    assert 'href="/label/small"' in text
    assert client.get("/label/none").status_code == 404
