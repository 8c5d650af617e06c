import json
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

from outvoted.actors.runs.run_folder import State
from outvoted.cluster.configuration.ready import SCHEMAS, named, names
from outvoted.cluster.jobs.kinds import KINDS, configured, keys_in
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.service import starting
from outvoted.cluster.service.service import Service
from outvoted.cluster.submitting.dashboard import UnreachableError
from tests.cluster.service.runs import SMALL, recorded
from tests.cluster.submitting.pretended import PretendedCluster


def test_a_run_is_started_as_a_job_with_its_configuration_alone(
    client: TestClient, service: Service, cluster: PretendedCluster
) -> None:
    answer = client.post("/v1/runs", json={"config": SMALL, "name": "first"})
    assert (answer.status_code, answer.json()) == (201, {"name": "first"})
    assert answer.headers["location"] == "/v1/runs/first"
    assert cluster.sent["first"] == ["outvoted-config/first.yaml"]
    assert f"--runs {service.runs}" in cluster.entries["first"]
    kept = service.runs / ".service" / "submitted" / "first.yaml"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert MineConfig.model_validate(yaml.safe_load(kept.read_text())) == MineConfig.model_validate(SMALL)
    found = client.get("/v1/runs/first").json()
    assert (found["state"], found["kind"], found["may"]) == ("pending", "mine", ["stop"])


@pytest.mark.parametrize("form", ["object", "text", "yaml"])
def test_a_configuration_is_json_or_yaml(client: TestClient, cluster: PretendedCluster, form: str) -> None:
    text = yaml.safe_dump(SMALL)
    if form == "yaml":
        headers = {"Content-Type": "application/yaml; charset=utf-8"}
        answer = client.post("/v1/runs?name=a&kind=mine", content=text, headers=headers)
    else:
        body = {"config": SMALL if form == "object" else text, "name": "a", "kind": "mine"}
        answer = client.post("/v1/runs", json=body)
    assert answer.status_code == 201, answer.text
    assert list(cluster.known) == ["a"]


def test_a_name_that_is_taken_is_refused(
    client: TestClient, service: Service, cluster: PretendedCluster
) -> None:
    assert client.post("/v1/runs", json={"config": SMALL, "name": "a"}).status_code == 201
    again = client.post("/v1/runs", json={"config": SMALL, "name": "a"})
    assert (again.status_code, list(cluster.known)) == (409, ["a"])
    assert again.json()["error"]["found"] == "one that is under way"
    recorded(service, "b")
    assert client.post("/v1/runs", json={"config": SMALL, "name": "b"}).status_code == 409


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"config": {"data": {"name": "mnist-sample"}, "serch": {}}, "kind": "mine"}, "serch"),
        ({"config": "data: {name: mnist-sample\nsearch: 3"}, "line"),
        ({"config": SMALL, "overrides": ["search.patience=no"]}, "search.patience"),
        ({"config": SMALL, "name": "../x"}, "letters, digits"),
        ({"config": SMALL, "kind": "mining"}, "mine"),
        ({"config": {**SMALL, "search": {"strategy": "os:system"}}}, "os:system"),
        ({"config": SMALL, "overrides": ["search.strategy=os:system"]}, "os:system"),
        ({"konfig": SMALL}, "config"),
        ({"config": 3}, "config"),
    ],
)
def test_what_is_wrong_is_said_as_on_the_command_line_and_nothing_starts(
    client: TestClient, cluster: PretendedCluster, body: dict[str, Any], words: str
) -> None:
    for address in ("/v1/runs", "/v1/runs/check"):
        answer = client.post(address, json=body)
        assert answer.status_code == 422, answer.text
        assert words in json.dumps(answer.json()["error"])
        assert not cluster.known


def test_a_check_says_what_was_understood_and_starts_nothing(
    client: TestClient, service: Service, cluster: PretendedCluster
) -> None:
    answer = client.post("/v1/runs/check", json={"config": SMALL})
    assert any("mnist" in line for line in answer.json()["understood"])
    assert not cluster.known
    assert not list(service.runs.iterdir())


def test_there_are_only_so_many_runs_at_once(client: TestClient) -> None:
    for number in range(4):
        assert client.post("/v1/runs", json={"config": SMALL, "name": f"r{number}"}).status_code == 201
    answer = client.post("/v1/runs", json={"config": SMALL, "name": "r4"})
    assert (answer.status_code, answer.json()["error"]["found"]) == (429, "4: r0, r1, r2, r3")


