"""A run is checked before it is sent, as its own command checks it."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from outvoted.cluster.console.terminal import Terminal
from outvoted.cluster.jobs.kinds import keys_in
from outvoted.cluster.submitting.submitting import Submission, submit
from outvoted.search.errors import OutvotedError
from tests.cluster.submitting.pretended import PretendedCluster


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PretendedCluster:
    """A cluster, seen from a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return PretendedCluster()


def _submission(config: Path, name: str, *override: str, runs: str | None = None) -> Submission:
    return Submission("mine", config, keys_in(config, "mine"), name, override, runs)


def _said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_a_sound_run_is_sent_with_the_command_that_resumes_it(cluster: PretendedCluster, small: Path) -> None:
    wanted = _submission(small, "a", "search.per_target=7", runs="/shared/runs")
    assert submit(wanted, cluster, Terminal(quiet=True)) == "a"
    assert "outvoted mine outvoted-config/small.yaml --name a" in cluster.entries["a"]
    assert cluster.sent["a"] == ["outvoted-config/small.yaml"]
    assert cluster.job("a").notes["again"] == (
        f"outvoted submit {small} --address http://head:8265 --name a --set search.per_target=7 "
        "--runs /shared/runs --resume"
    )


def test_a_run_off_the_head_has_a_folder_that_all_see(cluster: PretendedCluster, small: Path) -> None:
    with pytest.raises(OutvotedError, match="beside --off-head"):
        submit(replace(_submission(small, "a"), off_head=True), cluster, Terminal(quiet=True))
    wanted = replace(_submission(small, "a", runs="/shared/runs"), off_head=True)
    submit(wanted, cluster, Terminal(quiet=True))
    assert cluster.off_head == {"a"}
    assert cluster.job("a").notes["again"].endswith("--runs /shared/runs --off-head --resume")


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("search.per_target=0", "search.per_target"),
        ("serch.per_target=1", "serch"),
        ("search.targets=[nobody]", "nobody"),
        ("search.patience", "key.path=value"),
    ],
)
def test_what_the_run_would_refuse_is_refused_before_anything_is_sent(
    override: str, expected: str, cluster: PretendedCluster, small: Path
) -> None:
    with pytest.raises(OutvotedError, match=expected):
        submit(_submission(small, "a", override), cluster, Terminal(quiet=True))
    assert not cluster.known


def test_names_folders_and_living_runs_are_checked_first(cluster: PretendedCluster, small: Path) -> None:
    for wanted in (_submission(small, "a b"), _submission(small, "a", runs="runs")):
        with pytest.raises(OutvotedError):
            submit(wanted, cluster, Terminal(quiet=True))
    cluster.submit("a", "", Path("/nowhere"), {}, {})
    with pytest.raises(OutvotedError, match="no living run"):
        submit(_submission(small, "a"), cluster, Terminal(quiet=True))


def test_data_that_is_not_here_is_left_to_the_cluster_to_check(
    cluster: PretendedCluster, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submit(_submission(small, "a", "data.path=/only/there"), cluster, Terminal())
    assert "The data is not here" in _said(capsys)
    assert set(cluster.known) == {"a"}


def test_data_of_a_sweep_that_is_not_here_is_left_to_the_cluster_too(
    cluster: PretendedCluster, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = {"mine": yaml.safe_load(small.read_text()), "vary": {"search.seed": [1, 2]}, "objectives": "moves"}
    small.with_name("sweep.yaml").write_text(yaml.safe_dump(keys))
    sets = ("mine.data.path=/only/there",)
    wanted = Submission("tune", small.with_name("sweep.yaml"), keys, "a", sets, without=None)
    submit(wanted, cluster, Terminal())
    assert "The data is not here" in _said(capsys)
    assert "outvoted sweep" in cluster.entries["a"]


def test_paths_that_lead_elsewhere_on_the_cluster_are_said(
    cluster: PretendedCluster, small: Path, digits_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submit(_submission(small, "a"), cluster, Terminal())
    assert f"warning: data.path: {digits_folder} is not sent" in _said(capsys)


def test_modules_of_the_users_travel(cluster: PretendedCluster, small: Path, tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text("x = 1\n")
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(yaml.safe_load(small.read_text())))
    submit(_submission(Path("my.yaml"), "a"), cluster, Terminal(quiet=True))
    assert cluster.sent["a"] == ["my.yaml", "nets.py", "outvoted-config/my.yaml"]


def test_a_ready_configuration_is_sent_by_its_name(cluster: PretendedCluster) -> None:
    wanted = Submission("mine", Path("mnist"), keys_in(Path("mnist"), "mine"), "a")
    submit(wanted, cluster, Terminal(quiet=True))
    assert cluster.sent["a"] == ["outvoted-config/mnist.yaml"]
