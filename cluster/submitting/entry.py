"""How a run is a job: the ids of its attempts, the command that a job runs, what it notes."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from outvoted.actors.runs.commands import command_of
from outvoted.cluster.console import records
from outvoted.cluster.submitting.dashboard import Jobs, JobSeen, no_such_run
from outvoted.search.errors import OutvotedError
from outvoted.search.shown import shown

DEFAULT_RUNS = "${OUTVOTED_RUNS:-$HOME/outvoted-runs}"
"""The folder of runs on a cluster, in words of its shell."""
ENVIRONMENT: Mapping[str, str] = {"RAY_JOB_STOP_WAIT_TIME_S": "120"}
"""How long Ray lets a job end by itself: cells finish, tables are closed, `run.json` says interrupted."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://")
_AGAIN = 3


def job_name(name: str, where: str) -> str:
    """Return a run's name that a job can have, and stands in URLs as it is.

    Raises:
        OutvotedError: it holds other characters than letters, digits, dots, hyphens and underscores.
    """
    if _NAME.fullmatch(name) and not name.endswith("."):
        return name
    raise OutvotedError(
        expected="a name for the run of letters, digits, dots, hyphens and underscores, at most 100, "
        "beginning with a letter or digit",
        found=f"{shown(name)} from {where}",
        remedy="choose another --name",
    )


def attempts(jobs: Jobs, name: str) -> list[JobSeen]:
    """Return the jobs that made, or make, a run: NAME, then NAME@2, NAME@3…"""
    numbered = {_number(one.id, name): one for one in jobs.jobs() if _number(one.id, name)}
    return [numbered[number] for number in sorted(numbered)]


def newest(jobs: Jobs, name: str) -> JobSeen:
    """Return the newest job of a run.

    Raises:
        OutvotedError: there is none.
    """
    all_of_them = attempts(jobs, name)
    if not all_of_them:
        raise no_such_run(
            jobs.address, name, lambda: [one.id for one in jobs.jobs() if "outvoted" in one.notes]
        )
    return all_of_them[-1]


def next_id(jobs: Jobs, name: str) -> str:
    """Return the id of a run's next job.

    Raises:
        OutvotedError: its last one still lives.
    """
    before = attempts(jobs, name)
    if not before:
        return name
    if not before[-1].ended:
        raise OutvotedError(
            expected=f"no living run {shown(name)} at {jobs.address}",
            found=f"one that is {before[-1].state.lower()}",
            remedy="`outvoted watch` shows it, `outvoted stop` ends it; or choose another --name",
        )
    return f"{name}@{_number(before[-1].id, name) + 1}"


def _number(job: str, name: str) -> int:
    """Return which attempt at a run a job is, from 1; 0 where it is none."""
    run, attempt = run_of(job)
    return attempt if run == name else 0


def run_of(job: str) -> tuple[str, int]:
    """Return the name of a job's run, and which attempt at it the job is, from 1."""
    name, _, number = job.rpartition("@")
    return (name, int(number)) if name and re.fullmatch(r"[1-9][0-9]{0,8}", number) else (job, 1)


def is_url(place: str) -> bool:
    """Return whether a place is a URL."""
    return _URL.match(place) is not None


def runs_folder(given: str | None) -> str | None:
    """Return the folder or URL around runs on the cluster as it was given.

    Raises:
        OutvotedError: it is relative: a job's working folder is a copy that Ray deletes.
    """
    if given is None or is_url(given) or PurePosixPath(given).is_absolute():
        return given
    raise OutvotedError(
        expected="an absolute folder on the cluster, or a URL, for --runs",
        found=shown(given),
        remedy="name a folder that every machine of the cluster sees, such as /shared/runs, or leave --runs "
        "out: runs then go to $OUTVOTED_RUNS of the cluster's head, or ~/outvoted-runs there",
    )


@dataclass(frozen=True)
class Entry:
    """What a job does: a run.

    Attributes:
        kind: of the run.
        config: the file within the folder that is sent along, or the name of a ready configuration.
        runs: see :func:`runs_folder`.
    """

    kind: str
    config: str
    name: str
    override: Sequence[str] = ()
    runs: str | None = None
    resume: bool = False
    debug: bool = False

    @property
    def command(self) -> str:
        """The shell's command; a driver that is killed, for memory say, starts again and resumes.

        Ray signals the shell as well, and waits for both to be gone. The shell stays until the driver has
        ended: else the first process of a container would inherit that, which may never take note of its end.
        """
        parts = ["outvoted", command_of(self.kind), self.config, "--name", self.name, "--address", "auto"]
        parts += [part for one in self.override for part in ("--set", one)]
        parts += ["--debug"] * self.debug
        runs = f'"{DEFAULT_RUNS}"' if self.runs is None else shlex.quote(self.runs)
        first = " --resume" * self.resume
        return (
            f'run() {{ {records.VARIABLE}=records {shlex.join(parts)} --runs {runs} "$@"; }}; '
            f"told=; trap told=1 TERM; run{first}; code=$?; "
            f"for again in {' '.join(map(str, range(1, _AGAIN + 1)))}; do "
            '[ "$code" -gt 130 ] && [ -z "$told" ] || break; '
            'echo "outvoted was killed (exit code $code); it resumes its run"; sleep 5; '
            '[ -z "$told" ] || break; run --start-or-resume; code=$?; done; exit "$code"'
        )