def test_a_run_is_stopped_once(client: TestClient, cluster: PretendedCluster) -> None:
    client.post("/v1/runs", json={"config": SMALL, "name": "a"})
    assert client.post("/v1/runs/a/stop").status_code == 202
    assert cluster.known["a"].state == "STOPPED"
    assert client.post("/v1/runs/a/stop").status_code == 409
    assert client.get("/v1/runs/a").json()["state"] == "stopped"


def test_runs_from_a_shell_are_seen_and_resumed(
    client: TestClient, service: Service, cluster: PretendedCluster
) -> None:
    recorded(service, "a", State.INTERRUPTED)
    found = client.get("/v1/runs").json()
    assert [(one["name"], one["state"]) for one in found["runs"]] == [("a", "interrupted")]
    assert client.get("/v1/runs/a").json()["may"] == ["resume", "extend"]
    assert client.get("/v1/runs/a/logs").status_code == 404
    assert client.post("/v1/runs/a/resume").status_code == 202
    assert "--resume" in cluster.entries["a"]
    assert client.get("/v1/runs/a").json()["state"] == "pending"
    assert client.post("/v1/runs/a/resume").status_code == 409


def test_a_run_is_extended_by_keys_that_may_change_alone(
    client: TestClient, service: Service, cluster: PretendedCluster
) -> None:
    recorded(service, "a")
    assert "search.per_target" in client.get("/v1/runs/a/changeable").json()
    refused = client.post("/v1/runs/a/extend", json={"overrides": ["search.patience=99"]})
    assert refused.status_code == 422
    assert "search.patience" in refused.json()["error"]["found"]
    assert client.post("/v1/runs/a/extend", json={"overrides": []}).status_code == 422
    assert not cluster.known
    answer = client.post("/v1/runs/a/extend", json={"overrides": ["search.per_target=30"]})
    assert answer.status_code == 202, answer.text
    kept = yaml.safe_load((service.runs / ".service" / "submitted" / "a.yaml").read_text())
    assert kept["search"]["per_target"] == 30


def test_runs_are_paged_and_filtered(client: TestClient, service: Service) -> None:
    for number in range(5):
        recorded(service, f"r{number}", State.FAILED if number == 2 else State.FINISHED)
    page = client.get("/v1/runs?offset=1&limit=2").json()
    assert (page["total"], len(page["runs"])) == (5, 2)
    assert [one["name"] for one in client.get("/v1/runs?state=failed").json()["runs"]] == ["r2"]
    assert client.get("/v1/runs?kind=sweep").json() == {"total": 0, "runs": []}
    assert client.get("/v1/runs?limit=0").status_code == 422


def test_the_end_of_a_job_that_never_began_is_explained(
    client: TestClient, cluster: PretendedCluster
) -> None:
    client.post("/v1/runs", json={"config": SMALL, "name": "a"})
    said = "logs:\nerror\nexpected: a machine\nfound:    none\nto do:    add one\n"
    cluster.ends("a", "FAILED", 2, said)
    client.app.state.service.table.forget()  # type: ignore[attr-defined]
    found = client.get("/v1/runs/a").json()
    assert (found["state"], found["exit_code"]) == ("failed", 2)
    assert found["message"] == "expected: a machine\nfound: none\nto do: add one"


def test_a_configuration_is_given_as_it_can_be_started_again(client: TestClient, service: Service) -> None:
    recorded(service, "a")
    text = client.get("/v1/runs/a/config").text
    assert client.post("/v1/runs", json={"config": text, "name": "b"}).status_code == 201


