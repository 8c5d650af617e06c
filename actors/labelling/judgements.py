"""What people make of mistakes: whose label a majority still sees."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from outvoted.actors.labelling.label_file import Answer
from outvoted.actors.labelling.label_form import NONE, SKIPPED, ShownImage
from outvoted.actors.labelling.label_store import LabelStore


@dataclass(frozen=True)
class Judgement:
    """All answers about one image; who skipped it is not counted.

    Attributes:
        answers: each labeller's, a class or NONE.
    """

    answers: Mapping[str, int]

    @property
    def votes(self) -> int:
        """How many people have answered."""
        return len(self.answers)

    def seen(self, label: int) -> bool:
        """Whether more than half see a label."""
        return 2 * self.agreeing(label) > self.votes

    def agreeing(self, label: int) -> int:
        """How many see a label."""
        return sum(answer == label for answer in self.answers.values())

    @property
    def majority(self) -> int | None:
        """The class that more than half see; None where there is none."""
        answer, count = Counter(self.answers.values()).most_common(1)[0]
        return answer if 2 * count > self.votes and answer != NONE else None


@dataclass(frozen=True)
class Judgements:
    """What people have made of a run's mistakes so far, and of untouched seeds.

    Attributes:
        labellers: who has answered, in alphabetical order.
        skipped: by labeller, how many images they would rather not say anything about.
    """

    labellers: tuple[str, ...]
    images: Mapping[ShownImage, Judgement]
    skipped: Mapping[str, int]

    def of_mistake(self, *key: int | str) -> Judgement | None:
        """Return what people make of a mistake; None where nobody has answered."""
        return self.images.get(ShownImage(key))


def judgements(store: LabelStore[ShownImage]) -> Judgements:
    """Read what people have answered.

    Raises:
        OutvotedError: a file of labels has a line that is wrong; it says which.
    """
    return judged(store.answers())


def judged(answers: Mapping[str, Mapping[ShownImage, Answer]]) -> Judgements:
    """Put together what each labeller has answered."""
    images: dict[ShownImage, dict[str, int]] = {}
    skipped = Counter[str]()
    for labeller, given in answers.items():
        for shown, answer in given.items():
            if answer.label == SKIPPED:
                skipped[labeller] += 1
            else:
                images.setdefault(shown, {})[labeller] = answer.label
    found = {shown: Judgement(given) for shown, given in images.items()}
    return Judgements(tuple(answers), found, skipped)
