"""The form of a network's answers: one finite logit for each class."""

from dataclasses import replace

import torch
from torch import nn

from outvoted.actors.networks.arithmetic import Arithmetic, Precision
from outvoted.actors.networks.copied import copied
from outvoted.actors.panel.door.asked import Asked
from outvoted.actors.panel.door.sample import Sample
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError

_REMEDY = "correct the network, its weights or its input recipe, or mine the data it was trained for"
_WRAPPER = """return the logits alone, a tensor of shape (n, classes):
            class LogitsAlone(nn.Module):
                def __init__(self, network): super().__init__(); self.network = network
                def forward(self, images): return self.network(images){}"""
_MORE = "wrap it in a module of its own whose forward takes the images alone and hands over the rest"
_TWO = "return two logits: with z the one output it has, torch.cat([torch.zeros_like(z), z], 1)"


def check_form(
    asked: Asked, pristine: nn.Module, sample: Sample, arithmetic: Arithmetic, rows: Ints
) -> torch.Tensor:
    """Return the logits for rows of the sample, NaN for those on which the network fails, not for all.

    Raises:
        OutvotedError: it fails for all.
    """
    logits, failures = asked.about(rows)
    if torch.isfinite(logits).all(1).any():
        return logits
    expected = f"one finite logit for each of the data's {sample.classes} classes from an image of shape "
    raise OutvotedError(
        expected=f"{expected}{sample.shape}",
        found=failures[0],
        remedy=_other_precision(pristine, sample, arithmetic, rows) or _remedy(asked, sample.classes),
    )


def _other_precision(network: nn.Module, sample: Sample, arithmetic: Arithmetic, rows: Ints) -> str | None:
    """Try the other precision; return what to do where it works."""
    other: Precision = "single" if arithmetic.precision == "double" else "double"
    try:
        asked = Asked.of(copied(network), sample, replace(arithmetic, precision=other), torch.device("cpu"))
        logits, _ = asked.about(rows)
    except (Exception, SystemExit):
        return None
    if not torch.isfinite(logits).all(1).any():
        return None
    return f"set panel.precision to {other}, in which it works (from Python: Panel(..., precision='{other}'))"


def _remedy(asked: Asked, classes: int) -> str:
    """Look at what the network returns for what can be done about it."""
    try:
        found = asked.network.network(asked.inputs[: asked.size])
    except (Exception, SystemExit) as error:
        more = isinstance(error, TypeError) and "required positional argument" in str(error)
        return _MORE if more else _REMEDY
    if isinstance(found, torch.Tensor):
        return _TWO if classes == 2 and found.shape in ((asked.size, 1), (asked.size,)) else _REMEDY
    return _WRAPPER.format(_place(found, classes))


def _place(found: object, classes: int) -> str:
    """Return how to get at logits within what a network returns."""
    if isinstance(found, dict):
        name = next((key for key, value in found.items() if _fits(value, classes)), "logits")
        return f".{name}" if hasattr(found, str(name)) else f'["{name}"]'
    if isinstance(found, tuple | list):
        return f"[{next((index for index, value in enumerate(found) if _fits(value, classes)), 0)}]"
    named = getattr(found, "__dict__", {})
    return f".{next((key for key, value in named.items() if _fits(value, classes)), 'logits')}"


def _fits(value: object, classes: int) -> bool:
    return isinstance(value, torch.Tensor) and value.ndim == 2 and value.shape[1] == classes
