"""A Ray cluster through the one port of its dashboard: its jobs, their logs, files beside these."""

import logging
import os
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from outvoted.search.errors import OutvotedError
from outvoted.search.shown import shown

_OLDEST = (2, 60)  # what this package is built on; jobs, tokens and logs work as expected here
_SECONDS = 60.0
_TALKATIVE = (
    "ray.dashboard.modules.dashboard_sdk",
    "ray.dashboard.modules.job.sdk",
    "ray._private.runtime_env.packaging",
)
_OVERRIDES = ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")  # which Ray would take instead of what it is given
_REFUSED = re.compile(r"Request failed with status code (\d+): (.*)", re.DOTALL)
_NODE = "ray.io/node-id"
"""The label that Ray gives each node."""
_ENDED = frozenset({"SUCCEEDED", "FAILED", "STOPPED"})


@dataclass(frozen=True)
class JobSeen:
    """A job as the cluster tells it.

    Attributes:
        state: PENDING, RUNNING, SUCCEEDED, FAILED or STOPPED.
        said: why it is in this state.
        code: the exit code of its command, if that ended by itself.
        node: the node on which its command runs, by its Ray id.
        notes: what whoever submitted it noted.
        began: when it was submitted, in seconds since 1970.
    """

    id: str
    state: str
    said: str = ""
    code: int | None = None
    node: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    began: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing of it runs any more."""
        return self.state in _ENDED


class UnreachableError(OutvotedError):
    """A cluster doesn't answer, or not as one does: what was asked of it may be asked again later."""


class Jobs(Protocol):
    """What submitting, watching and fetching need of a cluster."""

    address: str

    def submit(
        self,
        job: str,
        entry: str,
        folder: Path,
        environment: Mapping[str, str],
        notes: Mapping[str, str],
        off_head: bool = False,
    ) -> None:
        """Start a job, on the head or off it; ``folder`` is sent along, and is its working folder."""

    def job(self, job: str) -> JobSeen:
        """Return one job."""

    def jobs(self) -> Sequence[JobSeen]:
        """Return all jobs that were submitted, oldest first."""

    def stop(self, job: str) -> None:
        """Ask a job to end."""

    def log(self, job: str) -> str:
        """Return what a job has printed."""

    def tail(self, job: str) -> AsyncGenerator[str, None]:
        """Yield what a job has printed, and what it prints until it has ended."""

    def file(self, node: str, name: str) -> Iterator[bytes]:
        """Yield the content of a file below the folder of Ray's logs on a node."""


def address_of(given: str) -> str:
    """Return the URL of a dashboard.

    Raises:
        OutvotedError: it is no address of one.
    """
    text = given.strip().rstrip("/")
    if text in ("", "local", "auto") or text.startswith("ray://") or re.search(r"[\s@?#]", text):
        raise OutvotedError(
            expected="the address of a cluster's dashboard, http://HOST:8265",
            found=shown(given),
            remedy="pass the URL that `ray start --head` prints for its dashboard; on a machine there "
            "a run can also be started in the shell: outvoted mine CONFIG --address auto",
        )
    return text if "://" in text else f"http://{text}"


