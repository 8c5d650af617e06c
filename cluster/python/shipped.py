"""A panel in hand as files that any machine reads: networks as programs, images as Parquet."""

import hashlib
import json
import re
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import nn

from outvoted.actors.data.datasets import Split
from outvoted.actors.networks.members import fingerprint
from outvoted.actors.networks.user_modules import copied, told
from outvoted.actors.runs import png
from outvoted.actors.runs.files import write_atomically
from outvoted.cluster.python.panel import Panel
from outvoted.search.errors import OutvotedError

_FOLDER = ".panels-in-hand"
_PLAIN = re.compile(r"\w[\w.-]{0,63}")


def shipped(panel: Panel, runs: Path) -> dict[str, Any]:
    """Write a panel's networks and images into a folder beside the runs; return how a configuration says so.

    What lies there already is left as it is: the folder's name follows from networks and images.

    Raises:
        OutvotedError: a network's program can't be written down.
    """
    members = panel.members()
    found = hashlib.sha256(f"{fingerprint(members)} {panel.data.fingerprint}".encode()).hexdigest()
    folder = (runs / _FOLDER / found[:16]).absolute()
    networks = {one.name: _program(one.name, one.bare(panel.shape, 0), panel, folder) for one in members}
    divided = panel.data.test.labels is not panel.data.train.labels and len(panel.data.test)
    for name, split in {"train": panel.data.train, **({"test": panel.data.test} if divided else {})}.items():
        _images(folder / "images" / f"{name}.parquet", split, panel.class_names)
    data = {"name": "parquet", "path": str(folder / "images"), "classes": panel.data.classes}
    referee = networks.pop("referee", None)
    return {
        "device": panel.wanted_device,
        "data": data if divided else {**data, "train": "*", "test_share": 0},
        "panel": {"networks": list(networks.values()), "batch": panel.batch},
        "referee": None if referee is None else {"network": referee},
    }


def _program(name: str, network: nn.Module, panel: Panel, folder: Path) -> dict[str, Any]:
    """Write what a network computes, weights and all; any number of images at a time."""
    if not _PLAIN.fullmatch(name):
        raise OutvotedError(
            expected="names of letters, digits, dots, hyphens and underscores for networks on Ray",
            found=repr(name),
            remedy="rename it in Panel({...}, ...)",
        )
    file = folder / f"{name}.pt2"
    if not file.exists():
        some = torch.from_numpy(np.resize(panel.seeds.read(slice(2)), (2, *panel.shape))).float() / 255
        batch = torch.export.Dim("batch", min=1, max=2**16)
        try:
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of PyTorch's about itself
                program = torch.export.export(
                    copied(network).cpu().eval(), (some,), dynamic_shapes=({0: batch},)
                )
            buffer = BytesIO()
            torch.export.save(program, buffer)
            write_atomically(file, lambda path: path.write_bytes(buffer.getvalue()))
        except Exception as error:  # the network is the user's: torch.export raises whatever it meets
            raise OutvotedError(
                expected=f"'{name}' to be a network that torch.export can write down, to run it on Ray",
                found=told(error),
                remedy="leave address out to stay in this process, or have a function make the network and "
                "name that in a configuration: {kind: python, factory: MODULE:FUNCTION}",
            ) from error
    return {"kind": "exported", "file": str(file), "alias": name}


def _images(file: Path, split: Split, names: tuple[str, ...] | None) -> None:
    if file.exists():
        return
    label = {"dtype": "int64", "_type": "Value"} if names is None else {"names": names, "_type": "ClassLabel"}
    features = {"image": {"_type": "Image"}, "label": label}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    image = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    form = pa.schema([pa.field("image", image), pa.field("label", pa.int64())], metadata)
    rows = [{"bytes": png.encode(pixels), "path": None} for pixels in split.images]
    table = pa.table([pa.array(rows, image), pa.array(split.labels)], schema=form)
    write_atomically(file, lambda path: pq.write_table(table, path))
