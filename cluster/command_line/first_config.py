"""`outvoted init`: a first configuration of one's own, from options or by asking, with comments."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import typer

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, DataSettings, DataSource
from outvoted.actors.data.formats.recognised import format_at
from outvoted.actors.data.store_path import placed
from outvoted.actors.networks.computing import Device
from outvoted.actors.runs.files import write_atomically
from outvoted.cluster.configuration import reading
from outvoted.cluster.configuration.ready import for_editors
from outvoted.cluster.configuration.strict_yaml import parse
from outvoted.cluster.console.terminal import command, console
from outvoted.cluster.jobs.job import loaded
from outvoted.cluster.jobs.kinds import KINDS
from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.shown import shown

OFFERED = ("mine", "compare", "heal")
DEVICES = get_args(Device)
_SIZED = {"mlp": "hidden", "cnn": "channels"}
_PLAIN = ("plain-cnn", "deep-cnn", "vit")
_MODELS = ("torchvision", "timm", "packaged")
_LARGE = 64  # pixels along a side, from which moves are scaled with the image


@dataclass(frozen=True)
class Wanted:
    """What a configuration is to say.

    Attributes:
        images: the name of a known data set, or a path; None to ask.
        networks: a word for each, as `outvoted init --help` lists them; none for the usual panel.
        weights: a file for each network that has one, in their order.
        referee: none, train, or a network's word; None for the usual.
    """

    kind: str = "mine"
    images: str | None = None
    networks: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    referee: str | None = None
    device: str = "auto"


def write_first(file: Path, wanted: Wanted, overwrite: bool) -> None:
    """Write a configuration that passes `outvoted check`, and say what may come next.

    Raises:
        OutvotedError: the file exists, the images cannot be read, or an option is not what it must be.
    """
    if wanted.kind not in OFFERED:
        raise OutvotedError(
            expected=f"--kind {', '.join(OFFERED)}",
            found=shown(wanted.kind),
            remedy=f"{suggestion(wanted.kind, OFFERED)}; `outvoted configs` has examples of all kinds",
        )
    if file.exists() and not overwrite:
        raise OutvotedError(
            expected=f"a new file {file}",
            found="one that is there already",
            remedy="name another file, or overwrite it with --overwrite",
        )
    wanted = _asked(wanted)
    settings = _data(str(wanted.images))
    data = loaded(lambda: datasets.load(settings), console)
    text = "".join(f"{line}\n" for line in _lines(file, wanted, settings, data))
    reading.validated(KINDS[wanted.kind].form, parse(text), file)
    there = file.exists()
    write_atomically(file, lambda partial: partial.write_text(for_editors(wanted.kind) + text, "utf-8"))
    console.print(f"{'Overwritten' if there else 'Written'}: {file}. To try next:", soft_wrap=True)
    for line in (command("outvoted", "check", file), command("outvoted", wanted.kind, file)):
        console.print(f"  {line}", soft_wrap=True)


def _asked(wanted: Wanted) -> Wanted:
    """Ask on a terminal for what no option says; images that an option names say that nothing is asked."""
    if wanted.images is not None:
        return wanted
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise OutvotedError(
            expected=f"--images: a path, or one of {', '.join(datasets.names())}",
            found="no such option, and no terminal to ask on",
            remedy="outvoted init --images FOLDER",
        )
    names = ", ".join(datasets.names())
    images = _answer(f"Labelled images (a folder or file, or one of {names})", "mnist-sample", _data)
    networks, weights, device = wanted.networks, wanted.weights, wanted.device
    if not networks:
        question = f"Networks, separated by commas ({_words()}); empty for the usual"
        networks = split(_answer(question, "", lambda text: [network_of(word) for word in split(text)]))
    if not weights:
        weights = split(_answer("Files with their weights, in the same order; empty to train", ""))
    if device == DEVICES[0]:
        device = _answer(f"Device ({', '.join(DEVICES)})", device, _device)
    return replace(wanted, images=images, networks=networks, weights=weights, device=device)


def _answer(question: str, default: str, check: Callable[[str], object] = str) -> str:
    """Ask until the check finds nothing wrong."""

    def checked(text: str) -> str:
        try:
            check(text)
        except OutvotedError as error:
            raise typer.BadParameter(f"{error.found} is not {error.expected}; {error.remedy}") from error
        return text

    answer: str = typer.prompt(question, default=default, value_proc=checked)
    return answer


def _device(text: str) -> None:
    if text not in DEVICES:
        raise OutvotedError(" or ".join(DEVICES), shown(text), suggestion(text, DEVICES))


def split(text: str | Sequence[str]) -> tuple[str, ...]:
    """Take words apart at commas."""
    parts = [text] if isinstance(text, str) else text
    return tuple(word.strip() for part in parts for word in part.split(",") if word.strip())


def _data(images: str) -> DataSource:
    known = images in datasets.names() and not Path(images).exists()
    return DataSettings.model_validate({"name": images}) if known else format_at(placed(Path(images)))


def _lines(file: Path, wanted: Wanted, settings: DataSource, data: Dataset) -> Iterator[str]:
    networks = [network_of(word) for word in wanted.networks] or list(_usual(data))
    for network, weights in zip(networks, _fitting(wanted.weights, networks), strict=False):
        network["weights"] = weights
    brought = all("weights" in one or one["kind"] in ("exported", "packaged") for one in networks)
    yield f"# Run it with: {command('outvoted', wanted.kind, file)}"
    yield f"# Every key and its default: outvoted keys {wanted.kind}"
    yield f"device: {wanted.device} # auto, cpu, cuda or mps"
    yield f"data: {_flow(settings.model_dump(mode='json', exclude_unset=True) | {'name': settings.name})}"
    yield "panel:\n  networks: # of which each is searched for mistakes against the others"
    yield from (f"    - {_flow(network)}" for network in networks)
    if not brought:
        yield "  training: {epochs: 20} # of networks without weights"
    yield from _referee(wanted.referee, brought)
    yield "search:"
    yield "  per_target: 100 # searches for each network; more take longer and find more"
    yield "  patience: 250 # a search gives up after so many candidates without improvement"
    side = max(data.shape[1:])
    if side >= _LARGE:
        yield "  transform: # pixels are those of the images"
        yield f"    move: {{rotation: 5, translation: {side / 40:g}, scale: 1.05, shear: 5}}"
        yield f"    budget: {{rotation: 10, translation: {side / 20:g}, scale: 1.1, shear: 10}}"
    if wanted.kind != "compare":
        yield "  strategy: {kind: auto} # what is usually best for the transform"


def _referee(wanted: str | None, brought: bool) -> Iterator[str]:
    if wanted == "none" or (wanted is None and brought):
        yield "referee: null # an independent network would say which mistakes still show their label"
    elif wanted in (None, "train"):
        yield "referee: {network: {kind: cnn}} # trained; says which mistakes still show their label"
    else:
        yield f"referee: {{network: {_flow(network_of(str(wanted)))}}}"


def _usual(data: Dataset) -> Iterator[dict[str, Any]]:
    if data.shape[0] == 1 and max(data.shape[1:]) < _LARGE:
        yield from ({"kind": "mlp", "hidden": hidden} for hidden in (10, 20, 30, 40, 50))
    else:
        yield from ({"kind": "cnn", "channels": channels} for channels in (8, 12, 16, 24, 32))


def _fitting(weights: Sequence[str], networks: Sequence[object]) -> Sequence[str]:
    if len(weights) > len(networks):
        raise OutvotedError(
            expected=f"at most one --weights for each of {len(networks)} networks",
            found=f"{len(weights)} files",
            remedy="name a network for each with --networks, in the same order",
        )
    return weights


def _words() -> str:
    return (
        "mlp:30, cnn:16, plain-cnn, deep-cnn, vit, torchvision:resnet18, timm:NAME, packaged:NAME, "
        "FILE.pt2, or MODULE:FUNCTION"
    )


def network_of(word: str) -> dict[str, Any]:
    """Return the settings of the network that a word means.

    Raises:
        OutvotedError: it means none.
    """
    kind, _, rest = word.partition(":")
    if kind in _SIZED and (not rest or rest.isdigit()):
        return {"kind": kind} | ({_SIZED[kind]: int(rest)} if rest else {})
    if word in _PLAIN:
        return {"kind": word}
    if kind in _MODELS and rest:
        return {"kind": kind, "model": rest}
    if word.endswith(".pt2"):
        return {"kind": "exported", "file": word}
    if kind and all(part.isidentifier() for part in rest.split(".")):
        return {"kind": "python", "factory": word}
    raise OutvotedError(
        expected=f"a network: {_words()}",
        found=shown(word),
        remedy=suggestion(kind, [*_SIZED, *_PLAIN]),
    )


def _flow(values: Mapping[str, Any]) -> str:
    """Write values as YAML on one line."""
    import yaml

    ordered = {"name": values["name"]} | dict(values) if "name" in values else dict(values)
    text: str = yaml.safe_dump(
        ordered, default_flow_style=True, width=10**6, sort_keys=False, allow_unicode=True
    )
    return text.strip()
