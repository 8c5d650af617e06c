"""A boundary study's tables: rows for the terminal and for the page alike."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table as Drawn

from outvoted.analysis.report.from_rich import Plain as Table
from outvoted.analysis.report.numbers import Proportion, Spread
from outvoted.analysis.report.table import Cell
from outvoted.analysis.studies.boundary.findings import BoundaryFindings
from outvoted.analysis.studies.boundary.groups import Type

MODELS = 9


@dataclass(frozen=True)
class Published:
    """A row of table 2, as shares: on how many images two models differ, and not all nine agree."""

    pairs: Spread
    disagree: float


TABLE_2 = {
    0.975: Published(Spread(0.113, 0.029), 0.285),
    0.98: Published(Spread(0.085, 0.023), 0.218),
    0.985: Published(Spread(0.074, 0.018), 0.182),
}
"""By target test accuracy."""

VOLUNTEERS, VOLUNTEER_PAIRS = 10, Spread(0.093, 0.022)
"""How many labelled the images, and the share of images on which two of them differ (section 3)."""


SIMULATED = "simulated labellers"
_TERMINAL, _BETWEEN, _WIDEST = 80, 2, 20
_ALL_SHARES = "% of all images, mean ± standard deviation"


@dataclass(frozen=True)
class Titled:
    """A table with its title."""

    title: str
    table: Table

    def drawn(self) -> Drawn:
        """Draw it for the terminal."""
        drawn = Drawn(
            title=self.title,
            title_justify="left",
            caption=self.table.caption,
            caption_justify="left",
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            pad_edge=False,
        )
        rows = [["–" if cell is None else str(cell) for cell in row] for row in self.table.rows]
        widths = [min(_WIDEST, max(map(len, column))) for column in zip(*rows, strict=True)]
        fits = sum(widths) + _BETWEEN * len(widths) <= _TERMINAL  # then headers are what is wrapped
        for place, (header, width) in enumerate(zip(self.table.headers, widths, strict=True)):
            drawn.add_column(header, justify="right" if place else "left", min_width=width if fits else None)
        for row in rows:
            drawn.add_row(*row)
        return drawn


def misclassified(found: BoundaryFindings) -> Titled:
    """Table 2: what models misclassify, and on what they disagree."""
    labels = found.people is not None
    rows: list[list[Cell]] = []
    for one in found.diverse:
        paper = TABLE_2.get(one.target)
        by_labels = [_percent(one.misclassified), percent(one.across)] if labels else []
        rows.append(
            [
                accuracy(one.target),
                len(one.models),
                *by_labels,
                _percent(one.pairs),
                paper.pairs.percent() if paper else None,
                percent(one.disagree),
                percent(paper.disagree) if paper else None,
            ]
        )
    headers = [
        *("acc. %", "models"),
        *(("wrong: each", "wrong: any") if labels else ()),
        *("2 disagree", "paper", "any disagree", "paper"),
    ]
    wrong = "wrong: another label than the one all labellers give, by a model and by at least one; "
    beside = _labellers_disagree(found)
    told = f"{wrong if labels else ''}any disagree: not all agree; the paper has {MODELS} models{beside}"
    caption = f"{_ALL_SHARES} over models, or over pairs of models; {told}"
    return Titled(_titled(found, "diverse networks of one accuracy (table 2)"), Table(headers, rows, caption))


def by_type(found: BoundaryFindings) -> Titled:
    """Table 3: how many images are of which type; needs labels."""
    rows: list[list[Cell]] = []
    for one in found.diverse:
        assert one.types is not None
        counts = [percent(float((one.types == kind.value).mean())) for kind in Type]
        rows.append([accuracy(one.target), len(one.models), percent(one.disagree), *counts])
    headers = ["accuracy %", "models", "disagree", *(kind.value for kind in Type)]
    meanings = "; ".join(f"{kind}: {kind.meaning}" for kind in Type)
    caption = (
        f"% of all images; disagree: not all models agree, that is A and the first part of B; {meanings}"
    )
    return Titled(_titled(found, "types of images (table 3)"), Table(headers, rows, caption))


def softmax(found: BoundaryFindings) -> Titled:
    """Table 4: how sure networks are, by type; needs labels."""
    rows: list[list[Cell]] = []
    for kind in Type:
        cells = [one.softmax[kind] for one in found.diverse if one.softmax]
        rows.append([f"{kind}", *(_value(cell.value, 3, cell.images) for cell in cells)])
    headers = ["type", *(f"{accuracy(one.target)} %" for one in found.diverse)]
    caption = "mean ± standard deviation over networks and images (number of images), by test accuracy"
    return Titled(_titled(found, "maximum softmax by type (table 4)"), Table(headers, rows, caption))


def certainty(found: BoundaryFindings) -> Titled:
    """Table 5: networks' certainty by people's; needs labels."""
    first = next((one.certainty for one in found.seeds if one.certainty), {})
    levels = [level for level, cell in first.items() if level < 100 and cell.images > 1]
    rows: list[list[Cell]] = []
    for one in sorted(found.seeds, key=lambda one: one.target):
        cells = [one.certainty[level].value.percent() for level in levels] if one.certainty else []
        rows.append([accuracy(one.target), one.family, *cells])
    images = ", ".join(f"{first[level].images} at {level}" for level in levels)
    headers = ["acc. %", "family", *(f"{level} %" for level in levels)]
    caption = (
        "certainty of networks that differ in their seed alone, in %: the share of the most frequent answer, "
        f"mean ± standard deviation over groups ({_sizes(found)}); columns: certainty of labellers, "
        f"rounded to tens, where they disagree on more than one image; images: {images}"
    )
    return Titled(
        _titled(found, "certainty by certainty of labellers (table 5)"), Table(headers, rows, caption)
    )


def over_seeds(found: BoundaryFindings) -> Titled:
    """Fig. 2 in numbers: types by accuracy, of networks that differ in their seed alone."""
    shown = [Type.A, Type.C] if found.people is not None else []
    rows: list[list[Cell]] = []
    for one in found.seeds:
        types = [one.shares[kind].percent() for kind in shown] if one.shares else []
        rows.append([one.family, accuracy(one.target), one.size, one.repeats, one.disagree.percent(), *types])
    headers = ["family", "accuracy %", "networks", "groups", "disagree", *(f"type {kind}" for kind in shown)]
    caption = f"{_ALL_SHARES} over groups; disagree: not all networks agree; compare groups of one size"
    return Titled(_titled(found, "the same network over seeds (fig. 2)"), Table(headers, rows, caption))


def kappas(found: BoundaryFindings) -> Titled:
    """Agreement beyond chance, averaged over pairs of raters."""
    rows: list[list[Cell]] = [
        [
            accuracy(one.target),
            one.measure,
            *(_value(cell, 2) for cell in (one.people, one.between, one.networks)),
        ]
        for one in found.kappa_means
    ]
    headers = ["accuracy %", "of", "two labellers", "labeller, network", "two networks"]
    caption = (
        "Cohen's κ, mean ± standard deviation over pairs; errors: of being right, where right is what more "
        "than half of the other labellers say (error consistency); pairs of which neither errs are left out"
    )
    return Titled(_titled(found, "agreement beyond chance"), Table(headers, rows, caption))


def entropies(found: BoundaryFindings) -> Titled:
    """Correlation of networks' and people's entropies; needs labels."""
    rows: list[list[Cell]] = []
    for one in found.entropies:
        rho, low, high = one.rho
        span = None if low is None or high is None else f"{low:+.2f} to {high:+.2f}"
        rows.append(
            [one.family, accuracy(one.target), one.networks, None if rho is None else f"{rho:+.2f}", span]
        )
    headers = ["family", "accuracy %", "networks", "ρ", "95 %"]
    caption = "Spearman's ρ over images; interval: bootstrap over pairs of classes"
    return Titled(_titled(found, "entropy of votes and of labels"), Table(headers, rows, caption))


def panel_by_kind(found: BoundaryFindings) -> Titled:
    """How the panel of mining votes on images of each kind."""
    assert found.panel is not None
    rows: list[list[Cell]] = [
        [row.name, row.images, *map(Proportion.percent, (row.consensus, row.dissent, row.disputed))]
        for row in found.panel.rows
    ]
    headers = ["images", "number", "consensus", "one dissents", "disputed"]
    focus = "" if found.focus is None else f"; types: by networks of {accuracy(found.focus)} %"
    caption = (
        f"% of these images (95 % interval) on which all peers agree, exactly one dissents, more do{focus}"
    )
    return Titled(_titled(found, "the panel of mining on these images"), Table(headers, rows, caption))


def dissenters(found: BoundaryFindings) -> Titled:
    """Which peer of the panel dissents, and whom labellers side with."""
    assert found.panel is not None
    labels = found.people is not None
    rows: list[list[Cell]] = []
    for one in found.panel.dissenters:
        judged = [one.judged, one.with_peers, one.with_it, one.with_neither] if labels else []
        rows.append([one.peer, one.dissents, *judged])
    sides = ["labellers agree", "with the others", "with it", "with neither"] if labels else []
    told = "; of these, those on whose label all labellers agree, and with whom" if labels else ""
    caption = f"images on which a peer alone differs{told}"
    return Titled(_titled(found, "who dissents"), Table(["peer", "dissents", *sides], rows, caption))


def reached(found: BoundaryFindings) -> Titled:
    """How many trainings were stopped at each target."""
    rows: list[list[Cell]] = [
        [f"{one.family}-{one.variant}", accuracy(one.target), one.reached, one.trainings, one.reason or None]
        for one in found.reached
    ]
    headers = ["variant", "target %", "stopped there", "trainings", "why others were not"]
    caption = "a training may be stopped at several targets; the reason is that of most"
    return Titled("trainings stopped at target accuracies", Table(headers, rows, caption))


def remarks(found: BoundaryFindings) -> list[str]:
    """Say what is missing."""
    lines = [*found.missing, *(one.missed for one in found.reached if one.missed)]
    return [f"not shown: {line}" for line in lines]


def every(found: BoundaryFindings) -> Iterator[Titled]:
    """Give the tables in the order of the paper, then those beyond it."""
    labels = found.people is not None
    wanted: Sequence[tuple[bool, Callable[[BoundaryFindings], Titled]]] = (
        (bool(found.diverse), misclassified),
        (bool(found.diverse) and labels, by_type),
        (bool(found.diverse) and labels, softmax),
        (bool(found.seeds), over_seeds),
        (bool(found.seeds) and labels, certainty),
        (bool(found.kappa_means), kappas),
        (bool(found.entropies), entropies),
        (found.panel is not None, panel_by_kind),
        (found.panel is not None, dissenters),
    )
    return (table(found) for there, table in wanted if there)


def accuracy(target: float) -> str:
    """Write a target accuracy in percent, as short as it is exact enough: 98, 98.5."""
    return f"{100 * target:g}"


def percent(share: float | None) -> str:
    """Write a share in percent; what is not there as a dash."""
    return "–" if share is None else f"{100 * share:.1f}"


def _percent(value: Spread | None) -> str:
    return "–" if value is None else value.percent()


def _value(value: Spread, digits: int, images: int | None = None) -> str:
    if value.mean is None:
        return "–"
    beside = "" if value.std is None else f" ± {value.std:.{digits}f}"
    return f"{value.mean:.2f}{beside}" + ("" if images is None else f" ({images})")


def _titled(found: BoundaryFindings, title: str) -> str:
    return f"{title} – {SIMULATED}" if found.simulated else title


def _sizes(found: BoundaryFindings) -> str:
    groups = {one.family: f"{one.family} {one.repeats} of {one.size}" for one in found.seeds}
    return ", ".join(groups.values())


def _labellers_disagree(found: BoundaryFindings) -> str:
    who = found.people
    if who is None or who.pairs.mean is None:
        return ""
    paper = f"; the paper's {VOLUNTEERS} volunteers: {VOLUNTEER_PAIRS.percent()}"
    return f"; two of {len(who.names)} {who.called} disagree on {who.pairs.percent()}{paper}"
