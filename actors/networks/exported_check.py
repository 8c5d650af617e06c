"""What a `torch.export` file may hold before it is loaded.

`torch.export.load` is not safe on strangers' files: it unpickles tensors and custom objects where the file
says so, evaluates symbolic shapes with sympy (which uses `eval`), and looks operators up by any name below
`torch`. A plain classifier needs none of that. So only raw tensors, PyTorch's own operators and plain
arithmetic in shapes are let through; see docs/networks.md.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import torch

from outvoted.search.errors import OutvotedError

_ENTRY = re.compile(
    r"(models/model\.json|data/(weights|constants)/model_(weights|constants)_config\.json"
    r"|data/weights/weight_\d+|data/constants/tensor_\d+|data/sample_inputs/model\.pt"
    r"|archive_format|archive_version|byteorder|\.data/\w+|extra/.*)"
)
_TARGET = re.compile(r"(torch\.ops\.(aten|prims)\.\w+\.\w+|torch\.sym_\w+|_operator\.\w+|math\.\w+)")
_OPERATORS = {"getitem", "add", "sub", "mul", "floordiv", "truediv", "mod", "neg", "pow", "eq", "ne"}
_CONTAINERS = (None, "builtins.tuple", "builtins.list", "builtins.dict", "collections.OrderedDict")
_SYMBOL = re.compile(
    r"[suz]f?\d+|Symbol|Integer|Add|Mul|Pow|Max|Min|Mod|PythonMod|FloorDiv|CleanDiv|Eq|Ne|True|False"
    r"|oo|int_oo|positive|nonnegative|negative|nonpositive|nonzero|zero|integer|real|finite"
)
_EXPRESSION = re.compile(r"[\w\s+\-*/(),<>=']*")


def check_program(data: bytes, name: str) -> None:
    """Refuse a file whose loading could run code.

    Raises:
        OutvotedError: it holds more than a plain network, or is no such file at all.
    """
    try:
        found = next(_doubts(data), None)
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        found = f"{type(error).__name__}: {error}"
    if found is not None:
        raise OutvotedError(
            expected=f"a plain network of torch.export.save (PyTorch 2.9 or later) in {name}",
            found=found,
            remedy="export it again from PyTorch modules alone, or bring the network as kind: python",
        )


def _doubts(data: bytes) -> Iterator[str]:
    """Name what a plain network does not need."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [entry.filename for entry in archive.infolist()]
        inner = {entry.partition("/")[2]: entry for entry in names}
        yield from (f"the entry {entry}" for entry in inner if not _ENTRY.fullmatch(entry))
        if len(inner) != len(names):
            yield "two entries of one name"
        for part in ("weights", "constants"):
            config = json.loads(archive.read(inner[f"data/{part}/model_{part}_config.json"]))["config"]
            yield from (f"the pickled {part} {key}" for key, value in config.items() if value["use_pickle"])
        samples = inner.get("data/sample_inputs/model.pt")
        if samples is not None and not _plain(archive.read(samples)):
            yield "sample inputs that are not plain tensors"
        yield from _doubtful(json.loads(archive.read(inner["models/model.json"])))


def _plain(data: bytes) -> bool:
    """Tell whether loading with `weights_only=True` succeeds; else torch.export.load would do without."""
    try:
        torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
    except Exception:
        return False
    return True


def _doubtful(value: Any) -> Iterator[str]:
    """Walk through the program's description."""
    if isinstance(value, list):
        for inner in value:
            yield from _doubtful(inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "target" and not _known(str(inner)):
                yield f"the operator {inner}"
            elif key == "expr_str" and not _arithmetic(str(inner)):
                yield f"the shape {inner!r}"
            elif key in ("in_spec", "out_spec"):
                yield from (f"arguments in a {name}" for name in _containers(json.loads(inner)))
            elif key == "as_custom_obj" and inner is not None:
                yield "a custom object"
            yield from _doubtful(inner)


def _containers(spec: Any) -> Iterator[str]:
    """Name the containers of a program's arguments that are no plain ones."""
    if isinstance(spec, list):
        for inner in spec:
            yield from _containers(inner)
    elif isinstance(spec, dict):
        if spec["type"] not in _CONTAINERS:
            yield str(spec["type"])
        yield from _containers(spec["children_spec"])


def _known(target: str) -> bool:
    module, _, name = target.rpartition(".")
    return bool(_TARGET.fullmatch(target)) and (module != "_operator" or name in _OPERATORS)


def _arithmetic(text: str) -> bool:
    plain = all(_SYMBOL.fullmatch(name) for name in re.findall(r"[^\W\d]\w*", text))
    return plain and bool(_EXPRESSION.fullmatch(text))
