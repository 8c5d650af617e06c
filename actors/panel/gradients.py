"""Whether the gradient of a network is that of its answers: compared with finite differences."""

from dataclasses import dataclass

import torch

from outvoted.actors.networks.computing import own_context
from outvoted.actors.networks.user_modules import told
from outvoted.actors.panel.answers import AskedNetwork
from outvoted.actors.panel.exactness import log_odds
from outvoted.search.errors import OutvotedError

_IMAGES = 2


@dataclass(frozen=True)
class _Measure:
    """How to compare.

    Attributes:
        step: length of the step to either side.
        tolerance: by which share gradient and difference may differ.
        noise: what rounding may add, as a share of the largest output, or of 1 where that is larger.
    """

    step: float
    tolerance: float
    noise: float


_DOUBLE, _SINGLE = _Measure(1e-6, 0.05, 1e-6), _Measure(1e-2, 0.5, 1e-4)


def check_gradients(asked: AskedNetwork) -> None:
    """Compare gradients with central differences, along the gradient and along a random direction.

    Images are drawn together to greys with a little noise, so that they lie at no corner of the network: at
    black and white it may clamp, and where neighbours are equal a maximum has no gradient. In double
    precision a step of a millionth crosses hardly any of a ReLU network's corners; half of the comparisons
    have to agree.

    Raises:
        OutvotedError: there is no gradient, or a different one.
    """
    inputs = asked.inputs[: min(_IMAGES, asked.size)]
    greys = 0.25 + 0.4 * inputs + 0.1 * _random(inputs, 0)
    logits, _ = asked.network.answer(greys)
    fine, chosen = torch.isfinite(logits).all(1), logits.nan_to_num(-torch.inf).argmax(1)
    if not fine.any():
        return  # it fails on greys, of which a search asks nothing
    gradient = _gradient(asked, greys, chosen, fine)
    again = _gradient(asked, greys, chosen, fine)
    if not torch.allclose(
        gradient, again, rtol=1e-3, atol=1e-3 * float(gradient.abs().max()), equal_nan=True
    ):
        raise _refusal("two different ones when it was asked twice")
    measure = _SINGLE if torch.equal(logits.double(), logits.float().double()) else _DOUBLE
    said, found, allowed = [], [], []
    for direction in (gradient, _random(inputs, 1) - 0.5):
        unit = direction / direction.flatten(1).norm(dim=1).clamp_min(1e-30)[:, None, None, None]
        said.append((gradient * unit).flatten(1).sum(1))
        ahead, behind = (_scores(asked, greys + way * measure.step * unit, chosen) for way in (1, -1))
        found.append((ahead - behind) / (2 * measure.step))
        usual = gradient.flatten(1).norm(dim=1) / gradient[0].numel() ** 0.5
        share = measure.tolerance * torch.stack([said[-1].abs(), found[-1].abs(), usual]).amax(0)
        allowed.append(share + measure.noise * logits.abs().amax(1).clamp_min(1))
    _compare(*(torch.stack(part)[:, fine].flatten() for part in (said, found, allowed)))


def _compare(said: torch.Tensor, found: torch.Tensor, allowed: torch.Tensor) -> None:
    wrong = ~((said - found).abs() <= allowed)
    if int(wrong.sum()) * 2 <= len(wrong):
        return
    row = int(torch.nonzero(wrong)[0])
    share = f"in {int(wrong.sum())} of {len(wrong)} comparisons"
    raise _refusal(
        f"a wrong one: {float(said[row]):.3g} where its answer changes by {float(found[row]):.3g}, {share}"
    )


def _gradient(
    asked: AskedNetwork, greys: torch.Tensor, chosen: torch.Tensor, fine: torch.Tensor
) -> torch.Tensor:
    """Return the gradient of each image's score, in whatever way the network computes it."""
    with own_context(gradients=True):
        images = greys.clone().requires_grad_()
        scores = _scores(asked, images, chosen)[fine]
        if not scores.requires_grad:
            raise _refusal("none: its answers are cut off from the image")
        try:
            (gradient,) = torch.autograd.grad(scores.sum(), images, allow_unused=True)
        except Exception as error:  # the network is the user's, and so is its backward pass
            raise _refusal(f"none, {told(error)}") from error
    if gradient is None:
        raise _refusal("none: its answers are cut off from the image")
    return gradient.detach()


def _scores(asked: AskedNetwork, images: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    return log_odds(asked.network(images), chosen)


def _random(like: torch.Tensor, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(like.shape, generator=generator, dtype=torch.float64).to(like)


def _refusal(found: str) -> OutvotedError:
    return OutvotedError(
        expected="the gradient of its answers with respect to the image, which the strategy follows",
        found=found,
        remedy="compute in torch from the images to the logits, without torch.no_grad, detach, NumPy or "
        "rounding on the way; or choose a strategy that needs no gradient, say hillclimb",
    )
