"""What a `torch.export` file may hold, and the archive that is loaded in its place.

`torch.export.load` is not safe on strangers' files. It unpickles sample inputs, tensors and custom objects,
imports modules that the layout of arguments names, evaluates symbolic shapes with `eval`, turns names into
Python source, and looks operators up by any name below `torch`. A plain classifier needs none of that. So a
file is taken apart here, what a plain classifier needs is compared part by part with what is let through,
and an archive of these parts alone is written anew. PyTorch never sees the file itself. See docs/networks.md.
"""

import io
import json
import math
import re
from collections.abc import Iterator
from typing import Any

from outvoted.actors.networks import archive
from outvoted.actors.networks.program_description import RefusedError, plain, plain_description, weight_name
from outvoted.search.errors import OutvotedError

DESCRIPTION = 64 * 2**20
"""Bytes that a program's description may have: its graph, without weights."""

_FILES = {"weights": re.compile(r"weight_\d+", re.ASCII), "constants": re.compile(r"tensor_\d+", re.ASCII)}
_PASSED_OVER = re.compile(r"data/sample_inputs/model\.pt|extra/.*|byteorder|\.data/\w+")
_MODEL, _SAMPLES = "models/model.json", "data/sample_inputs/model.pt"

Parts = dict[str, memoryview]


def plain_program(data: memoryview, name: str) -> io.BytesIO:
    """Take a file apart and write an archive of what a plain network needs, for `torch.export.load`.

    Raises:
        OutvotedError: it holds more than that, or is no such file at all.
    """
    remedy = "export it again from PyTorch modules alone, or bring the network as kind: python"
    try:
        return archive.written(_parts(archive.entries(data)))
    except RefusedError as error:
        found, remedy = str(error), error.remedy or remedy
    except archive.NotPlainError as error:
        found = str(error)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        found = "a program whose description is damaged"
    raise OutvotedError(
        f"a plain network of torch.export.save (PyTorch 2.9 or later) in {name}", found, remedy
    )


def _parts(entries: Parts) -> Iterator[tuple[str, bytes | memoryview]]:
    """List what a plain network needs, by its name in the new archive."""
    inner = {name.partition("/")[2]: content for name, content in entries.items()}
    if len({name.partition("/")[0] for name in entries}) != 1 or len(inner) != len(entries):
        raise RefusedError("several folders in one archive")
    if bytes(inner.get("byteorder", b"little")) != b"little":
        raise RefusedError("numbers in big-endian order")
    version = bytes(inner.pop("archive_version"))
    if bytes(inner.pop("archive_format")) != b"pt2" or not re.fullmatch(rb"\d{1,4}", version):
        raise RefusedError("an archive of another format")
    parts: dict[str, bytes | memoryview] = {"archive_format": b"pt2", "archive_version": version}
    for kind in _FILES:
        parts |= _tensors(kind, inner)
    parts[_MODEL] = json.dumps(plain_description(_json(inner, _MODEL))).encode()
    parts[_SAMPLES] = b""  # PyTorch takes them for none
    parts[".data/version"] = b"6"
    more = [name for name in inner if name not in parts and not _PASSED_OVER.fullmatch(name)]
    if more:
        raise RefusedError(f"the entry {more[0]}")
    return ((f"program/{name}", content) for name, content in parts.items())


def _json(inner: Parts, name: str) -> Any:
    if name not in inner:
        raise RefusedError(f"no entry {name}")
    if len(inner[name]) > DESCRIPTION:
        raise RefusedError(f"the entry {name} of more than {DESCRIPTION // 2**20} MiB")
    return json.loads(bytes(inner[name]))


def _tensors(kind: str, inner: Parts) -> dict[str, bytes | memoryview]:
    """Return the files of weights or constants, and the list that names them."""
    path = f"data/{kind}/model_{kind}_config.json"
    listed, files = {}, {}
    for name, meta in _json(inner, path)["config"].items():
        if meta["use_pickle"] is not False or not meta["tensor_meta"]:
            raise RefusedError(f"the pickled {kind} {name}")
        file = meta["path_name"]
        if not _FILES[kind].fullmatch(file):
            raise RefusedError(f"the {kind} {name} in a file {file!r}")
        files[f"data/{kind}/{file}"] = content = inner[f"data/{kind}/{file}"]
        listed[weight_name(name)] = {
            "path_name": file,
            "is_param": meta["is_param"] is True,
            "use_pickle": False,
            "tensor_meta": _tensor(meta["tensor_meta"], name, len(content)),
        }
    return {**files, path: json.dumps({"config": listed}).encode()}


def _tensor(meta: dict[str, Any], name: str, length: int) -> Any:
    """Return the form of a tensor if it lies within the bytes of its file."""
    sizes, strides = ([side["as_int"] for side in meta[key]] for key in ("sizes", "strides"))
    numbers = [*sizes, *strides, meta["storage_offset"]["as_int"]]
    if len(sizes) != len(strides) or not all(type(number) is int and number >= 0 for number in numbers):
        raise RefusedError(f"a form of {name} that no tensor has")
    if math.prod(sizes) > length:
        raise RefusedError(f"more numbers in {name} than are in the file")
    return plain(meta)
