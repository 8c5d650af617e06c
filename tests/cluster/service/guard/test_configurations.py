import json
import os
from pathlib import Path
from typing import Any

import pytest

from outvoted.cluster.configuration.ready import ready
from outvoted.cluster.jobs.kinds import KINDS, keys_in
from outvoted.cluster.service.guard.configurations import Allowed, check_from_network
from outvoted.search.errors import OutvotedError

CODE: dict[str, dict[str, Any]] = {
    "factory": {"panel": {"networks": [{"kind": "mlp"}, {"kind": "python", "factory": "os:system"}]}},
    "strategy": {"search": {"strategy": {"kind": "evil:Climb"}}},
    "strategy, in a word": {"search": {"strategy": "evil:Climb"}},
    "transform, in a word": {"search": {"transform": "evil:Move"}},
    "transform in a chain": {"search": {"transform": {"kind": "chain", "parts": [{"kind": "evil:Move"}]}}},
    "referee": {"referee": {"network": {"kind": "python", "factory": "evil:make"}}},
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "photos").mkdir(parents=True)
    (tmp_path / "secret.npz").write_bytes(b"")
    (folder / "out").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder / "loop")
    return folder


@pytest.mark.parametrize("named", CODE)
def test_no_code_is_imported(named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evil.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(OutvotedError, match=r"no code to be imported.*as the service does"):
        check_from_network("mine", CODE[named], (), Allowed((tmp_path,)))


def test_no_override_names_code_or_files(tmp_path: Path) -> None:
    for override in ("search.strategy=evil:Climb", "data={name: npz, path: /etc/passwd}"):
        with pytest.raises(OutvotedError):
            check_from_network("mine", {}, (override,), Allowed((tmp_path,)))


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../secret.npz",
        "photos/../../secret.npz",
        "out/secret.npz",
        "out",
        "..",
        "loop",
        "missing",
        "~/x",
        "s3://bucket/photos",
        "gs://bucket/photos",
        "photos/" + "a" * 5000,
    ],
    ids=range(12),
)
def test_no_file_outside_the_folders_of_data_can_be_named(data: Path, path: str) -> None:
    keys = {"data": {"name": "npz", "path": path}}
    with pytest.raises(OutvotedError, match=r"data\.path: a file or folder in one of"):
        check_from_network("mine", keys, (), Allowed((data,)))


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "file:///etc/passwd", "s3://me:word@host/x"]
)
def test_no_other_url_can_be_named(data: Path, url: str) -> None:
    for code in (False, True):
        with pytest.raises(OutvotedError, match=r"data\.path"):
            check_from_network("mine", {"data": {"name": "npz", "path": url}}, (), Allowed((data,), code))


def test_a_store_can_be_named_where_code_can_be_too(data: Path) -> None:
    keys = {"data": {"name": "npz", "path": "s3://bucket/x.npz"}}
    assert check_from_network("mine", keys, (), Allowed((data,), True))["data"] == keys["data"]


def test_what_is_not_allowed_is_told_like_what_is_not_there(data: Path) -> None:
    said = set()
    for path in ("/etc/hostname", "/etc/no-such-x"):
        with pytest.raises(OutvotedError) as refused:
            check_from_network("mine", {"data": {"name": "npz", "path": path}}, (), Allowed((data,)))
        said.add(refused.value.found.replace(path, ""))
    assert len(said) == 1


def test_weights_and_programs_are_files_too(data: Path) -> None:
    for network in (
        {"kind": "exported", "file": "/etc/hostname"},
        {"kind": "timm", "model": "x", "weights": "/etc/x"},
    ):
        with pytest.raises(OutvotedError, match=r"panel\.networks\.0\.\w+: a file or folder in one of"):
            check_from_network(
                "mine", {"panel": {"networks": [network, {"kind": "mlp"}]}}, (), Allowed((data,))
            )


