"""Laws of the deployment files: nothing is open without the token, and nothing has two versions."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from ray.autoscaler._private.util import prepare_config, validate_config
from typer.main import get_command

from outvoted.cluster.command_line.cli import app
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.mine import MineConfig
from tests.cluster.deploy.files import (
    DEPLOY,
    FILES,
    HEALTH,
    KUBERNETES,
    PAGE,
    PINNED,
    PROJECT,
    RAY_UP,
    ROOT,
    documents,
    kubernetes,
    named,
    pods,
)

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COMPOSE = documents(DEPLOY / "compose.yaml")[0]
CLUSTER: Any = kubernetes("RayCluster")[0]
BIN = Path(sys.executable).parent
STARTING = [path for path in FILES if "ray start" in path.read_text()]


def test_there_is_one_cluster_and_a_job_takes_it_over() -> None:
    (job,), replacements = kubernetes("RayJob"), documents(KUBERNETES / "job" / "kustomization.yaml")[0]
    assert len(kubernetes("RayCluster")) == 1
    assert "rayClusterSpec" not in job["spec"]
    (taken,) = replacements["replacements"]
    assert taken["source"] == {"kind": "RayCluster", "name": CLUSTER["metadata"]["name"], "fieldPath": "spec"}
    assert taken["targets"][0]["select"]["name"] == job["metadata"]["name"]


# Tokens, and what is open


@pytest.mark.parametrize("path", STARTING, ids=lambda one: one.name)
def test_every_file_that_starts_ray_asks_for_the_token(path: Path) -> None:
    assert re.search(r"RAY_AUTH_MODE[=:] ?token\b", path.read_text())


def test_the_image_asks_for_the_token_by_itself() -> None:
    assert re.search(r"^ENV RAY_AUTH_MODE=token\b", DOCKERFILE, re.M)


def test_the_operator_gives_every_cluster_a_token() -> None:
    assert CLUSTER["spec"]["authOptions"] == {"mode": "token"}


@pytest.mark.parametrize("path", RAY_UP, ids=lambda one: one.name)
def test_both_start_commands_ask_for_the_token(path: Path) -> None:
    config = documents(path)[0]
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        starting = [line for line in config[key] if "ray start" in line]
        assert starting
        assert all("export RAY_AUTH_MODE=token" in line.partition("ray start")[0] for line in starting)
    assert "~/.ray/auth_token" in config["file_mounts"]
    assert "chmod 600 ~/.ray/auth_token" in config["setup_commands"]


@pytest.mark.parametrize("path", FILES, ids=lambda one: one.name)
def test_no_file_holds_a_secret(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\b[0-9a-f]{32,}\b", text)
    assert not [one for one in re.findall(r"RAY_AUTH_TOKEN[=:] ?(.*)", text) if not one.startswith("$")]
    assert not kubernetes("Secret")


def test_a_dashboard_is_reached_from_its_own_machine_or_within_a_network_policy() -> None:
    hosts = {path.name: set(re.findall(r"dashboard-host[=:] ?([\w.]+)", path.read_text())) for path in FILES}
    opened = {name for name, found in hosts.items() if found - {"127.0.0.1"}}
    assert opened == {"compose.yaml", "cluster.yaml"}  # the next two tests are about these
    assert all(hosts[path.name] for path in STARTING)


def test_compose_publishes_to_its_own_machine_alone() -> None:
    ports = [port for found in named("ports", COMPOSE) for port in found]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_pod_is_behind_a_network_policy() -> None:
    policies = {
        tuple(one["spec"]["podSelector"]["matchLabels"].items()): one["spec"]
        for one in kubernetes("NetworkPolicy")
    }
    assert len(pods()) == 4
    for pod in pods():
        (policy,) = [
            policies[pair] for pair in policies if set(pair) <= set(pod["metadata"]["labels"].items())
        ]
        assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
        assert all(rule.get("from") for rule in policy["ingress"])


def test_nothing_in_kubernetes_is_offered_to_the_outside() -> None:
    every = [one for path in KUBERNETES.rglob("*.yaml") for one in documents(path)]
    assert not [one for one in every if one.get("kind") in ("Ingress", "Gateway", "HTTPRoute")]
    assert {one["spec"].get("type", "ClusterIP") for one in kubernetes("Service")} == {"ClusterIP"}
    for key in ("hostNetwork", "hostPort", "hostPath", "hostPID"):
        assert not [*named(key, every)]


def test_a_cloud_lets_in_ssh_from_one_place() -> None:
    rules = [rule for path in RAY_UP for found in named("IpPermissions", documents(path)) for rule in found]
    assert rules
    for rule in rules:
        assert (rule["FromPort"], rule["ToPort"]) == (22, 22)
        assert not [one for one in rule["IpRanges"] if one["CidrIp"].endswith("/0")]


# Versions


@pytest.mark.parametrize("path", [*FILES, PAGE], ids=lambda one: one.name)
def test_every_version_is_that_of_the_project(path: Path) -> None:
    text = path.read_text()
    assert set(re.findall(r"outvoted(?:-cuda)?:([\d.]+)", text)) <= {PROJECT["version"]}
    assert set(re.findall(r"rayVersion: ([\d.]+)", text)) <= {PINNED["ray"]}


def test_an_image_is_named_in_one_place() -> None:
    tags = {
        one["name"]: one["newTag"]
        for one in documents(KUBERNETES / "cluster" / "kustomization.yaml")[0]["images"]
    }
    used = {*named("image", [*kubernetes("RayCluster"), *kubernetes("StatefulSet")])}
    assert used == set(tags)
    assert {tag for name, tag in tags.items() if name.startswith("outvoted")} == {PROJECT["version"]}
    assert (DEPLOY / "compose.yaml").read_text().count("image:") == 1


def test_the_image_has_the_pinned_versions_and_a_python_that_is_tested() -> None:
    assert "--constraint /source/constraints.txt" in DOCKERFILE
    (python,) = re.findall(r"^FROM python:([\d.]+)-slim", DOCKERFILE, re.M)
    assert python in SpecifierSet(PROJECT["requires-python"])
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]


def test_the_image_is_built_from_all_that_the_package_is_made_of() -> None:
    sent = set(re.findall(r"^!(\S+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.M))
    links = {path.resolve().name for path in (ROOT / "src" / "outvoted").iterdir() if path.is_symlink()}
    needed = {
        "pyproject.toml",
        "constraints.txt",
        "src",
        PROJECT["readme"],
        *PROJECT["license-files"],
        *links,
    }
    assert sent == needed


# What runs


def test_the_image_runs_as_nobody_special_and_says_how_it_is() -> None:
    assert re.search(r"^USER 1000$", DOCKERFILE, re.M)
    assert re.search(r"^HEALTHCHECK ", DOCKERFILE, re.M)


def test_every_pod_has_a_user_limits_and_no_privileges() -> None:
    for pod in pods():
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        for container in pod["spec"]["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            resources = container["resources"]
            assert {"cpu", "memory"} <= set(resources["requests"])
            assert "memory" in resources["limits"]


def test_workers_come_when_there_is_work_and_go_when_there_is_none() -> None:
    spec = CLUSTER["spec"]
    assert spec["enableInTreeAutoscaling"] is True
    groups = spec["workerGroupSpecs"]
    assert all(group["minReplicas"] == 0 < group["maxReplicas"] for group in groups)
    gpus = [[*named("nvidia.com/gpu", group["template"])] for group in groups]
    assert sorted(map(bool, gpus)) == [False, True]
    assert spec["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    # the autoscaler of version 2 refuses pods that restart in place
    assert {template["spec"]["restartPolicy"] for template in named("template", spec)} == {"Never"}


def test_a_head_that_dies_comes_back_from_redis() -> None:
    options = CLUSTER["spec"]["gcsFaultToleranceOptions"]
    (service,) = kubernetes("Service")
    assert options["redisAddress"] == f"{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    assert options["redisPassword"]["valueFrom"]["secretKeyRef"]


def test_a_retry_of_the_job_resumes_where_runs_are_kept() -> None:
    (job,) = kubernetes("RayJob")
    assert job["spec"]["backoffLimit"] > 0
    head = CLUSTER["spec"]["headGroupSpec"]["template"]["spec"]
    mounts = {one["name"]: one["mountPath"] for one in head["containers"][0]["volumeMounts"]}
    claims = [one for one in head["volumes"] if "persistentVolumeClaim" in one]
    (place,) = [mounts[one["name"]] for one in claims]
    command = shlex.split(job["spec"]["entrypoint"])
    assert command[command.index("--runs") + 1] == place
    assert {"--name", "--start-or-resume"} <= set(command)


def test_a_job_starts_a_command_that_there_is_with_a_configuration_that_is_valid() -> None:
    (job,) = kubernetes("RayJob")
    program, name, *options = shlex.split(job["spec"]["entrypoint"])
    assert program == "outvoted"
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    command.make_context(name, options)  # else it raises what the shell would say
    read(MineConfig, KUBERNETES / "job" / "run.yaml")


def test_a_lost_machine_is_noticed_alike_everywhere() -> None:
    found = {
        path.name: dict(HEALTH.findall(path.read_text())) for path in STARTING if path.name != "compose.yaml"
    }
    image = dict(HEALTH.findall(DOCKERFILE))
    assert set(image) == {"initial_delay_ms", "period_ms", "timeout_ms", "failure_threshold"}
    assert all(one == image for one in found.values())


@pytest.mark.parametrize("path", RAY_UP, ids=lambda one: one.name)
def test_ray_up_understands_its_files(path: Path) -> None:
    validate_config(prepare_config(yaml.safe_load(path.read_text())))


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.sh")), ids=lambda one: one.name)
def test_the_shell_understands_its_scripts(path: Path) -> None:
    subprocess.run(["bash", "-n", path], check=True)
    subprocess.run([BIN / "shellcheck", path], check=True)


def test_the_dockerfile_is_as_one_writes_them() -> None:
    subprocess.run([BIN / "hadolint", DEPLOY / "Dockerfile"], check=True)
