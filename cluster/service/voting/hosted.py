"""The panel of a run in one process, as it answers the service."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from outvoted.actors.mining.verification import rendered
from outvoted.actors.networks.computing import undisturbed
from outvoted.actors.panel.peer import Peer, voter
from outvoted.actors.panel.realism import FoundImages
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.jobs.kinds import check_offers
from outvoted.cluster.service.voting.votes import (
    PanelFacts,
    PanelKey,
    RenderAnswer,
    RenderQuestion,
    VoteAnswer,
    VoteQuestion,
)
from outvoted.search.arrays import Ints, Pixels, Singles
from outvoted.search.consensus import Dissent, lone_dissent
from outvoted.search.errors import OutvotedError
from outvoted.search.transforms.dials import Dials
from outvoted.search.trust import EVERYTHING, NOTHING


class HostedPanel:
    """A run's panel, referee, seeds and transform, verified when they are opened."""

    @undisturbed()
    def __init__(self, key: PanelKey) -> None:
        """Open a run.

        Raises:
            OutvotedError: it is none, its kind has no panel, it was altered, or names code that is not
                trusted.
        """
        run = OpenedRun(RunFolder(key.folder), EVERYTHING if key.trusted else NOTHING)
        check_offers(run.record, "Panel.load", "whose panel can vote")
        self._run, self._panel = run, run.panel
        self._transform = run.transform
        self._transform.check(run.data.shape)
        judges = [member for member in run.members if member.role == "referee"]
        self._referee = voter(judges[0], run.data.shape, run.data.classes, run.batch) if judges else None

    @cached_property
    def facts(self) -> PanelFacts:
        """What it is."""
        run = self._run
        return PanelFacts(
            run.names, tuple(run.classes), run.data.shape, len(run.seeds), self._referee is not None
        )

    @undisturbed()
    def vote(self, questions: Sequence[VoteQuestion]) -> list[VoteAnswer]:
        """Answer several questions with one vote; answers do not depend on what is asked together.

        Raises:
            OutvotedError: images are of another shape.
        """
        for question in questions:
            self.check(question)
        votes = self._panel.vote(_joined([question.images for question in questions]))
        judged = _joined([question.images for question in questions if question.referee])
        verdicts = self._verdicts(self._referee, judged)
        found, first, second = [], 0, 0
        for question in questions:
            end = first + len(question.images)
            own, verdict = votes[:, first:end], None
            if question.referee and verdicts is not None:
                verdict, second = verdicts[second : second + end - first], second + end - first
            realism = self._realism(question.images, own) if question.realism else None
            found.append(VoteAnswer(own, verdict, realism))
            first = end
        return found

    def check(self, question: VoteQuestion) -> None:
        """Refuse images of another shape.

        Raises:
            OutvotedError: they are.
        """
        self._check(question.images.shape[1:])

    @undisturbed()
    def render(self, question: RenderQuestion) -> RenderAnswer:
        """Move an image as a search moves seeds.

        Raises:
            OutvotedError: there is no such seed, the image is of another shape, or there are other dials.
        """
        start, label = self._start(question.start)
        dials = Dials(self._transform)
        composed = dials.composed(question.dials or dials.home)
        image = rendered(self._transform, start[None].copy(), composed.astype(np.float32))[0]
        [answer] = self.vote([VoteQuestion(np.stack([start, image]), realism=True)])
        measured = self._transform.describe(composed)[0].tolist()
        measures = dict(zip(self._transform.measures, measured, strict=True))
        return RenderAnswer(start, image, label, measures, answer)

    def _start(self, start: Pixels | int) -> tuple[Pixels, int | None]:
        if not isinstance(start, int):
            self._check(start.shape)
            return start, None
        seeds = self._run.seeds
        if not 0 <= start < len(seeds):
            raise OutvotedError(
                expected=f"the number of a seed, from 0 to {len(seeds) - 1}",
                found=str(start),
                remedy="choose another",
            )
        return seeds.read(np.array([start]))[0], int(seeds.labels[start])

    def _check(self, shape: tuple[int, ...]) -> None:
        if shape != self.facts.shape:
            raise OutvotedError(
                expected=f"images of the panel's shape {self.facts.shape}: channels, height, width",
                found=f"images of shape {shape}",
                remedy="resize or convert them to the shape of the images that the panel was made with",
            )

    @staticmethod
    def _verdicts(referee: Peer | None, images: Pixels) -> Singles | None:
        return None if referee is None or not len(images) else referee.vote(images)

    def _realism(self, images: Pixels, votes: Singles) -> Singles:
        """Return what those say who answer as all, or all but one, do: the mean of what they know."""
        found = np.full(len(images), np.nan, np.float32)
        agreed = consensus(votes)
        rows = np.flatnonzero(agreed.label >= 0)
        if len(rows):
            nobody = np.full(len(rows), -1, np.int64)
            seen = self._panel.judge(FoundImages(images[rows], agreed.label[rows], nobody)).realism
            known = (votes[:, rows].argmax(axis=2) == agreed.label[rows]) & np.isfinite(seen)
            total, count = np.where(known, seen, 0).sum(0), known.sum(0)
            found[rows] = np.where(count, total / np.maximum(count, 1), np.nan)
        return found


def answers_of(votes: Singles) -> Ints:
    """Return every network's class for votes (..., n, classes), -1 where it failed; shape (..., n)."""
    failed = np.asarray(np.isnan(votes).any(axis=-1))
    return np.where(failed, -1, np.where(failed[..., None], 0, votes).argmax(axis=-1))


def consensus(votes: Singles) -> Dissent:
    """Find what all or all but one answer, for votes (peers, n, classes); of two peers, what both do."""
    answers = answers_of(votes)
    if len(answers) >= 3:
        found = lone_dissent(answers)
        alone = found.alone & (found.label >= 0)
        return Dissent(np.where(alone, found.target, -1), found.label)
    agree = (answers == answers[0]).all(axis=0)
    return Dissent(np.full(answers.shape[1], -1), np.where(agree, answers[0], -1))


def _joined(images: Sequence[Pixels]) -> Pixels:
    if len(images) == 1:
        return images[0]
    return np.concatenate(images) if images else np.empty((0, 1, 1, 1), np.uint8)
