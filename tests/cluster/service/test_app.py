from starlette.testclient import TestClient

from outvoted.cluster.service.service import Service
from tests.cluster.service.runs import recorded


def test_it_lives(client: TestClient) -> None:
    assert client.get("/v1/health").json() == {"status": "ok"}


def test_programs_are_refused_in_json_and_people_on_a_page(client: TestClient) -> None:
    assert set(client.get("/v1/nothing").json()["error"]) == {"expected", "found", "remedy"}
    found = client.get("/nothing<b>")
    assert (found.status_code, found.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "&lt;b&gt;" in found.text


def test_the_first_page_lists_runs(client: TestClient, service: Service) -> None:
    recorded(service, "a-run")
    assert 'href="/runs/a-run"' in client.get("/").text
