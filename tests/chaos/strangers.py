"""What listens on hosts, and what it says to somebody without the token: everything is asked everything.

`python -m tests.chaos.strangers ADDRESS:PORT...` asks from wherever it is started, and prints JSON.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from importlib import import_module
from pathlib import Path
from typing import Any

_grpc: Any = import_module("grpc")  # which has no types
_SERVICES = (
    *("gcs_service", "node_manager", "core_worker", "reporter", "ray_client", "runtime_env_agent"),
    *("autoscaler", "instance_manager", "events_event_aggregator_service", "pubsub"),
)
_PATHS = (
    *("/", "/metrics", "/api/version", "/api/jobs/", "/api/job_agent/jobs/", "/api/v0/nodes", "/logs"),
    *("/api/v0/actors", "/nodes?view=summary", "/api/healthz", "/api/gcs_healthz"),
    *(
        "/api/local_raylet_healthz",
        "/events",
        "/api/actors/kill",
        "/worker/traceback",
        "/api/cluster_status",
        "/api/authentication_mode",
    ),
    *("/login", "/runs", "/v1/runs", "/v1/health", "/v1/runs/1/files", "/label", "/v1/label/tasks"),
)
_ORDERS = {
    "/api/jobs/": {"entrypoint": "true"},
    "/api/job_agent/jobs/": {"entrypoint": "true"},
    "/get_or_create_runtime_env": {},
    "/delete_runtime_env_if_possible": {},
    "/v1/runs": {"kind": "mine", "name": "a", "config": ""},
}
_REFUSED = (401, 403)
_SECONDS = 5.0


@dataclass(frozen=True)
class Port:
    """Something that listens: its address, and the command line of who does, shortened."""

    address: str
    port: int
    owner: str


def listening(pids: Sequence[int]) -> list[Port]:
    """Return what processes listen to, of those that share a network."""
    sockets: dict[str, str] = {}
    for pid in pids:
        title = _title(pid)
        for file in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                target = file.readlink().name
            except OSError:
                continue
            if target.startswith("socket:["):
                sockets.setdefault(target[8:-1], title)
    found = set[Port]()
    alive = next(pid for pid in pids if Path(f"/proc/{pid}/net/tcp").exists())
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{alive}/net/{table}").read_text().splitlines()[1:]:
            parts = line.split()
            if parts[3] == "0A" and parts[9] in sockets:
                host, _, port = parts[1].partition(":")
                found.add(Port(_address(host), int(port, 16), sockets[parts[9]]))
    return sorted(found, key=lambda one: (one.owner, one.port))


def _address(text: str) -> str:
    if not text.strip("0"):
        return "all"
    numbers = bytes.fromhex(text)[::-1][:4] if len(text) == 8 else bytes.fromhex(text[-8:])[::-1]
    return ".".join(map(str, numbers))


_OF_RAY = ("/metrics", "/api/healthz", "/api/gcs_healthz", "/api/local_raylet_healthz")
_OPEN = {True: ("/login", "/v1/health"), False: (*_OF_RAY, "/api/authentication_mode", "/")}
"""What answers anybody, of Outvoted's own and of Ray: signs of life, figures for Prometheus, empty pages."""


def told(port: Port, answered: Sequence[str]) -> list[str]:
    """Return those of a port's answers that are not for everybody."""
    return [one for one in answered if one.split()[1] not in _OPEN[port.owner == "outvoted"]]


_OWNERS = {
    "gcs_server": "GCS",
    "raylet/raylet": "raylet, objects",
    "dashboard/dashboard.py": "dashboard, jobs",
    "dashboard/agent.py": "agent",
    "runtime_env/agent": "agent of environments",
    "util.client.server": "Ray Client",
    "log_monitor": "log monitor",
    "monitor.py": "autoscaler",
    "outvoted.cluster": "outvoted",
    "bin/outvoted": "outvoted",
    "ray::DashboardAgent": "agent",
    "ray::RuntimeEnvAgent": "agent of environments",
    "ray::": "workers",
    "default_worker": "workers",
    "JobSupervisor": "workers",
}


def _title(pid: int) -> str:
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "?"
    return next((name for part, name in _OWNERS.items() if part in line), line[:60])


def asked(address: str, port: int, token: str = "") -> dict[str, list[str]]:
    """Ask a port all that Ray and Outvoted know, and return what was answered, by how.

    Keys are: `refused` (for want of the token), `answered`, `nothing` (no such thing there).
    """
    found: dict[str, list[str]] = {"refused": [], "answered": [], "nothing": []}
    answers = _by_http(address, port, token)
    try:
        for what, how in answers:
            found[how].append(what)
    except (OSError, HTTPException):
        pass
    if not any(found.values()):
        for what, how in _by_grpc(address, port, token):
            found[how].append(what)
    return found


def _by_http(address: str, port: int, token: str) -> Iterator[tuple[str, str]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for method, path, body in (
        *(("GET", path, None) for path in _PATHS),
        *(("POST", path, json.dumps(order)) for path, order in _ORDERS.items()),
    ):
        line = HTTPConnection(address, port, timeout=_SECONDS)
        try:
            line.request(method, path, body, headers | {"Content-Type": "application/json"})
            answer = line.getresponse()
        finally:
            line.close()
        if (answer.getheader("Content-Type") or "").startswith("text/plain; version="):
            path = "/metrics"  # which is what such a server answers, whatever it is asked
        to_login = answer.status == 303 and (answer.getheader("Location") or "").startswith("/login")
        how = "refused" if answer.status in _REFUSED or to_login else "answered"
        yield f"{method} {path} {answer.status}", how if answer.status < 404 else "nothing"


def _by_grpc(address: str, port: int, token: str) -> Iterator[tuple[str, str]]:
    metadata = [("authorization", f"Bearer {token}")] if token else []
    with _grpc.insecure_channel(f"{address}:{port}") as channel:
        for method in _methods():
            call = channel.unary_unary(method, request_serializer=bytes, response_deserializer=bytes)
            try:
                call(b"", timeout=_SECONDS, metadata=metadata)
                code = _grpc.StatusCode.OK
            except _grpc.RpcError as error:
                code = error.code()
            if code in (_grpc.StatusCode.UNIMPLEMENTED, _grpc.StatusCode.UNAVAILABLE):
                how = "nothing"
            elif code in (_grpc.StatusCode.UNAUTHENTICATED, _grpc.StatusCode.PERMISSION_DENIED):
                how = "refused"
            else:
                how = "answered"
            yield f"{method} {code.name}", how
            if code == _grpc.StatusCode.UNAVAILABLE:  # it does not speak gRPC
                return


def _methods() -> Iterator[str]:
    """Yield the methods of the services of Ray: nothing of a request is sent but its method."""
    yield from (f"/ray.rpc.ObjectManagerService/{name}" for name in ("Push", "Pull", "FreeObjects"))
    for name in _SERVICES:
        described: Any = import_module(f"ray.core.generated.{name}_pb2").DESCRIPTOR
        for service in described.services_by_name.values():
            yield from (f"/{service.full_name}/{method.name}" for method in service.methods)


def main(places: Sequence[str]) -> list[dict[str, list[str]]]:
    """Ask each place, ADDRESS:PORT, without a token and with one that is none."""

    def ask(place: str) -> dict[str, list[str]]:
        address, _, port = place.rpartition(":")
        both = [asked(address, int(port), token) for token in ("", "0" * 64)]
        return {how: [one for found in both for one in found[how]] for how in both[0]}

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(ask, places))


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
