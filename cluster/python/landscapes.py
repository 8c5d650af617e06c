"""What a panel answers around a seed, along two directions of a transform."""

from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Never

from PIL import Image

from outvoted.actors.networks.computing import undisturbed
from outvoted.actors.runs import schema
from outvoted.analysis.mining.directions import two_directions
from outvoted.analysis.mining.surroundings import Surroundings, surroundings
from outvoted.analysis.opened.mistakes import HeldMistakes
from outvoted.analysis.opened.scene import HeldScene, Scene
from outvoted.cluster.python.configured import given, refuse_unknown, run_at
from outvoted.cluster.python.panel import Panel
from outvoted.cluster.python.result import Result
from outvoted.cluster.python.searching import AnyTransform, search_settings
from outvoted.search.errors import OutvotedError

_MOST = 401


@dataclass(frozen=True)
class Landscape:
    """The surroundings of a seed; a notebook shows them as a picture.

    Attributes:
        votes: each network's probabilities at every point, and where they lie.
    """

    votes: Surroundings
    scene: Scene

    @undisturbed()
    def show(self) -> Image.Image:
        """Draw each network's probability of the label, who is outvoted where, and climbs from the seed."""
        return self._picture

    @cached_property
    def _picture(self) -> Image.Image:
        from outvoted.cluster.python.pictures import landscape_picture

        votes = self.votes
        return landscape_picture(self.scene, {"seed_id": votes.seed_id}, votes.names, len(votes.x))

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.show().save(buffer, format="png")
        return buffer.getvalue()

    def __repr__(self) -> str:
        x, y = self.votes.names
        return f"<Landscape of seed {self.votes.seed_id} along {x} and {y}, {len(self.votes.x)} points each>"


@undisturbed()
def landscape(
    subject: Panel | Result | str | Path,
    seed_id: int | None = None,
    *,
    x: str | None = None,
    y: str | None = None,
    points: int = 31,
    transform: AnyTransform | None = None,
    **unknown: Never,
) -> Landscape:
    """Move a seed along two directions of a transform, and put what comes of it to every network.

    Args:
        subject: a panel; what :func:`outvoted.mine` found; or a run of mining, by its folder or name.
        seed_id: a row of the images that searches start from; if left out, the seed with the most mistakes,
            or that of a panel's first image.
        x, y: the directions, say ``"rotation"`` and ``"scale"``; if left out, the usual ones.
        points: along each direction, 3 to 401.
        transform: of a panel, as for :func:`outvoted.mine`; affine moves if left out.
        unknown: any other keyword is refused.

    Raises:
        OutvotedError: there is no such seed or direction, or the result has no searches to go through.
    """
    refuse_unknown(landscape, unknown, "landscape(...)")
    if not 3 <= points <= _MOST:
        raise OutvotedError(f"points from 3 to {_MOST}", str(points), "leave points out for 31")
    if isinstance(subject, Panel):
        search = search_settings(given(transform=transform), "landscape(...)")
        search.transform.check(subject.shape)
        none = HeldMistakes(schema.MISTAKES.arrow.empty_table())
        scene: Scene = HeldScene(
            search.transform, subject.seeds, subject.local(), subject.names, subject.classes, none
        )
        with subject.computing():
            return _around(scene, seed_id or 0, (x, y), points)
    if transform is not None:
        raise OutvotedError("transform= for a panel alone", "a result, which has one", "leave transform out")
    result = subject if isinstance(subject, Result) else Result.load(run_at(subject).path)
    scene = result.scene()
    return _around(scene, _most_mistaken(scene) if seed_id is None else seed_id, (x, y), points)


def _around(scene: Scene, seed_id: int, along: tuple[str | None, str | None], points: int) -> Landscape:
    directions = two_directions(scene.transform, *along)
    return Landscape(surroundings(scene, seed_id, directions, points), scene)


def _most_mistaken(scene: Scene) -> int:
    seeds = scene.mistakes.select("seed_id")["seed_id"].to_pylist()
    return max(sorted(set(seeds)), key=seeds.count) if seeds else 0
