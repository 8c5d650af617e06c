"""`outvoted submit`, `watch`, `logs`, `stop` and `fetch`: runs on a cluster or of a service, from here."""

import time
from dataclasses import dataclass
from pathlib import Path

import typer

from outvoted.actors.networks.computing import use_one_thread
from outvoted.cluster.console.ending import INTERRUPTED
from outvoted.cluster.console.terminal import bars, command, console, errors, phase, to_report, warn
from outvoted.cluster.submitting.dashboard import Dashboard, JobSeen
from outvoted.cluster.submitting.elsewhere import Elsewhere
from outvoted.cluster.submitting.on_cluster import ClusterRuns
from outvoted.cluster.submitting.on_server import ServerRuns
from outvoted.cluster.submitting.sending import offer
from outvoted.cluster.submitting.server import Server, server_url, token_for, travels_openly
from outvoted.cluster.submitting.submitting import Submission
from outvoted.cluster.submitting.watching import ENDINGS, exit_code, resume_with, watch
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import NOTHING

_STOP_SECONDS = 150.0


@dataclass(frozen=True)
class Wherever:
    """Where runs are, as a command was told: a cluster's dashboard, or a service."""

    address: str | None = None
    server: str | None = None
    token_file: Path | None = None
    runs: Path = Path("runs")

    def reached(self) -> Elsewhere:
        """Return what is there.

        Raises:
            OutvotedError: it is neither or both, or nobody answers.
        """
        if (self.address is None) == (self.server is None):
            raise OutvotedError(
                expected="where runs are: --server http://HOST:8300, of `outvoted serve`, or --address "
                "http://HOST:8265, of a cluster's dashboard",
                found="neither" if self.address is None else "both",
                remedy="pass one of them, or set OUTVOTED_SERVER or OUTVOTED_CLUSTER",
            )
        if self.address is not None:
            return ClusterRuns(Dashboard(self.address))
        assert self.server is not None
        url = server_url(self.server)
        token = token_for(url, self.token_file, self.runs)
        if token is not None and travels_openly(url):
            warn(console, f"the token travels to {url} unencrypted; a proxy with TLS keeps it secret")
        return ServerRuns(Server(url, token))


def submit_run(wanted: Submission, where: Wherever, stays: bool) -> None:
    """Submit a run, say how to follow it, and show it until it ends where that is wanted.

    Raises:
        OutvotedError: see :class:`Elsewhere`.
        Exit: with the run's exit code, where it was watched and did not end well.
    """
    use_one_thread()
    there = where.reached()
    run = there.submit(wanted, console)
    console.print(_submitted(wanted, run, where), soft_wrap=True)
    if stays:
        _watch(there, run, wanted.name)
        return
    for verb in ("watch", "logs", "stop", "fetch"):
        console.print(f"  {_command(verb, wanted.name, there)}", soft_wrap=True)


def _submitted(wanted: Submission, run: JobSeen, where: Wherever) -> str:
    if where.server is not None:
        return f"Submitted; its page: {server_url(where.server)}/runs/{run.id}"
    place = f"{wanted.runs or '$OUTVOTED_RUNS or ~/outvoted-runs'}/{wanted.name}"
    return f"Submitted as {run.id}; its folder on the cluster: {place}"


def watch_run(name: str, where: Wherever) -> None:
    """Show a run until it ends, and exit as it did; Ctrl-C leaves it alone."""
    there = where.reached()
    _watch(there, there.run(name), name)


def say_logs(name: str, where: Wherever, follow: bool) -> None:
    """Print all that a run has said, and, where that is wanted, what it says until it ends."""
    there = where.reached()
    run = there.run(name)
    if follow:
        _watch(there, run, name)
        return
    console.print(there.log(run).rstrip("\n"), soft_wrap=True)


def stop_run(name: str, where: Wherever) -> None:
    """End a run as Ctrl-C would: what was found is kept, and it can be resumed.

    Raises:
        OutvotedError: it has ended already, or does not end.
    """
    there = where.reached()
    run = there.run(name)
    if run.ended:
        raise OutvotedError(
            expected=f"a run {name} that is under way at {there.named[1]}",
            found=f"one that has {ENDINGS[run.state]}",
            remedy="nothing has to be stopped",
        )
    there.stop(run)
    with phase(console, "waiting for it to end"):
        ended = awaited(there, run)
    console.print(f"{name} has {ENDINGS[ended.state]}; {resume_with(ended)}", soft_wrap=True)


def awaited(there: Elsewhere, run: JobSeen) -> JobSeen:
    """Wait until a run that was stopped has ended.

    Raises:
        OutvotedError: it goes on.
    """
    began = time.monotonic()
    while time.monotonic() - began < _STOP_SECONDS:
        seen = there.now(run)
        if seen.ended:
            return seen
        time.sleep(0.5)
    raise OutvotedError(
        expected=f"{run.id} to end within {_STOP_SECONDS:.0f} seconds",
        found="a run that goes on",
        remedy="look at `outvoted logs`, and stop it again",
    )


def fetch_run(name: str, where: Wherever, to: Path, runs: str | None) -> None:
    """Bring a run's folder here.

    Raises:
        OutvotedError: see :class:`Elsewhere`.
    """
    there = where.reached()
    with bars(console) as progress:
        bar = progress.add_task("fetching", total=None, details="asking for its files")

        def tell(done: int, total: int, file: str) -> None:
            progress.update(bar, completed=done >> 20, total=-(-total >> 20), details=f"MiB {file}")

        found = there.fetch(name, to, runs, tell)
    if found is None:
        console.print(f"copied to {to}", soft_wrap=True)
    else:
        kept = f"; {found.kept:,} were here already" if found.kept else ""
        console.print(f"{found.files:,} files, {found.size / 1e6:,.1f} MB, in {to}{kept}", soft_wrap=True)
    console.print(f"  {to_report(to, NOTHING)}", soft_wrap=True)


def offer_run(run: Path) -> None:
    """Offer the files of a run to `outvoted fetch`."""
    offer(run, console)


def _watch(there: Elsewhere, run: JobSeen, name: str) -> None:
    try:
        ended = watch(there, run, console)
    except KeyboardInterrupt:
        errors.print(f"\nLeft; {name} goes on without being watched. Come back with:", soft_wrap=True)
        errors.print(f"  {_command('watch', name, there)}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    code = exit_code(ended)
    if code:
        console.print(
            f"{name} has {ENDINGS[ended.state]} (exit code {code}); {resume_with(ended)}", soft_wrap=True
        )
        raise typer.Exit(code)
    console.print(f"{name} has finished. To have its folder here:", soft_wrap=True)
    console.print(f"  {_command('fetch', name, there)}", soft_wrap=True)


def _command(verb: str, name: str, there: Elsewhere) -> str:
    return command("outvoted", verb, name, *there.named)
