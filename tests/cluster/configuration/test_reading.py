"""Reading configurations: what is wrong is said, with the key, and the nearest right one."""

from pathlib import Path
from typing import Any

import pytest

from outvoted.actors.data.datasets import DataSettings
from outvoted.actors.data.formats import Npz
from outvoted.actors.networks import CNN, MLP
from outvoted.actors.runs.commands import command_of
from outvoted.cluster.configuration.reading import validated
from outvoted.cluster.jobs.kinds import KINDS, kind_meant, read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.tune import TuneConfig
from outvoted.search.errors import OutvotedError
from outvoted.search.key_paths import differences
from outvoted.search.strategies import Gradient, RandomSearch
from outvoted.search.transforms import Affine, Photometric

MNIST = Path(__file__).parents[3] / "configs" / "mnist.yaml"


def test_overrides_reach_keys_at_any_depth() -> None:
    config = read(
        MineConfig,
        MNIST,
        [
            "search.patience=100",
            "search.transform.budget.rotation=20.5",
            "panel.networks.1.hidden=77",
            "search.strategy.kind=random",
            "panel.networks.0={kind: cnn, channels: 3}",
            "referee=null",
        ],
    )
    assert config.search.patience == 100
    assert isinstance(config.search.transform, Affine)
    assert config.search.transform.budget.rotation == 20.5
    assert config.panel.networks[1] == MLP(hidden=77)
    assert config.panel.networks[0] == CNN(channels=3)
    assert isinstance(config.search.strategy, RandomSearch)
    assert config.referee is None


@pytest.mark.parametrize(
    ("override", "found", "remedy"),
    [
        ("search.patiense=1", "'search.patiense'", "did you mean 'patience'?"),
        ("serch.patience=1", "'serch'", "did you mean 'search'?"),
        ("search.transform.move.rotatoin=1", "'search.transform.move.rotatoin'", "did you mean 'rotation'?"),
        ("panel.networks.0.hiden=1", "'panel.networks.0.hiden'", "did you mean 'hidden'?"),
        ("referee.network.chanels=1", "'referee.network.chanels'", "did you mean 'channels'?"),
        (
            "search.zzz=1",
            "'search.zzz'",
            "choose from: patience, per_target, realism, seed, strategy, targets, transform, voters",
        ),
        ("data.name=mnst", "'mnst'", "did you mean 'mnist'?"),
        ("data.name=nzp", "'nzp'", "did you mean 'npz'?"),
        ("data.name=xyz", "'xyz'", "choose from: fashion-mnist, folder, huggingface, idx, iris, mnist,"),
        ("data.pth=here", "'data.pth'", "did you mean 'path'?"),
        ("data.size=[9, 9]", "'data.size'", "choose from: name, path"),
        ("data={name: folder, path: here, sise: [9, 9]}", "'data.sise'", "did you mean 'size'?"),
        ("search.strategy.kind=hillclimbing", "hillclimbing", "did you mean 'hillclimb'?"),
        ("search.strategy.kind=genetics", "genetics", "did you mean 'genetic'?"),
        (
            "search.strategy.kind=xyzzy",
            "xyzzy",
            "choose from: MODULE:CLASS, auto, bayesian, evolution, genetic, gradient, hillclimb, map-elites, "
            "pbil, random",
        ),
    ],
)
def test_misspellings_are_told_the_nearest_right_word(override: str, found: str, remedy: str) -> None:
    with pytest.raises(OutvotedError) as caught:
        read(MineConfig, MNIST, [override])
    assert found in caught.value.found
    assert remedy in caught.value.remedy


def test_an_override_with_a_star_is_one_of_every_item() -> None:
    config = read(MineConfig, MNIST, ["panel.networks.*.hidden=7", "panel.networks.1.hidden=8"])
    assert [network.model_dump()["hidden"] for network in config.panel.networks] == [7, 8, 7, 7, 7]


def test_a_kind_alone_is_overridden_key_by_key() -> None:
    sets = ["search.strategy=gradient", "search.strategy.steps=3", "search.transform=photometric"]
    search = read(MineConfig, MNIST, sets).search
    assert (search.strategy, search.transform) == (Gradient(steps=3), Photometric())


@pytest.mark.parametrize(
    ("override", "expected", "found"),
    [
        ("search.targets=mlp-10", "search.targets: a list, in square brackets", "'mlp-10'"),
        ("search.strategy=gradiant", "a known search.strategy.kind", "'gradiant'"),
        ("search.strategy.kind=hilclimb", "a known search.strategy.kind", "'hilclimb'"),
        ("data.name=nzp", "a known data.name", "'nzp'"),
    ],
)
def test_what_was_wanted_is_said_in_words_of_a_configuration(
    override: str, expected: str, found: str
) -> None:
    with pytest.raises(OutvotedError) as caught:
        read(MineConfig, MNIST, [override])
    assert expected in caught.value.expected
    assert caught.value.found == found


def test_settings_of_a_python_call_are_not_told_of_the_command_line() -> None:
    with pytest.raises(OutvotedError) as caught:
        validated(MineConfig, {"search": {"patience": 0}}, "mine(...)")
    assert caught.value.remedy == "correct search.patience in mine(...)"


