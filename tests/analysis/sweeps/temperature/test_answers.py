"""What counts as a correct answer."""

import torch

from outvoted.analysis.sweeps.temperature.robustness import right

NAN = float("nan")


def test_the_first_of_equal_logits_is_the_answer() -> None:
    logits = torch.tensor([[[2.0, 2.0, 1.0], [2.0, 2.0, 1.0], [0.0, 1.0, 5.0]]])
    assert right(logits, torch.tensor([0, 1, 2])).tolist() == [[True, False, True]]


def test_an_answer_with_nan_is_never_right() -> None:
    logits = torch.tensor([[[NAN, 1.0], [0.0, NAN], [NAN, NAN]]])
    for label in (0, 1):
        assert not right(logits, torch.tensor([label] * 3)).any()
