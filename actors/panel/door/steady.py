"""Whether a network has one answer for an image: the same again, and the same in other company."""

import torch

from outvoted.actors.networks.arithmetic import Arithmetic
from outvoted.actors.panel.door.asked import Asked
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError

_ROUNDING = 1e-4
"""Share of the largest logit by which answers computed in single precision may differ."""
_LAST_BITS = 1e-9
"""The same in double precision, where what is kept is rounded to single."""

_TWICE = "two answers when it was asked twice about the same images"
_LATER = "another answer for the same images after a few calls"
_BESIDE = "another answer for an image when other images are in its batch"
_RANDOM = (
    "leave out what is random or remembered in its forward (dropout with training=True, random augmentation, "
    "caches, counters)"
)
_MIXED = (
    "give batch normalisation its statistics (track_running_stats=True), leave out what mixes the images of "
    "a batch, or set batch to 1"
)


def check_steady(asked: Asked, logits: torch.Tensor, rows: Ints, arithmetic: Arithmetic) -> str | None:
    """Ask again, and ask about every image among others and at another place of the batch.

    Args:
        logits: what was answered for ``rows``, all of the sample in order, (n, classes).

    Returns:
        What should be said of a network whose answers differ in their last bits in double precision.

    Raises:
        OutvotedError: the answers differ.
    """
    again, _ = asked.about(rows)
    elsewhere = torch.empty_like(logits)
    for half in (rows[1::2][::-1].copy(), rows[::2][::-1].copy()):  # the last is repeated to fill the batch
        elsewhere[torch.from_numpy(half)] = asked.about(half)[0]
    last, _ = asked.about(rows)
    for found, what, remedy in (
        (again, _TWICE, _RANDOM),
        (last, _LATER, _RANDOM),
        (elsewhere, _BESIDE, _MIXED),
    ):
        if (found is not elsewhere or asked.size > 1) and (apart := _apart(logits, found)) > _ROUNDING:
            raise _unsteady(what, apart, remedy)
    apart = max(_apart(logits, found) for found in (again, elsewhere, last))
    if arithmetic.precision == "double" and apart > _LAST_BITS:
        return (
            "its answers differ in their last bits with an image's place in a batch, although it was asked "
            "in double precision: it computes in single precision somewhere; a run may not repeat exactly"
        )
    return None


def _apart(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return by how much answers differ, as a share of the largest; infinite where only one is finite."""
    finite, also = torch.isfinite(one), torch.isfinite(other)
    if not torch.equal(finite, also):
        return float("inf")
    if not finite.any():
        return 0.0
    scale = float(one[finite].abs().max())
    return float((one[finite] - other[finite]).abs().max()) / max(scale, 1e-30)


def _unsteady(found: str, apart: float, remedy: str) -> OutvotedError:
    how = "some are NaN or fail once" if apart == float("inf") else f"by {apart:.2g} times the largest output"
    return OutvotedError(
        expected="one answer for each image, whenever and beside whichever images it is asked about",
        found=f"{found} ({how})",
        remedy=remedy,
    )
