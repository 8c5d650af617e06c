"""How robust networks are: measures of "Computational Analysis of Robustness in Neural Network Classifiers".

The paper is by Bečková, Pócoš and Farkaš. All measures are taken of a *stack*: n networks of one shape, each
asked about inputs of its own by one call (`Logits`). None depends on who else is in the stack.

- `regimes`: which share of net values is linear, nonlinear, saturated (Sect. 3.1);
- `input_gradients`: dL/dx, from one backward pass for all measures below, and G(x) (Sect. 3.2);
- `fgsm`: robustness against the fast gradient sign method (Sect. 3.2);
- `pixel_attack`: how few pixels fool a network (Sects. 3.3 and 4.2).

Functions of images take one batch and return tensors on its device; functions over all images take numpy
arrays.
"""

from outvoted.analysis.sweeps.robustness.answers import Logits, confidences, right
from outvoted.analysis.sweeps.robustness.fgsm import (
    attacked,
    class_robustness,
    network_robustness,
    right_when_attacked,
)
from outvoted.analysis.sweeps.robustness.input_gradients import (
    Correlations,
    InputGradients,
    class_medians,
    correlations,
    gradients,
)
from outvoted.analysis.sweeps.robustness.pixel_attack import PixelAttack, attack_pixels, fooled_shares
from outvoted.analysis.sweeps.robustness.regimes import counts, fractions, linear_bound, saturated_bound

__all__ = [
    "Correlations",
    "InputGradients",
    "Logits",
    "PixelAttack",
    "attack_pixels",
    "attacked",
    "class_medians",
    "class_robustness",
    "confidences",
    "correlations",
    "counts",
    "fooled_shares",
    "fractions",
    "gradients",
    "linear_bound",
    "network_robustness",
    "right",
    "right_when_attacked",
    "saturated_bound",
]