@pytest.mark.parametrize(
    "name", ["nothing", "..", ".service", "a~..", "a%2F..%2Fb", "~", "a\x00b", "x" * 300]
)
def test_no_name_leads_elsewhere(client: TestClient, name: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    for what in ("", "/config", "/logs", "/changeable"):
        assert client.get(f"/v1/runs/{name}{what}".replace("\x00", "%00")).status_code in (404, 405)


def test_the_schema_is_that_for_editors(client: TestClient) -> None:
    assert "mine" in client.get("/v1/schema").json()
    assert client.get("/v1/schema/mine").json() == json.loads((SCHEMAS / "mine.json").read_text())
    assert client.get("/v1/schema/mining").status_code == 404


def test_a_cluster_that_hangs_holds_up_no_list(
    client: TestClient, service: Service, cluster: PretendedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = Event()
    monkeypatch.setattr(cluster, "jobs", lambda: released.wait(30) or [])
    recorded(service, "a")
    began = time.monotonic()
    assert client.get("/v1/runs").json()["total"] == 1
    assert client.get("/v1/ready").status_code == 503
    assert time.monotonic() - began < 5
    released.set()


def test_a_thousand_runs_are_listed_at_once(client: TestClient, service: Service) -> None:
    first = recorded(service, "r0").path / "run.json"
    for number in range(1, 1000):
        folder = service.runs / f"r{number}"
        folder.mkdir()
        (folder / "run.json").write_bytes(first.read_bytes())
    assert client.get("/v1/runs").json()["total"] == 1000
    began = time.monotonic()
    service.glances.forget()
    assert client.get("/v1/runs?limit=50").json()["total"] == 1000
    print(f"listed in {time.monotonic() - began:.3f} s")
    assert time.monotonic() - began < 1


def test_jobs_of_another_folder_of_runs_are_not_ours(
    client: TestClient, service: Service, cluster: PretendedCluster
) -> None:
    cluster.submit("theirs", "", service.runs, {}, {"outvoted": "1", "runs": "/elsewhere"})
    cluster.submit("other", "", service.runs, {}, {})
    assert client.get("/v1/runs").json()["total"] == 0


def test_a_run_within_a_run_has_a_name_and_is_not_resumed_alone(client: TestClient, service: Service) -> None:
    recorded(service, "whole", State.INTERRUPTED)
    recorded(service, "whole/part", State.INTERRUPTED)
    assert client.get("/v1/runs/whole").json()["parts"] == ["whole~part"]
    part = client.get("/v1/runs/whole~part").json()
    assert (part["name"], part["may"]) == ("whole~part", [])
    assert client.post("/v1/runs/whole~part/resume").status_code == 409
    recorded(service, "odd ~ name")
    assert client.get("/v1/runs/odd ~ name").json()["name"] == "odd ~ name"
    (service.runs / "link").symlink_to(service.runs / "whole")
    assert client.get("/v1/runs/link").status_code == 404


def test_the_run_of_a_trial_is_a_part_of_its_sweep(client: TestClient, service: Service) -> None:
    recorded(service, "sweep")
    recorded(service, "sweep/runs/trial-0007")
    recorded(service, "sweep/runs/trial-0007/hillclimb")
    assert client.get("/v1/runs/sweep").json()["parts"] == ["sweep~trial-0007"]
    assert client.get("/v1/runs/sweep~trial-0007").json()["parts"] == ["sweep~trial-0007~hillclimb"]
    assert client.get("/v1/runs/sweep~trial-0007~hillclimb").json()["may"] == []
    (service.runs / "other").mkdir()
    (service.runs / "other" / "runs").symlink_to(service.runs / "sweep" / "runs")
    recorded(service, "other")
    assert client.get("/v1/runs/other").json()["parts"] == []
    assert client.get("/v1/runs/other~trial-0007").status_code == 404


def test_prometheus_is_told_of_routes_and_runs(client: TestClient, service: Service) -> None:
    recorded(service, "a")
    client.get("/v1/runs/a")
    told = client.get("/metrics").text
    assert 'outvoted_service_runs{state="finished"} 1.0' in told
    assert 'route="/v1/runs/{name}",status="200"} 1.0' in told


def test_a_cluster_that_does_not_answer_is_no_fault_of_who_asks(
    client: TestClient, cluster: PretendedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*asked: object, **how: object) -> None:
        raise UnreachableError("the dashboard", "no answer", "wait")

    monkeypatch.setattr(cluster, "submit", silent)
    assert client.post("/v1/runs", json={"config": SMALL, "name": "a"}).status_code == 503
    monkeypatch.undo()
    assert client.post("/v1/runs", json={"config": SMALL, "name": "a"}).status_code == 201


@pytest.mark.parametrize("name", names())
def test_what_is_submitted_is_read_to_the_same_configuration(name: str, tmp_path: Path) -> None:
    one = named(name)
    wanted = configured(KINDS[one.kind], keys_in(one.path, one.kind), one.path)
    file = tmp_path / "a.yaml"
    file.write_text(starting._written(wanted.model_dump(mode="json")))
    assert configured(KINDS[one.kind], keys_in(file, one.kind), file) == wanted
