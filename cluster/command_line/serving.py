"""`outvoted serve`: the service, its cluster, and what is said when it ends."""

import os
import sys
import time
import webbrowser
from contextlib import suppress
from threading import Thread

from outvoted.cluster.console.terminal import command, console, errors, phase
from outvoted.cluster.service.connection import Cluster, Connection
from outvoted.cluster.service.guard.gate import Keys
from outvoted.cluster.service.guard.hosts import check_binding, names_of
from outvoted.cluster.service.job_table import JobTable
from outvoted.cluster.service.local_cluster import LocalCluster
from outvoted.cluster.service.serving import cluster_of, listening, sole_service
from outvoted.cluster.service.settings import ServiceSettings
from outvoted.cluster.submitting.dashboard import Dashboard, Jobs

_STOP_SECONDS = 150.0


def serve_runs(settings: ServiceSettings, browser: bool) -> None:
    """Serve a folder of runs until Ctrl-C; runs that are under way then go on.

    Raises:
        OutvotedError: another process serves the folder, or the port is taken.
    """
    check_binding(settings.host, settings.allow_hosts, settings.runs)
    cluster = cluster_of(settings)
    connection = Connection(cluster, lambda said: console.print(said, soft_wrap=True, markup=False))
    with sole_service(settings) as note, listening(settings) as listener:
        url = f"http://{_named(settings.host)}:{listener.getsockname()[1]}"
        note(url)
        keys = Keys.at(settings.runs, names_of(settings.host, settings.allow_hosts))
        link = keys.link(url)
        console.print(f"Outvoted serves {settings.runs}. Open, once and within 15 minutes:", soft_wrap=True)
        console.print(f"  {link}", soft_wrap=True)
        console.print(f"or log in at {url} with the token in {settings.own / 'token'}.", soft_wrap=True)
        console.print("Ctrl-C ends the service; runs that are under way go on. Ray is starting …")
        if browser and _has_browser():
            Thread(target=webbrowser.open, args=(link,), daemon=True).start()
        with suppress(KeyboardInterrupt):
            cluster.prepare()  # Ray starts while this process imports what it needs itself, for seconds
            from outvoted.cluster.service.answering import serve

            serve(settings, keys, connection, listener)
        _leave(settings, cluster, connection)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # all is said and closed; DuckDB's binding would list whatever the interpreter leaves behind


def stop_cluster(settings: ServiceSettings) -> None:
    """End the cluster that was started for a folder of runs, and the runs on it as Ctrl-C would.

    Raises:
        OutvotedError: a service of the folder is still there.
    """
    cluster = LocalCluster(settings.own.absolute())
    with sole_service(settings):
        head = cluster.found()
        if head is not None:
            _stop_runs(Dashboard(head.address, head.token), settings)
        with phase(console, "ending Ray"):
            ended = cluster.end()
    console.print("Ray has ended." if ended else f"No Ray of {settings.runs} is up.", soft_wrap=True)


def _stop_runs(jobs: Jobs, settings: ServiceSettings) -> None:
    table = JobTable(lambda: jobs, settings.runs)
    going = {name: job for name, job in table.newest().items() if not job.ended}
    for job in going.values():
        jobs.stop(job.id)
    if not going:
        return
    until = time.monotonic() + _STOP_SECONDS
    with phase(console, f"waiting for {', '.join(going)} to end"):
        while time.monotonic() < until and not all(jobs.job(job.id).ended for job in going.values()):
            time.sleep(0.5)
    console.print(f"Stopped {', '.join(going)}; what was found is kept, and can be resumed.", soft_wrap=True)


def _leave(settings: ServiceSettings, cluster: Cluster, connection: Connection) -> None:
    """End this machine's own cluster where nothing runs on it; else say what goes on, and how to end that."""
    if not isinstance(cluster, LocalCluster):
        return
    going = [] if cluster.is_new and not connection.is_made else _under_way(settings, connection)
    if going == []:
        with phase(console, "ending Ray"):
            cluster.end()
        return
    again = command("outvoted", "serve", "--runs", settings.runs)
    said = "Ray does not say what runs" if going is None else f"{', '.join(going)}: under way, and going on"
    errors.print(f"\n{said}. `{again}` finds everything again;", soft_wrap=True)
    errors.print(f"  {again} --stop   # ends runs and Ray", soft_wrap=True)


def _under_way(settings: ServiceSettings, connection: Connection) -> list[str] | None:
    """Name the runs that are under way; None where nobody can tell."""
    table = JobTable(connection.jobs, settings.runs)
    newest = table.newest()
    problem = table.problem()
    if problem is not None:
        return None
    return sorted(name for name, job in newest.items() if not job.ended)


def _has_browser() -> bool:
    """Return whether a browser has a screen of its own; one of a terminal would take this one."""
    return sys.platform == "darwin" or bool({"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & os.environ.keys())


def _named(host: str) -> str:
    return f"[{host}]" if ":" in host else host