VARIED: dict[str, tuple[str, Any]] = {
    "strategy": ("search.strategy", "evil:Climb"),
    "kind of strategy": ("search.strategy.kind", "evil:Climb"),
    "strategy with settings": ("search.strategy", {"kind": "evil:Climb"}),
    "factory": ("panel.networks.0.factory", "os:system"),
    "factory of every network": ("panel.networks.*.factory", "evil:make"),
    "networks": ("panel.networks", [{"kind": "python", "factory": "os:system"}, {"kind": "mlp"}]),
    "a word within a chain": ("search.transform", {"kind": "chain", "parts": ["evil:Move"]}),
}


def _varying(key: str, *values: Any) -> dict[str, Any]:
    return {"mine": {}, "vary": {key: {"choice": list(values)}}, "objectives": "success"}


@pytest.mark.parametrize("named", VARIED)
def test_no_value_that_is_tried_names_code(named: str, tmp_path: Path) -> None:
    key, value = VARIED[named]
    with pytest.raises(OutvotedError, match=r"no code to be imported.*as the service does"):
        check_from_network("tune", _varying(key, "hillclimb", value), (), Allowed((tmp_path,)))
    override = f"vary.{key}={{choice: [hillclimb, {json.dumps(value)}]}}"
    with pytest.raises(OutvotedError, match="no code to be imported"):
        check_from_network("tune", _varying("search.patience", 5), (override,), Allowed((tmp_path,)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("data.path", "/etc/passwd"),
        ("data", {"name": "npz", "path": "../secret.npz"}),
        ("data", {"name": "folder", "path": "out"}),
        ("panel.networks.*.weights", "/etc/x"),
        ("referee", {"network": {"kind": "timm", "model": "x", "weights": "/etc/x"}}),
        ("panel.networks", [{"kind": "exported", "file": "/etc/hostname"}]),
    ],
)
def test_no_value_that_is_tried_names_a_file_outside(data: Path, key: str, value: Any) -> None:
    with pytest.raises(OutvotedError, match=r"vary\..*: a file or folder in one of"):
        check_from_network("tune", _varying(key, value), (), Allowed((data,)))


def test_values_that_are_tried_come_back_absolute(data: Path) -> None:
    keys = _varying("data.path", "photos", str(data / "photos"))
    found = check_from_network("tune", keys, (), Allowed((data,)))
    assert found["vary"]["data.path"]["choice"] == [os.fspath(data.resolve() / "photos")] * 2


def test_words_that_are_tried_come_back_as_they_are(data: Path) -> None:
    values = ["hillclimb", {"kind": "gradient", "rate": 0.2}]
    found = check_from_network("tune", _varying("search.strategy", *values), (), Allowed((data,)))
    assert found["vary"] == {"search.strategy": {"choice": values}}


def test_what_is_varied_wrongly_is_refused_at_once(data: Path) -> None:
    with pytest.raises(OutvotedError, match=r"only known keys in search(.|\n)*did you mean 'patience'"):
        check_from_network("tune", _varying("search.patienc", 5), (), Allowed((data,)))


def test_what_is_named_comes_back_absolute(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data.parent)
    for path in ("photos", str(data / "photos"), "./photos/."):
        keys = {"data": {"name": "folder", "path": path}}
        found = check_from_network("mine", keys, ("search.per_target=7",), Allowed((Path("data"),)))
        assert found["data"]["path"] == os.fspath(data.resolve() / "photos")
        assert found["search"]["per_target"] == 7


@pytest.mark.parametrize("name", [one.name for one in ready().values()])
def test_every_ready_configuration_means_the_same_afterwards(name: str) -> None:
    config = ready()[name]
    keys = keys_in(config.path, config.kind)
    form = KINDS[config.kind].form
    found = check_from_network(config.kind, keys, (), Allowed(code=True))
    relative = json.loads(json.dumps(found).replace(f"{Path.cwd()}/", ""))
    assert form.model_validate(relative) == form.model_validate(keys)


def test_whoever_allows_code_allows_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keys = {**CODE["factory"], "data": {"name": "npz", "path": "here.npz"}}
    found = check_from_network("mine", keys, (), Allowed(code=True))
    assert found["data"]["path"] == str(tmp_path / "here.npz")
    assert found["panel"]["networks"][1]["factory"] == "os:system"
