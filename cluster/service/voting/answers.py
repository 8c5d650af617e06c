"""What a panel answers, in the words of the API."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from outvoted.cluster.service.voting.hosted import answers_of, consensus
from outvoted.cluster.service.voting.received import ReceivedImage
from outvoted.cluster.service.voting.votes import PanelFacts, VoteAnswer

Probability = Annotated[float, Field(ge=0, le=1)]
Class = Annotated[int, Field(ge=0)]
Place = Annotated[int, Field(ge=0)]


class RefereeAnswer(BaseModel):
    """What the referee sees.

    Attributes:
        answer: its class; null if it failed on the image.
        probabilities: of every class.
    """

    answer: Class | None
    probabilities: list[Probability | None]


class PanelAnswer(BaseModel):
    """What a panel says of one image.

    Attributes:
        answers: every network's class; null where it failed on the image.
        probabilities: of every class, for every network.
        consensus: the class that all networks, or all but one, answer; null if more dissent. Of two
            networks, what both answer.
        outvoted: the place of the one network that dissents from all others; null if there is none.
        dissenters: the places of all networks that dissent from the consensus; none without one.
        referee: null if the run has none, or it was not asked.
        realism: the share of real images of the consensus class that lie farther from others than this image
            does; null if it was not asked for or is not known.
    """

    answers: list[Class | None]
    probabilities: list[list[Probability | None]]
    consensus: Class | None
    outvoted: Place | None
    dissenters: list[Place]
    referee: RefereeAnswer | None
    realism: Probability | None


class ImageAnswer(PanelAnswer):
    """What a panel says of one image of a request.

    Attributes:
        name: of the file it came in.
        given: channels, height and width that it came with.
        fitted: whether it was resized, or its colours converted, to the shape that the networks see.
        rounded: grey levels by which an image of floats was rounded at most.
    """

    name: str | None
    given: tuple[int, int, int]
    fitted: bool
    rounded: float


class VoteReply(BaseModel):
    """What a panel says of the images of a request, in their order.

    Attributes:
        run: whose panel it is.
        peers: the networks, in the order of all answers.
        classes: a name for each class.
        shape: channels, height and width of the images that the networks see.
    """

    run: str
    peers: list[str]
    classes: list[str]
    shape: tuple[int, int, int]
    images: list[ImageAnswer]


def panel_answers(answer: VoteAnswer) -> list[dict[str, Any]]:
    """Return a :class:`PanelAnswer` for each image, as plain values."""
    votes = answer.votes.transpose(1, 0, 2)
    agreed, said = consensus(answer.votes), answers_of(votes)
    rows = zip(votes.tolist(), said.tolist(), agreed.label.tolist(), agreed.target.tolist(), strict=True)
    found = [_of_image(*row) for row in rows]
    if answer.referee is not None:
        pairs = zip(answer.referee.tolist(), answers_of(answer.referee).tolist(), strict=True)
        for one, (probabilities, verdict) in zip(found, pairs, strict=True):
            one["referee"] = {"answer": _known(verdict), "probabilities": probabilities}
    if answer.realism is not None:
        for one, value in zip(found, answer.realism.tolist(), strict=True):
            one["realism"] = value
    return found


def vote_reply(
    run: str, facts: PanelFacts, images: list[ReceivedImage], answer: VoteAnswer
) -> dict[str, Any]:
    """Return a :class:`VoteReply` as plain values; NaN stands for null."""
    about = [
        {"name": one.name, "given": one.given, "fitted": one.fitted, "rounded": one.rounded} for one in images
    ]
    return {
        "run": run,
        "peers": facts.names,
        "classes": facts.classes,
        "shape": facts.shape,
        "images": [one | said for one, said in zip(about, panel_answers(answer), strict=True)],
    }


def _of_image(votes: list[list[float]], said: list[int], label: int, target: int) -> dict[str, Any]:
    dissenters = [place for place, one in enumerate(said) if one != label] if label >= 0 else []
    return {
        "answers": [_known(one) for one in said],
        "probabilities": votes,
        "consensus": _known(label),
        "outvoted": _known(target),
        "dissenters": dissenters,
        "referee": None,
        "realism": None,
    }


def _known(number: int) -> int | None:
    return None if number < 0 else number
