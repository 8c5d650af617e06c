"""By what the roughness of a landscape is measured."""

from typing import Literal, get_args

Measure = Literal["variation", "detour", "changes", "strange", "dissent"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
MEANING: dict[Measure, str] = {
    "variation": "how far probabilities move along the frames, in total variation; from class to class is 1",
    "detour": "the part of it in excess of the direct path from the first frame to the last; 0 is smooth",
    "changes": "how often the prediction changes along the frames",
    "strange": "share of frames predicted as a class that none of the sources has",
    "dissent": "share of frames on which the networks do not all agree",
}
