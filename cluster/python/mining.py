"""Mining from Python: a panel in this process, or a run."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Never

from outvoted.actors.networks.computing import undisturbed
from outvoted.analysis.mining.report import held_report
from outvoted.cluster.python.configured import RUNS, Config, Where, given, refuse_unknown
from outvoted.cluster.python.findings import HeldFindings
from outvoted.cluster.python.panel import Panel
from outvoted.cluster.python.result import Result
from outvoted.cluster.python.searching import AnyStrategy, AnyTransform, mined, search_settings
from outvoted.cluster.storage.urls import folder_of
from outvoted.search.strategies import Auto


@undisturbed()
def mine(  # noqa: PLR0913 - explicit keywords are what editors and notebooks complete
    panel: Panel | Config,
    *,
    per_target: int | None = None,
    targets: Sequence[str] | None = None,
    voters: Sequence[int] | None = None,
    seed: int | None = None,
    patience: int | None = None,
    transform: AnyTransform | None = None,
    strategy: AnyStrategy | None = None,
    realism: bool | None = None,
    progress: bool = True,
    address: str | None = None,
    name: str | None = None,
    resume: bool = False,
    runs: str | Path = RUNS,
    **unknown: Never,
) -> Result:
    """Mine a panel for mistakes: in this process, where it stays, or as a run on Ray.

    Whichever it is, equal panels, images and settings give equal mistakes.

    Args:
        panel: a panel; or the configuration of a run (a file, the name of a packaged one, its keys, a value),
            which is made on Ray, on this machine unless ``address`` says where, into a folder of ``runs``.
        per_target: searches for each target, and for each number of voters; 1,000 if left out.
        targets: names of the networks that are searched for mistakes; all if left out.
        voters: how many of the other networks must agree on the label; all if left out.
        seed: fixes every random number; 0 if left out.
        patience: a search gives up after this many candidates in a row without improvement; 250 if left out.
        transform: how images may change, say ``transforms.Photometric()`` or ``"photometric"``; affine moves
            if left out.
        strategy: how changes are searched for, say ``strategies.Gradient(steps=12)`` or ``"gradient"``; if
            left out, by what is usually best for the transform. What is left out of a configuration's
            keywords is as the configuration has it.
        realism: compare each mistake with real images of its label, in what its voters see; so if left out.
        progress: show a bar.
        address: "local", "auto" or the HOST:PORT of a Ray cluster, to mine a panel there: its networks are
            written down as programs (``torch.export``), its images as Parquet.
        name, resume, runs: of the run, as for :func:`outvoted.run`.
        unknown: any other keyword is refused.

    Returns:
        The mistakes. Where searches failed because a network did, a warning says how many and why, as does
        ``summary["failures"]``.

    Raises:
        OutvotedError: a setting is not what it must be, a network lacks the gradient that the strategy
            follows, hardly any image is classified correctly by the whole panel, the networks only guess,
            or all searches of all targets failed.
    """
    refuse_unknown(mine, unknown, "mine(...)")
    search = given(
        per_target=per_target,
        targets=targets,
        voters=voters,
        seed=seed,
        patience=patience,
        transform=transform,
        strategy=strategy,
        realism=realism,
    )
    if address is not None or not isinstance(panel, Panel):
        from outvoted.cluster.python.running import on_ray  # which brings Ray

        if isinstance(panel, Panel):
            search = {"strategy": Auto(), **search}  # as in this process
        return on_ray(
            "mine", panel, {"search": search}, Where(address, name, resume, folder_of(runs), progress)
        )
    found = mined(panel, search_settings(search, "mine(...)"), progress)
    report = partial(held_report, found.scene, found.frame, found.targets)
    return Result(
        HeldFindings("mine", report, found.mistakes, found.searches, found.scene, panel.class_names)
    )
