"""The Slurm script, among stand-ins for Slurm, Ray and Outvoted that say what they are told."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.deploy.files import DEPLOY

SCRIPT = DEPLOY / "slurm.sh"
STAND_INS = {
    "scontrol": '[ "$1" = show ] && printf "n1\\nn2\\n"; echo "scontrol $*" >> said; exit 0',
    "srun": 'echo "srun $*" >> said; while [[ $1 == -* ]]; do shift; done; exec "$@"',
    "hostname": "echo 10.0.0.1",
    "python": 'until [ "$(grep -c "^ray start" said)" = 2 ]; do sleep 0.02; done; echo 2',  # machines
    "ray": """[ "$1" = start ] || exit 0
echo "ray $* $RAY_AUTH_MODE $(stat -c %a "$RAY_AUTH_TOKEN_PATH") $(wc -c < "$RAY_AUTH_TOKEN_PATH")" >> said
trap 'echo "ray drained" >> said; exit 0' TERM
while :; do sleep 0.05; done""",
    "outvoted": """echo "outvoted $*" >> said
[ -f finishes ] && exit "$(cat finishes)"
trap 'echo "outvoted told" >> said; sleep 0.3; exit 130' TERM
while :; do sleep 0.05; done""",
}


class Submitted:
    """The script under way, and what its stand-ins said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tools = folder / "env" / "bin"
        tools.mkdir(parents=True)
        for name, code in STAND_INS.items():
            (tools / name).write_text(f"#!/bin/bash\n{code}\n")
            (tools / name).chmod(0o755)
        (tools / "activate").write_text(f"PATH={tools}:$PATH\n")
        environment = os.environ | {
            "HOME": str(folder),
            "OUTVOTED_ENV": str(folder / "env"),
            "SLURM_JOB_ID": "17",
            "SLURM_JOB_NODELIST": "n[1-2]",
            "SLURM_JOB_NUM_NODES": "2",
            "SLURM_CPUS_PER_TASK": "4",
        }
        command = ["bash", str(SCRIPT), "run.yaml", "night", "--set", "search.per_target=5"]
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    @property
    def said(self) -> list[str]:
        """What was said so far."""
        file = self.folder / "said"
        return file.read_text().splitlines() if file.exists() else []

    def heard(self, beginning: str) -> list[str]:
        """Wait for what begins so, twenty seconds at most."""
        end = time.monotonic() + 20
        while not (found := [line for line in self.said if line.startswith(beginning)]):
            assert time.monotonic() < end, self.said
            time.sleep(0.02)
        return found

    def ended(self, with_signal: signal.Signals | None = None) -> int:
        """Send a signal once the run is under way, and wait for the script to end."""
        self.heard("outvoted ")
        if with_signal is not None:
            time.sleep(0.3)  # until the stand-in, and the script, listen
            self.process.send_signal(with_signal)
        return self.process.wait(20)


@pytest.fixture
def submitted(tmp_path: Path) -> Callable[[int | None], Submitted]:
    """Submit; the run ends at once with a code, or goes on until it is told to end."""

    def submit(code: int | None) -> Submitted:
        if code is not None:
            (tmp_path / "finishes").write_text(str(code))
        return Submitted(tmp_path)

    return submit


Submit = Callable[[int | None], Submitted]


def test_ray_starts_on_every_machine_with_a_token_that_only_its_owner_reads(submitted: Submit) -> None:
    job = submitted(0)
    assert job.ended() == 0
    head, worker = sorted(
        (line for line in job.said if line.startswith("ray start")), key=lambda one: "--head" not in one
    )
    assert "--node-ip-address=10.0.0.1 --port=20017" in head
    assert "--dashboard-host=127.0.0.1" in head
    assert "--address=10.0.0.1:20017" in worker
    assert all(line.endswith("token 600 64") for line in (head, worker))
    assert not list((job.folder / ".outvoted").iterdir())  # it is deleted when the job ends


def test_the_run_resumes_by_its_name_and_gets_the_options(submitted: Submit) -> None:
    job = submitted(0)
    job.ended()
    (run,) = job.heard("outvoted ")
    assert run == (
        "outvoted mine run.yaml --name night --address 10.0.0.1:20017 --start-or-resume "
        "--set search.per_target=5"
    )


@pytest.mark.parametrize("code", [0, 2])
def test_a_run_that_has_ended_by_itself_is_not_queued_again(submitted: Submit, code: int) -> None:
    job = submitted(code)
    assert job.ended() == code
    assert job.heard("ray drained")
    assert "scontrol requeue 17" not in job.said


def test_before_its_time_is_up_the_run_writes_what_it_has_and_the_job_is_queued_again(
    submitted: Submit,
) -> None:
    job = submitted(None)
    assert job.ended(signal.SIGUSR1) == 130
    order = [line for line in job.said if line in ("outvoted told", "ray drained", "scontrol requeue 17")]
    assert order == ["outvoted told", "ray drained", "ray drained", "scontrol requeue 17"]


def test_a_job_that_is_cancelled_drains_and_does_not_queue_itself(submitted: Submit) -> None:
    job = submitted(None)
    assert job.ended(signal.SIGTERM) == 130
    assert job.said.count("ray drained") == 2
    assert "scontrol requeue 17" not in job.said