def test_another_format_of_data_begins_afresh() -> None:
    overrides = ["data.path=here", "data.name=npz", "data.path=there.npz", "data.train_images=images"]
    assert read(MineConfig, MNIST, overrides).data == Npz(path=Path("there.npz"), train_images="images")


def test_another_known_data_set_keeps_its_path() -> None:
    found = read(MineConfig, MNIST, ["data.path=here", "data.name=mnist"]).data
    assert found == DataSettings(name="mnist", path=Path("here"))


def test_data_without_a_name_are_the_sample() -> None:
    assert read(MineConfig, MNIST, ["data={path: here}"]).data == DataSettings(path=Path("here"))


def test_a_missing_path_of_data_names_its_key() -> None:
    with pytest.raises(OutvotedError, match=r"the key data\.path"):
        read(MineConfig, MNIST, ["data={name: folder}"])


@pytest.mark.parametrize(
    "override",
    [
        "data={name: npz, path: a, size: [0, 9]}",
        "data={name: npz, path: a, test_share: 1}",
        "data={name: npz, path: a, layout: HWC}",
        "search.patience=many",
        "search.patience=0",
        "search.transform.move.scale=0.5",
        "search.transform.move.rotation=.nan",
        "panel.networks=[{kind: mlp}]",
        "panel.training.learning_rate=-1",
        "cluster.cells=1.5",
        "cluster.num_gpus=-1",
    ],
)
def test_a_wrong_value_names_its_key(override: str) -> None:
    with pytest.raises(OutvotedError) as caught:
        read(MineConfig, MNIST, [override])
    assert override.split("=")[0] in caught.value.expected


@pytest.mark.parametrize("override", ["search.patience", "=3", "a b=3", "search.patience.more=3", "data={"])
def test_an_override_that_is_none_is_refused(override: str) -> None:
    with pytest.raises(OutvotedError):
        read(MineConfig, MNIST, [override])


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(OutvotedError) as caught:
        read(MineConfig, MNIST, ["search.patience=x", "cluster.cels=2"])
    assert "search.patience" in caught.value.expected
    assert "cluster.cels" in caught.value.found


@pytest.mark.parametrize(
    "content", [b"", b"- a list", b"{unclosed: ", b"\xff\xfe\x00", b"!!python/object/apply:os.system [id]"]
)
def test_a_file_that_is_no_configuration_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_bytes(content)
    with pytest.raises(OutvotedError, match=r"run\.yaml"):
        read(MineConfig, file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match=r"no\.yaml"):
        read(MineConfig, tmp_path / "no.yaml")


def test_a_configuration_survives_json() -> None:
    config = read(MineConfig, MNIST)
    assert MineConfig.model_validate_json(config.model_dump_json()) == config


def test_differences_name_the_keys_that_changed() -> None:
    old = read(MineConfig, MNIST).model_dump(mode="json")
    new = read(MineConfig, MNIST, ["search.patience=9", "cluster.cells=2"]).model_dump(mode="json")
    assert differences(old, new) == ["cluster.cells", "search.patience"]
    assert differences(old, old) == []


@pytest.mark.parametrize(
    ("override", "expected", "found"),
    [
        ("search.per_target=true", "search.per_target: a whole number", "true"),
        ("search.per_target='5'", "search.per_target: a whole number", "'5'"),
        ("search.per_target=5.5", "search.per_target: a whole number", "5.5"),
        ("search.per_target=0", "search.per_target: a number of at least 1", "0"),
        ("search.voters=[true]", "search.voters.0: a whole number", "true"),
        ("search.transform.budget.rotation=true", "search.transform.budget.rotation: a number", "true"),
        ("panel.training.learning_rate='1e-3'", "panel.training.learning_rate: a number", "'1e-3'"),
        ("data={name: npz, path: a, size: [9]}", "data.size: a list of 2", "[9]"),
        ("data={name: npz, path: a, size: [9, 9, 9]}", "data.size: a list of 2", "[9, 9, 9]"),
        ("data={name: npz, path: 5}", "data.path: a path, in quotes", "5"),
        ("panel.networks=[3, {kind: mlp}]", "panel.networks.0: keys with values", "3"),
        ("panel.networks.0={hidden: 3}", "the key kind in panel.networks.0", "{hidden: 3}"),
        (
            "panel.networks.1={kind: python, factory: f}",
            "panel.networks.1.factory: an import path MODULE:FUNCTION",
            "'f'",
        ),
        ("panel.networks.0.hidden=0", "panel.networks.0.hidden: a number of at least 1, or a list", "0"),
        ("search=null", "search: keys with values", "nothing"),
        ("search={1: 2}", "only known keys in search", "'search.1'"),
        ("panel.networks.7.hidden=3", "one of the 5 in panel.networks, numbered 0 to 4", "'7'"),
        ("panel.networks.7=3", "one of the 5 in panel.networks, numbered 0 to 4", "'7'"),
        ("search.*=3", "--set key.path=value", "'*' inside"),
        ("panel.networks.².hidden=3", "one of the 5 in panel.networks, numbered 0 to 4", "'²'"),
        ("data.².kind=3", "only known keys in data", "'data.²'"),
        ("search.patience=!!python/name:os.x", "--set key.path=value", "the tag !!python/name:os.x"),
        ("search.patience=1e400", "--set key.path=value", "infinite or far too large"),
        ("search.patience=[[[", "--set key.path=value", "nothing closes"),
        ("search.patience=\x1b[31m", "'search.patience=\\x1b[31m'", "'\\x1b'"),
        ("search.patience=\udcff", "'search.patience=\\udcff'", "'\\udcff'"),
        ("a=b=c", "only known keys in mnist.yaml", "'a'"),
        ("search.patience", "in --set 'search.patience'", "no '=' in it"),
        (".".join(["x"] * 5000) + "=1", "--set key.path=value", "no path of a key"),
    ],
)
def test_a_wrong_value_is_told_in_words_of_a_configuration(override: str, expected: str, found: str) -> None:
    with pytest.raises(OutvotedError) as caught:
        read(MineConfig, MNIST, [override])
    assert expected in caught.value.expected
    assert found in caught.value.found
    for word in ("Input", "constrained", "tuple_type", "object at", "MLP(", "pydantic", "Error"):
        assert word not in str(caught.value)