class Dashboard:
    """The jobs of a cluster, by Ray's own client."""

    def __init__(self, given: str, token: str | None = None) -> None:
        """Connect; ``session`` is then what the cluster's processes call themselves.

        Args:
            given: the address.
            token: of the cluster; None for the one that Ray would take.

        Raises:
            OutvotedError: nobody answers there, no dashboard, without the right token, or another Ray.
        """
        from ray.job_submission import JobSubmissionClient

        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.ERROR)
        self.address = address_of(given)

        class Client(JobSubmissionClient):  # type: ignore[misc]
            """Waits for answers for a while, not for ever."""

            def _do_request(self, *request: Any, **how: Any) -> Any:
                return super()._do_request(*request, **{"timeout": _SECONDS, **how})

        with self._told(), _without(_OVERRIDES):
            self._client = Client(self.address, headers=_bearer(token) if token else _token_header())
            self._check_version()

    def submit(
        self,
        job: str,
        entry: str,
        folder: Path,
        environment: Mapping[str, str],
        notes: Mapping[str, str],
        off_head: bool = False,
    ) -> None:
        """Start a job, on the head or off it; ``folder`` is sent along, and is its working folder.

        Raises:
            OutvotedError: a job of this id exists, there is no other node, or the cluster refuses.
        """
        where = {"entrypoint_label_selector": {_NODE: f"!{self._head()}"}} if off_head else {}
        surroundings = {"working_dir": str(folder), "env_vars": dict(environment)}
        with self._told(job), _without(("RAY_RUNTIME_ENV_IGNORE_GITIGNORE",)):
            self._client.submit_job(
                entrypoint=entry, submission_id=job, runtime_env=surroundings, metadata=dict(notes), **where
            )

    def job(self, job: str) -> JobSeen:
        """Return one job.

        Raises:
            OutvotedError: there is none.
        """
        with self._told(job):
            return _seen(self._client.get_job_info(job))

    def jobs(self) -> Sequence[JobSeen]:
        """Return all jobs that were submitted, oldest first."""
        with self._told():
            found = [one for one in self._client.list_jobs() if one.submission_id]
        return [_seen(one) for one in sorted(found, key=lambda one: one.start_time or 0)]

    def stop(self, job: str) -> None:
        """Ask a job to end."""
        with self._told(job):
            self._client.stop_job(job)

    def log(self, job: str) -> str:
        """Return what a job has printed."""
        with self._told(job):
            return str(self._client.get_job_logs(job))

    async def tail(self, job: str) -> AsyncGenerator[str, None]:
        """Yield what a job has printed, and what it prints until it has ended."""
        import aiohttp

        try:
            async with aclosing(self._client.tail_job_logs(job)) as texts:  # else its connection stays open
                async for text in texts:
                    yield text
        except (RuntimeError, OSError, aiohttp.ClientError) as error:
            raise ConnectionError(str(error)) from error

    def file(self, node: str, name: str) -> Iterator[bytes]:
        """Yield the content of a file below the folder of Ray's logs on a node.

        Raises:
            OutvotedError: it cannot be read.
        """
        import requests

        what = {"node_id": node, "filename": name, "lines": "-1", "timeout": "3600"}
        with self._told():
            answer = self._client._do_request("GET", "/api/v0/logs/file", params=what, stream=True)
            if answer.status_code != requests.codes.ok:
                raise RuntimeError(f"Request failed with status code {answer.status_code}: {answer.text}")
            yield from answer.iter_content(1 << 20)

    def _head(self) -> str:
        """Return the Ray id of the head, where there is another node as well.

        Raises:
            OutvotedError: there is none.
        """
        with self._told():
            answer = self._client._do_request("GET", "/api/v0/nodes", params={"detail": "1"})
            nodes = [one for one in answer.json()["data"]["result"]["result"] if one["state"] == "ALIVE"]
            head = next((str(one["node_id"]) for one in nodes if one["is_head_node"]), None)
        if head is None or len(nodes) == 1:
            raise OutvotedError(
                expected=f"a node beside the head at {self.address}, for a run that is to outlive the head",
                found="the head alone" if head is not None else "no head among its nodes",
                remedy="start a worker first, or leave out --off-head",
            )
        return head

    def _check_version(self) -> None:
        answer = self._client._do_request("GET", "/api/version")
        said = answer.json()
        version, self.session = str(said["ray_version"]), str(said.get("session_name", ""))
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
        if numbers < _OLDEST:
            raise OutvotedError(
                expected=f"Ray {'.'.join(map(str, _OLDEST))} or later at {self.address}",
                found=f"Ray {version}",
                remedy="install the same versions of Ray and Outvoted on the cluster as here",
            )

    @contextmanager
    def _told(self, job: str = "") -> Iterator[None]:
        """Say what went wrong in a user's words."""
        import requests
        from ray.exceptions import AuthenticationError

        try:
            yield
        except AuthenticationError as error:
            raise _no_token(self.address, str(error)) from error
        except (ValueError, KeyError, TypeError) as error:  # what came is not what a dashboard answers
            raise _no_dashboard(self.address) from error
        except (requests.RequestException, ConnectionError) as error:
            raise _nobody(self.address, error) from error
        except RuntimeError as error:
            raise _refusal(self.address, job, error) from error


