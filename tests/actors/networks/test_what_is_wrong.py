"""What is wrong with a user's own network is said in one message, before anything starts."""

import json
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from outvoted.actors.networks import Architecture, TorchvisionModel
from outvoted.actors.panel.checking import check
from outvoted.actors.panel.panel_settings import PanelSettings, RefereeSettings, key, recipes
from outvoted.search.errors import OutvotedError
from tests.actors.networks.conftest import CLASSES, SHAPE, Bring, exported, tiny, vision

MLP = {"kind": "mlp", "hidden": 3}


def checked(network: Architecture | dict[str, Any], classes: int = CLASSES, **more: Any) -> None:
    """Check a panel of an MLP and the network."""
    values = network.model_dump() if isinstance(network, Architecture) else network
    panel = PanelSettings.model_validate({"networks": [MLP, values], **more})
    check(recipes(panel, None), SHAPE, classes)


def refused(network: Architecture | dict[str, Any], classes: int = CLASSES) -> OutvotedError:
    with pytest.raises(OutvotedError) as caught:
        checked(network, classes)
    assert caught.value.expected.startswith("panel.networks.1 (")
    return caught.value


def python(function: str, **arguments: object) -> dict[str, Any]:
    return {"kind": "python", "factory": f"brought_models:{function}", "arguments": arguments}


@pytest.mark.parametrize("kind", ["python", "exported", "torchvision", "timm"])
def test_what_is_right_passes(kind: str, bring: Bring) -> None:
    checked(bring(kind))


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (python("failing"), "RuntimeError: no such luck"),
        (python("number"), "something of type int"),
        (python("tony"), "did you mean 'tiny'?"),
        (python("number"), "return the network itself"),
        (python("leaving"), "it called sys.exit(0)"),
        (python("nothing"), "found:    nothing"),
        (python("tiny", wide=3), "unexpected keyword argument 'wide'"),
        (python("demanding"), "missing a required argument: 'width'"),
        (python("demanding"), "demanding(width, depth=2)"),
        (python("demanding"), "write arguments: {width: ...}"),
        (python("demanding", widht=3), "did you mean 'width'?"),
        (python("Odd", answer="nan"), "NaN or infinite"),
        (python("the_class"), "the class Odd, not called"),
        (python("constant"), "is of type int"),
        (python("tiny", classes=5), "(8, 5) for 8 images"),
        (python("tiny", channels=1), "expected input"),
        (python("odd", answer="raise"), "seven channels, please"),
        (python("odd", answer="nan"), "NaN or infinite outputs"),
        (python("odd", answer="tuple"), "a tuple"),
        (python("odd", answer="flat"), "(8,)"),
        ({"kind": "python", "factory": "no_such_module:make"}, "No module named 'no_such_module'"),
        ({**python("tiny"), "weights": "absent.safetensors"}, "No such file"),
        ({**python("tiny"), "weights": "brought_models.py"}, "a file of an unknown kind"),
        ({**python("tiny"), "input": {"channels": 1}}, "expected input"),
        ({"kind": "exported", "file": "absent.pt2"}, "No such file"),
        ({"kind": "exported", "file": "brought_models.py"}, "a file of an unknown kind"),
    ],
)
def test_a_network_that_does_not_do_is_named_with_its_key(
    network: dict[str, Any], said: str, workplace: Path
) -> None:
    assert said in str(refused(network))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import sys; sys.exit(3)", "it called sys.exit(3)"),
        ("raise SystemExit", "it called sys.exit()"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("def make(:", "SyntaxError"),
    ],
)
def test_a_module_that_fails_on_import_is_named(code: str, said: str, workplace: Path) -> None:
    (workplace / "brought_broken.py").write_text(code)
    sys.modules.pop("brought_broken", None)
    found = refused({"kind": "python", "factory": "brought_broken:make"})
    assert said in found.found
    assert "python -c 'import brought_broken'" in found.remedy


def test_a_module_that_is_not_there_is_looked_for_here(workplace: Path) -> None:
    assert str(workplace) in refused({"kind": "python", "factory": "no_such_module:make"}).remedy