def test_a_whole_number_may_be_written_with_a_point_or_an_exponent() -> None:
    assert read(MineConfig, MNIST, ["search.patience=5.0", "search.per_target=1e3"]).search.per_target == 1000


@pytest.mark.parametrize("name", KINDS)
def test_a_missing_file_is_answered_with_lines_that_are_a_configuration(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutvotedError) as caught:
        read(KINDS[name].form, tmp_path / "my.yaml")
    lines = [line.strip() for line in caught.value.remedy.splitlines()[1:]]
    (tmp_path / "my.yaml").write_text("\n".join(lines), encoding="utf-8")
    assert lines
    assert isinstance(read(KINDS[name].form, tmp_path / "my.yaml"), KINDS[name].form)


@pytest.mark.parametrize(
    ("file", "meant"),
    [
        ("mnist", "mine"),
        ("compare-mnist", "compare"),
        ("heal-mnist", "heal"),
        ("scan-checkerboard", "scan"),
        ("sweep-noise-small", "sweep"),
        ("study-iris", "study"),
        ("tune-small", "sweep"),
    ],
)
def test_a_configuration_of_another_command_is_named_as_such(file: str, meant: str) -> None:
    path = MNIST.with_name(f"{file}.yaml")
    others = ("scan", "sweep", "tune", "study") if meant == "mine" else KINDS
    for other, command in ((other, command_of(other)) for other in others):
        if command == meant:
            continue
        with pytest.raises(OutvotedError) as caught:
            read(KINDS[other].form, path)
        assert caught.value.expected.startswith(f"a configuration of `outvoted {command}`")
        assert caught.value.found == f"one of `outvoted {meant}`"
        assert f"outvoted {meant} {path}" in caught.value.remedy


def _tune(*overrides: str) -> TuneConfig:
    return read(TuneConfig, MNIST.with_name("tune-small.yaml"), overrides)


def test_a_key_with_dots_in_it_is_set_like_any_other() -> None:
    assert _tune("vary.search.patience.grid=[7, 8]").vary["search.patience"].grid == (7, 8)
    assert _tune("vary.search.patience=[7, 8]").vary["search.patience"].grid == (7, 8)
    new = _tune("vary.panel.networks.*.hidden={choice: [5, 6]}").vary
    assert new["panel.networks.*.hidden"].choice == (5, 6)
    assert len(new) == 3
    base = _tune("mine.search.per_target=7", "trials=3").mine
    assert base is not None
    assert base.search.per_target == 7


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ({"vary": {}, "mine": {}, "objectives": "success"}, "tune"),
        ({"mine": {}, "varry": {}}, "tune"),
        ({"study": {}, "vary": {}}, "tune"),
        ({"experiment": {}, "data": {}}, "sweep"),
        ({"experiment": {}, "seed": 0}, "sweep"),
        ({}, "sweep"),
    ],
)
def test_a_command_of_several_kinds_takes_the_one_that_most_keys_are_of(
    keys: dict[str, Any], kind: str
) -> None:
    assert kind_meant("sweep", keys) == kind


def test_a_sweep_without_all_its_keys_is_still_taken_for_one() -> None:
    assert kind_meant(None, {"mine": {}, "vary": {}}) == "tune"
    assert kind_meant(None, {"study": {"kind": "morphs"}, "vary": {}, "trails": 3}) == "tune"
    assert kind_meant(None, {"study": {"kind": "morphs"}}) == "study"


def test_a_missing_file_with_a_near_name_is_proposed() -> None:
    with pytest.raises(OutvotedError, match=r"did you mean .*mnist"):
        read(MineConfig, MNIST.with_name("mnst.yaml"))


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "/", "a\0b", "x" * 300])
def test_what_is_no_file_to_read_is_said(path: str) -> None:
    with pytest.raises(OutvotedError, match=r"search: \{per_target: 100\}|plain YAML"):
        read(MineConfig, Path(path))