def _seen(job: Any) -> JobSeen:
    state = str(getattr(job.status, "value", job.status))
    notes = {str(key): str(value) for key, value in (job.metadata or {}).items()}
    return JobSeen(
        str(job.submission_id),
        state,
        str(job.message or ""),
        job.driver_exit_code,
        job.driver_node_id,
        notes,
        (job.start_time or 0) / 1000,
    )


def _token_header() -> dict[str, str]:
    """Return the header that shows the cluster's token, wherever Ray would look for it."""
    token = os.environ.get("RAY_AUTH_TOKEN", "").strip()
    if not token:
        named = os.environ.get("RAY_AUTH_TOKEN_PATH")
        path = Path(named) if named else Path.home() / ".ray" / "auth_token"
        try:
            token = path.read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            if named:
                raise OutvotedError(
                    expected="the token of the cluster in the file that RAY_AUTH_TOKEN_PATH names",
                    found=f"{path}: {getattr(error, 'strerror', None) or 'no text'}",
                    remedy="copy the token file of the cluster there (chmod 600), or set RAY_AUTH_TOKEN",
                ) from error
    return _bearer(token)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


@contextmanager
def _without(variables: Sequence[str]) -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in variables if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _no_token(address: str, said: str) -> OutvotedError:
    missing = "required" in said
    return UnreachableError(
        expected=f"the token of the cluster at {address}",
        found="none was sent" if missing else "another token, which it refuses",
        remedy="set RAY_AUTH_TOKEN to the cluster's token, or RAY_AUTH_TOKEN_PATH to a file with it",
    )


_SILENCES = (
    ("refused", "nothing that listens there"),
    ("resolve", "no machine of that name"),
    ("Name or service", "no machine of that name"),
    ("timed out", "no answer"),
    ("unreachable", "no way to that machine"),
    ("certificate", "a certificate that is not trusted"),
)


def silence_of(error: Exception) -> str | None:
    """Say why nobody answers, as far as an error of the network is known."""
    said = f"{error} {error.__context__}"
    return next((words for holds, words in _SILENCES if holds in said), None)


def _nobody(address: str, error: Exception) -> OutvotedError:
    found = silence_of(error) or "no answer that a dashboard gives"
    return UnreachableError(
        expected=f"the dashboard of a Ray cluster at {address}",
        found=found,
        remedy="check host and port: the dashboard's is 8265 if not chosen otherwise, not 6379 or 10001; to "
        "be reached from elsewhere, the head needs --include-dashboard=true --dashboard-host=0.0.0.0",
    )


def _no_dashboard(address: str) -> OutvotedError:
    return UnreachableError(
        expected=f"the dashboard of a Ray cluster at {address}",
        found="something else that answers there",
        remedy="check host and port: the dashboard's is 8265 if not chosen otherwise",
    )


def _refusal(address: str, job: str, error: RuntimeError) -> OutvotedError:
    match = _REFUSED.match(str(error))
    code, text = (int(match[1]), match[2]) if match else (0, str(error))
    if job and code == 404:
        return no_such_run(address, job)
    if "already exists" in text:
        return OutvotedError(
            expected=f"no other run {shown(job)} at {address}",
            found="one that was submitted a moment ago",
            remedy="watch that one, or choose another --name",
        )
    if code == 404 or "check returned 404" in text:
        return _no_dashboard(address)
    if "No available agent" in text:
        return UnreachableError(
            expected=f"an agent of Ray on the head of the cluster at {address}, which starts jobs",
            found="none that is up",
            remedy="try again if the head has just been started; else its port, 52365, may be taken: start "
            "the head with --dashboard-agent-listen-port=PORT",
        )
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return OutvotedError(
        expected=f"the cluster at {address} to do what it was asked",
        found=f"{lines[-1][:300] if lines else 'a refusal'}{f' (HTTP {code})' * bool(code)}",
        remedy="see that the cluster is in order (`ray status` on its head), and try again",
    )


def no_such_run(address: str, name: str, known: Callable[[], Sequence[str]] = tuple) -> OutvotedError:
    """Return the error of a run that a cluster doesn't know; ``known`` gives the names of those it does."""
    names = list(known())
    there = f"the runs {', '.join(names[-10:])}" if names else "no such run"
    return OutvotedError(
        expected=f"a run {shown(name)} that was submitted to {address}",
        found=there,
        remedy="check name and address; a head that started anew has forgotten its runs, though their "
        "folders are there: submit such a run again with --resume",
    )