def test_the_referee_is_checked_too(workplace: Path) -> None:
    panel = PanelSettings.model_validate({"networks": [MLP, MLP]})
    referee = RefereeSettings.model_validate({"network": python("failing")})
    with pytest.raises(OutvotedError) as caught:
        check(recipes(panel, referee), SHAPE, CLASSES)
    assert caught.value.expected.startswith("referee.network (referee)")


@pytest.mark.parametrize("kind", ["torchvision", "timm"])
def test_a_misspelt_model_is_put_right(kind: str) -> None:
    vision(kind)
    assert "did you mean 'resnet18'?" in refused({"kind": kind, "model": "resent18"}).remedy


def test_long_lists_of_names_are_cut(workplace: Path) -> None:
    vision("timm")
    error = refused({"kind": "timm", "model": "???"})
    assert "others" in error.remedy
    assert len(error.remedy) < 2000


def test_detectors_are_not_to_be_had(workplace: Path) -> None:
    vision("torchvision")
    assert "fcn_resnet50" in refused({"kind": "torchvision", "model": "fcn_resnet50"}).found


@pytest.mark.parametrize(
    ("kind", "model", "argument"),
    [
        ("torchvision", "squeezenet1_1", {"weights": "DEFAULT"}),
        ("timm", "test_resnet", {"pretrained": True}),
        ("timm", "test_resnet", {"checkpoint_path": "net.pth"}),
        ("timm", "test_resnet", {"pretrained_cfg": {"file": "net.pth"}}),
    ],
)
def test_libraries_read_and_download_no_weights_themselves(
    kind: str, model: str, argument: dict[str, Any], workplace: Path
) -> None:
    vision(kind)
    error = refused({"kind": kind, "model": model, "arguments": argument, "input": {"size": [32, 32]}})
    assert next(iter(argument)) in error.found
    assert "weights: beside model:" in error.remedy


def test_arguments_choose_no_other_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a detector would download weights."""
    vision("torchvision")
    named: dict[str, Any] = {"model": "squeezenet1_1", "arguments": {"name": "fasterrcnn_resnet50_fpn"}}
    monkeypatch.setattr("torch.hub.load_state_dict_from_url", lambda *_, **__: pytest.fail("a download"))
    network = TorchvisionModel(**named).module((3, 64, 64), 10)
    assert type(network).__name__ == "SqueezeNet"


@pytest.mark.parametrize("kind", ["torchvision", "timm"])
def test_without_the_extra_one_is_told_to_install_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, kind, None)
    assert "pip install 'outvoted[vision]'" in refused({"kind": kind, "model": "resnet18"}).remedy


def changed(path: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    weights = load_file(path)
    change(weights)
    save_file(weights, path)


def test_weights_that_are_not_numbers_are_refused(bring: Bring, workplace: Path) -> None:
    network = bring("python")
    changed(workplace / "python.safetensors", lambda weights: weights["0.weight"].fill_(torch.nan))
    assert "0.weight" in refused(network).found


def test_weights_that_do_not_fit_are_refused(bring: Bring, workplace: Path) -> None:
    network = bring("python")
    changed(workplace / "python.safetensors", lambda weights: weights.pop("0.bias"))
    assert refused(network).found == "1 tensor (0.bias) of the network's 9 not in the file"


def test_the_datas_classes_must_be_the_networks(bring: Bring) -> None:
    error = refused(bring("torchvision"), 9)
    assert "classifier.1.weight is (7, 512, 1, 1) in the file, (9, 512, 1, 1) in the network" in error.found
    assert "mine data with 7 classes" in error.remedy
    assert f"(8, {CLASSES})" in refused(bring("exported"), 9).found


@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"state_dict": state, "epoch": 3}])
def test_a_state_dict_of_torch_save_is_read(wrap: Callable[[Any], Any], workplace: Path) -> None:
    torch.save(wrap(tiny().state_dict()), workplace / "weights.pth")
    checked({**python("tiny"), "weights": "weights.pth"})


class Sly:
    """Would leave a file if it were unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("save", ["torch", "pickle"])
