"""Runs made elsewhere, from Python: on a cluster or by a service; they outlive this process."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from outvoted.actors.networks.computing import undisturbed
from outvoted.cluster.command_line.launching import default_name
from outvoted.cluster.command_line.remote import awaited
from outvoted.cluster.console.records import TaskAt
from outvoted.cluster.console.terminal import Terminal, phase
from outvoted.cluster.jobs.kinds import keys_in
from outvoted.cluster.python import configured
from outvoted.cluster.python.configured import RUNS, Config
from outvoted.cluster.python.result import Result
from outvoted.cluster.submitting.dashboard import Dashboard, JobSeen
from outvoted.cluster.submitting.elsewhere import Elsewhere
from outvoted.cluster.submitting.on_cluster import ClusterRuns
from outvoted.cluster.submitting.on_server import ServerRuns
from outvoted.cluster.submitting.server import Server, server_url, token_for
from outvoted.cluster.submitting.submitting import Submission
from outvoted.cluster.submitting.watching import ENDINGS, exit_code, resume_with, watch
from outvoted.search.errors import OutvotedError

_LAST_WORDS = 12  # lines of what a run said that failed
_UNDER_WAY = "under way"


@dataclass(frozen=True)
class RunEvent:
    """What a run has just written.

    Attributes:
        text: a line for people, if there is one.
        task: what the run is doing, if it says how far that is: `done` of `total` (None: unknown), and what
            came of it so far in `details`.
    """

    text: str | None = None
    task: str | None = None
    done: float = 0.0
    total: float | None = None
    details: str = ""


class SubmittedRun:
    """A run on a cluster or of a service; it goes on, whatever becomes of this process.

    Attributes:
        name: of the run.
    """

    def __init__(self, there: Elsewhere, seen: JobSeen, name: str, quiet: bool = False) -> None:
        self.name = name
        self._there, self._seen, self._quiet = there, seen, quiet

    @property
    def state(self) -> str:
        """As it is now: under way, finished, failed, or been stopped."""
        self._seen = self._there.now(self._seen)
        return ENDINGS.get(self._seen.state, _UNDER_WAY)

    def progress(self) -> None:
        """Show what it says and how far it is until it ends; interrupted, it goes on and can be shown again.

        Raises:
            OutvotedError: nobody has answered for minutes, or the run is gone.
        """
        self._seen = watch(self._there, self._seen, Terminal(quiet=self._quiet))

    def events(self) -> Iterator[RunEvent]:
        """Yield what it has written from its beginning, and what it writes until it has ended.

        Raises:
            OutvotedError: nobody has answered for minutes, or the run is gone.
        """
        for line in self._there.lines(self._seen):
            if isinstance(line.record, TaskAt):
                at = line.record
                yield RunEvent(line.said, at.name, at.done, at.of, at.details)
            elif line.said is not None:
                yield RunEvent(line.said)

    def log(self) -> str:
        """Return what it has said so far."""
        return self._there.log(self._seen)

    def stop(self) -> None:
        """End it as Ctrl-C would, and wait until it has ended: what was found is kept, and can be resumed.

        Raises:
            OutvotedError: it has ended already, or does not end.
        """
        if self.state != _UNDER_WAY:
            raise OutvotedError(
                expected=f"a run {self.name} that is under way",
                found=f"one that has {ENDINGS[self._seen.state]}",
                remedy="nothing has to be stopped",
            )
        self._there.stop(self._seen)
        self._seen = awaited(self._there, self._seen)

    def result(self, folder: str | Path | None = None) -> Result:
        """Wait until it has ended, showing how far it is; bring its folder here, and open it.

        Args:
            folder: where to; ``runs/NAME`` if left out. What is there of it already is not sent twice.

        Raises:
            OutvotedError: it failed or was stopped, in its own last words; or its folder can't be had.
        """
        self.progress()
        code = exit_code(self._seen)
        if code:
            said = self.log().strip().splitlines()[-_LAST_WORDS:]
            raise OutvotedError(
                expected=f"the run {self.name} to finish",
                found=f"it has {ENDINGS[self._seen.state]} (exit code {code}): " + "\n".join(said),
                remedy=resume_with(self._seen),
            )
        return self.fetch(folder)

    def fetch(self, folder: str | Path | None = None) -> Result:
        """Bring what it has recorded so far here, and open it; see :meth:`result`.

        Raises:
            OutvotedError: its folder can't be had, or another run is in the folder here.
        """
        into = Path(folder) if folder is not None else RUNS / self.name
        with phase(Terminal(quiet=self._quiet), f"fetching {self.name}"):
            self._there.fetch(self.name, into, None, lambda done, total, file: None)
        return Result.load(into)

    def __repr__(self) -> str:
        option, where = self._there.named
        kind = "service" if option == "--server" else "cluster"
        return f"<run {self.name} of the {kind} at {where}>"


class RemoteService:
    """A service that makes runs; :func:`connect` returns one."""

    def __init__(self, there: Elsewhere, progress: bool = True) -> None:
        self._there, self._quiet = there, not progress

    def submit(
        self,
        config: Config,
        overrides: str | Iterable[str] = (),
        *,
        kind: str | None = None,
        name: str | None = None,
        resume: bool = False,
    ) -> SubmittedRun:
        """Have a run made; return at once.

        Args:
            config: a value, say ``configs.MineConfig(...)``, its keys as a mapping, the path of a YAML file,
                or the name of a configuration that comes with outvoted. Files that it names are not sent.
            overrides: one or more of ``"key.path=value"``, as after ``--set``.
            kind: mine, scan, compare, heal, sweep or study, for a file that would do for several.
            name: of the run; after its configuration and the time if left out.
            resume: go on with the run of that name, with what has changed in its configuration.

        Raises:
            OutvotedError: what the command line would print; or nobody answers, or the service refuses.
        """
        with _written(config, overrides, kind, name, "submit(...)") as wanted:
            found = Submission(*wanted, resume=resume)
            return SubmittedRun(self._there, self._submitted(found), found.name, self._quiet)

    def run(self, name: str) -> SubmittedRun:
        """Return a run that was submitted before, from wherever.

        Raises:
            OutvotedError: there is none of that name.
        """
        return SubmittedRun(self._there, self._there.run(name), name, self._quiet)

    def _submitted(self, wanted: Submission) -> JobSeen:
        return self._there.submit(wanted, Terminal(quiet=self._quiet))

    def __repr__(self) -> str:
        return f"<service at {self._there.named[1]}>"


def connect(url: str, token: str | None = None, *, progress: bool = True) -> RemoteService:
    """Connect to a service that `outvoted serve` runs.

    Args:
        url: the address that it prints, say ``"http://127.0.0.1:8300"``.
        token: the service's; if left out, ``$OUTVOTED_TOKEN``, or that of a service in the folder ``runs``.
        progress: show bars, and what runs say.

    Raises:
        OutvotedError: that is no URL, nobody answers there, or the token is refused.
    """
    address = server_url(url)
    server = Server(address, token or token_for(address, None, RUNS))
    server.json("GET", "/v1/runs?limit=1")
    return RemoteService(ServerRuns(server), progress)


@undisturbed()
def submit(  # noqa: PLR0913 - explicit keywords are what editors and notebooks complete
    config: Config,
    overrides: str | Iterable[str] = (),
    *,
    address: str,
    kind: str | None = None,
    name: str | None = None,
    resume: bool = False,
    runs: str | None = None,
    off_head: bool = False,
    code: bool = True,
    progress: bool = True,
) -> SubmittedRun:
    """Have a run made on a Ray cluster, as a job that outlives this process; return at once.

    Args:
        config, overrides, kind, name, resume: as for :meth:`RemoteService.submit`.
        address: the cluster's dashboard, ``"http://HOST:8265"``; its token is in ``$RAY_AUTH_TOKEN``.
        runs: the folder of runs on the cluster, absolute, or a URL.
        off_head: run its command on a worker, so that it goes on while the head is away; ``runs`` is then a
            folder that all machines of the cluster see, or a URL.
        code: send the working directory along, with modules and small files that the configuration names.
        progress: show bars, and what runs say.

    Raises:
        OutvotedError: what the command line would print; or the cluster can't be reached, or refuses.
    """
    there = ClusterRuns(Dashboard(address))
    with _written(config, overrides, kind, name, "submit(...)") as wanted:
        without = () if code else None
        found = Submission(*wanted, runs=runs, resume=resume, off_head=off_head, without=without)
        seen = there.submit(found, Terminal(quiet=not progress))
    return SubmittedRun(there, seen, found.name, not progress)


_Wanted = tuple[str, Path, Mapping[str, object], str, tuple[str, ...]]


@contextmanager
def _written(
    config: Config, overrides: str | Iterable[str], kind: str | None, name: str | None, call: str
) -> Iterator[_Wanted]:
    """Have a configuration in a file within the block: its kind, file, keys, the run's name, overrides.

    Raises:
        OutvotedError: a key or value is not what it must be.
    """
    sets = (overrides,) if isinstance(overrides, str) else tuple(overrides)
    chosen = configured.kind_wanted(config, kind)
    settings = configured.settings(config, chosen, call, sets)
    if isinstance(config, str | Path):
        path = Path(config)
        yield chosen, path, keys_in(path, chosen), name or default_name(path), sets
        return
    with TemporaryDirectory(prefix="outvoted-config-") as folder:
        file = Path(folder) / f"{chosen}.yaml"
        values = settings.model_dump(mode="json")
        file.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), "utf-8")
        yield chosen, file, keys_in(file, chosen), name or default_name(Path(chosen)), ()
