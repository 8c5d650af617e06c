"""`outvoted submit`, `watch`, `logs`, `stop` and `fetch`: runs on a cluster, from here."""

import time
from pathlib import Path

import typer

from outvoted.actors.networks.computing import use_one_thread
from outvoted.cluster.console.ending import INTERRUPTED
from outvoted.cluster.console.terminal import bars, command, console, errors, phase, to_report
from outvoted.cluster.submitting.dashboard import Dashboard, Jobs, JobSeen
from outvoted.cluster.submitting.entry import DEFAULT_RUNS, is_url, newest, runs_folder
from outvoted.cluster.submitting.fetching import copy_from, fetch
from outvoted.cluster.submitting.sending import offer
from outvoted.cluster.submitting.submitting import Submission, submit
from outvoted.cluster.submitting.watching import exit_code, place_of, plain, resume_with, watch
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import NOTHING

_STOP_SECONDS = 150.0


def submit_run(wanted: Submission, address: str, stays: bool) -> None:
    """Submit a run, say how to follow it, and show it until it ends where that is wanted.

    Raises:
        OutvotedError: see :func:`outvoted.cluster.submitting.submitting.submit`.
        Exit: with the run's exit code, where it was watched and did not end well.
    """
    use_one_thread()
    jobs = Dashboard(address)
    job = submit(wanted, jobs, console)
    place = f"{wanted.runs or '$OUTVOTED_RUNS or ~/outvoted-runs'}/{wanted.name}"
    console.print(f"Submitted as {job}; its folder on the cluster: {place}", soft_wrap=True)
    if stays:
        _watch(jobs, jobs.job(job), wanted.name)
        return
    for verb in ("watch", "logs", "stop", "fetch"):
        console.print(f"  {_command(verb, wanted.name, jobs)}", soft_wrap=True)


def watch_run(name: str, address: str) -> None:
    """Show a run until it ends, and exit as it did; Ctrl-C leaves it alone."""
    jobs = Dashboard(address)
    _watch(jobs, newest(jobs, name), name)


def say_logs(name: str, address: str, follow: bool) -> None:
    """Print all that a run has said, and, where that is wanted, what it says until it ends."""
    jobs = Dashboard(address)
    job = newest(jobs, name)
    if follow:
        _watch(jobs, job, name)
        return
    console.print(plain(jobs.log(job.id)).rstrip("\n"), soft_wrap=True)


def stop_run(name: str, address: str) -> None:
    """End a run as Ctrl-C would: what was found is kept, and it can be resumed.

    Raises:
        OutvotedError: it has ended already, or does not end.
    """
    jobs = Dashboard(address)
    job = newest(jobs, name)
    if job.ended:
        raise OutvotedError(
            expected=f"a run {name} that is under way at {jobs.address}",
            found=f"one that has {_ENDINGS[job.state]}",
            remedy="nothing has to be stopped",
        )
    jobs.stop(job.id)
    with phase(console, "waiting for it to end"):
        ended = _ended(jobs, job)
    console.print(f"{name} has {_ENDINGS[ended.state]}; {resume_with(ended)}", soft_wrap=True)


_ENDINGS = {"SUCCEEDED": "finished", "FAILED": "failed", "STOPPED": "been stopped"}


def _ended(jobs: Jobs, job: JobSeen) -> JobSeen:
    began = time.monotonic()
    while time.monotonic() - began < _STOP_SECONDS:
        seen = jobs.job(job.id)
        if seen.ended:
            return seen
        time.sleep(0.5)
    raise OutvotedError(
        expected=f"{job.id} to end within {_STOP_SECONDS:.0f} seconds",
        found="a run that goes on",
        remedy="look at `outvoted logs`, and stop it again",
    )


def fetch_run(name: str, address: str, to: Path, runs: str | None) -> None:
    """Bring a run's folder here.

    Raises:
        OutvotedError: see :func:`outvoted.cluster.submitting.fetching.fetch`.
    """
    jobs = Dashboard(address)
    place = f"{runs_folder(runs)}/{name}" if runs else _place(jobs, name)
    if is_url(place):
        copy_from(place, to)
        console.print(f"copied from {place} to {to}", soft_wrap=True)
        return
    with bars(console) as progress:
        bar = progress.add_task("fetching", total=None, details="asking for its files")

        def tell(done: int, total: int, file: str) -> None:
            progress.update(bar, completed=done >> 20, total=-(-total >> 20), details=f"MiB {file}")

        found = fetch(jobs, place, to, tell)
    kept = f"; {found.kept:,} were here already" if found.kept else ""
    console.print(f"{found.files:,} files, {found.size / 1e6:,.1f} MB, in {to}{kept}", soft_wrap=True)
    console.print(f"  {to_report(to, NOTHING)}", soft_wrap=True)


def offer_run(run: Path) -> None:
    """Offer the files of a run to `outvoted fetch`."""
    offer(run, console)


def _place(jobs: Jobs, name: str) -> str:
    """Return where a run is; where the cluster has forgotten it, its folder may be in the usual place."""
    try:
        found = place_of(jobs.log(newest(jobs, name).id))
    except OutvotedError:
        found = None
    return found or f"{DEFAULT_RUNS}/{name}"


def _watch(jobs: Jobs, job: JobSeen, name: str) -> None:
    try:
        ended = watch(jobs, job, console)
    except KeyboardInterrupt:
        errors.print(f"\nLeft; {name} goes on without being watched. Come back with:", soft_wrap=True)
        errors.print(f"  {_command('watch', name, jobs)}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    code = exit_code(ended)
    if code:
        console.print(
            f"{name} has {_ENDINGS[ended.state]} (exit code {code}); {resume_with(ended)}", soft_wrap=True
        )
        raise typer.Exit(code)
    console.print(f"{name} has finished. To have its folder here:", soft_wrap=True)
    console.print(f"  {_command('fetch', name, jobs)}", soft_wrap=True)


def _command(verb: str, name: str, jobs: Jobs) -> str:
    return command("outvoted", verb, name, "--address", jobs.address)