def test_nothing_but_tensors_is_unpickled(save: str, workplace: Path) -> None:
    file, trace = workplace / "sly.pth", workplace / "trace"
    if save == "torch":
        torch.save({"0.weight": Sly(trace)}, file)
    else:
        file.write_bytes(pickle.dumps({"0.weight": Sly(trace)}))
    refused({**python("tiny"), "weights": str(file)})
    assert not trace.exists()


def altered(path: Path, entry: str, change: Callable[[bytes], bytes]) -> dict[str, Any]:
    """Change one entry of an exported program, or add it."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    root = next(iter(entries)).partition("/")[0]
    entries[f"{root}/{entry}"] = change(entries.get(f"{root}/{entry}", b""))
    other = path.with_name("altered.pt2")
    with zipfile.ZipFile(other, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return {"kind": "exported", "file": str(other)}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"torch.ops.aten.relu.default"', '"torch.hub.load"', "the operator torch.hub.load"),
        ('"torch.ops.aten.relu.default"', '"torch.ops.mine.relu.default"', "torch.ops.mine"),
        ('"torch.ops.aten.relu.default"', '"_operator.attrgetter"', "_operator.attrgetter"),
        ("Symbol('s", "__import__('os').system('s", "the shape"),
        ("Symbol('s", "eval('s", "the shape"),
    ],
)
def test_a_program_that_could_run_code_is_refused(old: str, new: str, said: str, workplace: Path) -> None:
    program = exported(workplace / "tiny.pt2", tiny().eval())

    def change(data: bytes) -> bytes:
        text = data.decode()
        assert old in text
        return text.replace(old, new).encode()

    assert said in refused(altered(program, "models/model.json", change)).found


def test_a_program_with_pickles_in_it_is_refused(workplace: Path) -> None:
    program, trace = exported(workplace / "tiny.pt2", tiny().eval()), workplace / "trace"

    def pickled(data: bytes) -> bytes:
        config = json.loads(data)
        next(iter(config["config"].values()))["use_pickle"] = True
        return json.dumps(config).encode()

    weights = "data/weights/model_weights_config.json"
    assert "pickled weights" in refused(altered(program, weights, pickled)).found
    torch.save(Sly(trace), workplace / "sly")
    sly = (workplace / "sly").read_bytes()
    checked(altered(program, "data/sample_inputs/model.pt", lambda _: sly))  # they are never read
    assert "compiled" in refused(altered(program, "data/aotinductor/model.so", lambda _: b"")).found
    assert not trace.exists()


def test_a_program_for_two_images_at_a_time_takes_any_number(workplace: Path) -> None:
    network = tiny().eval()
    file = exported(workplace / "two.pt2", network, fixed=True)
    panel = PanelSettings.model_validate({"networks": [MLP, {"kind": "exported", "file": file}]})
    fixed = panel.networks[1].build(SHAPE, CLASSES).eval()
    images = torch.rand(5, *SHAPE)
    torch.testing.assert_close(fixed(images), network(images))


def test_other_weights_or_other_code_are_another_panel(bring: Bring, workplace: Path) -> None:
    panel = PanelSettings(networks=(bring("python"), bring("exported")))
    keys = {key(recipes(panel, None), "data")}
    changed(workplace / "python.safetensors", lambda weights: weights["0.weight"].add_(1))
    keys.add(key(recipes(panel, None), "data"))
    exported(workplace / "tiny.pt2", tiny().eval())
    keys.add(key(recipes(panel, None), "data"))
    (workplace / "brought_models.py").write_text("# another")
    keys.add(key(recipes(panel, None), "data"))
    assert len(keys) == 4


def test_networks_of_one_name_are_refused() -> None:
    network = {"kind": "python", "factory": "models:make"}
    named = [{**network, "alias": "first"}, {**network, "alias": "second"}]
    assert PanelSettings.model_validate({"networks": named}).names == ("first", "second")
    for alias in ("mlp-3-1", "referee", "../up", "a/b", ""):
        networks = [MLP, MLP, {**network, "alias": alias}]
        with pytest.raises(ValueError, match="alias"):
            PanelSettings.model_validate({"networks": networks})
