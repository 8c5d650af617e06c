"""Everything that is looked at in one network."""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from outvoted.actors.networks.arithmetic import Arithmetic
from outvoted.actors.networks.copied import copied
from outvoted.actors.networks.own_context import own_context, own_random_numbers
from outvoted.actors.networks.tolerant import told
from outvoted.actors.panel.door.asked import Asked
from outvoted.actors.panel.door.form import check_form
from outvoted.actors.panel.door.outputs import check_logits
from outvoted.actors.panel.door.sample import Sample
from outvoted.actors.panel.door.slopes import check_slopes
from outvoted.actors.panel.door.steady import check_steady
from outvoted.search.errors import OutvotedError

_CPU = torch.device("cpu")


def examine(
    network: nn.Module,
    sample: Sample,
    arithmetic: Arithmetic,
    slopes: bool = False,
    device: torch.device = _CPU,
) -> str | None:
    """Have a copy of a network show that it can be mined: a few forward passes; the network stays as it is.

    Args:
        network: maps images in [0, 1] to logits.
        slopes: whether its gradients will be used.

    Returns:
        A sentence about what a user should know of it, or None.

    Raises:
        OutvotedError: it fails on every image of the sample, or its answers have the wrong form, differ
            from time to time or with the images beside, are probabilities, or (if ``slopes``) come
            without the right gradient. The words go with the network's name before them.
    """
    with own_random_numbers(), own_context():
        torch.manual_seed(0)  # a network that draws at random does it alike each time it is looked at
        asked, rows = _asked(network, sample, arithmetic, device), np.arange(len(sample.images))
        logits = check_form(asked, network, sample, arithmetic, rows)
        said = check_steady(asked, logits, rows, arithmetic)
        check_logits(logits, sample, rows)
        if slopes:
            check_slopes(_in_double(network, sample, arithmetic, device) or asked)
    return said


def _asked(network: nn.Module, sample: Sample, arithmetic: Arithmetic, device: torch.device) -> Asked:
    try:
        return Asked.of(copied(network), sample, arithmetic, device)
    except (Exception, SystemExit) as error:  # moving and copying run the user's code
        if "meta tensor" in str(error):
            raise OutvotedError(
                expected="weights with numbers in them",
                found="weights on the meta device, which have a shape alone",
                remedy="network.to_empty(device='cpu'), then load the weights",
            ) from error
        raise OutvotedError(
            expected=f"a network that can be brought to {arithmetic.precision} precision",
            found=told(error),
            remedy="correct the network, or choose the other precision: single or double",
        ) from error


def _in_double(
    network: nn.Module, sample: Sample, arithmetic: Arithmetic, device: torch.device
) -> Asked | None:
    """Set up a copy that computes in double precision, if the network can."""
    asked = Asked.of(copied(network), sample, replace(arithmetic, precision="double"), device)
    logits, _ = asked.about(np.arange(1))
    return asked if torch.isfinite(logits).all() else None
