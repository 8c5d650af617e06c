"""A boundary study's tables: rows for the terminal and for the page alike."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from outvoted.analysis.report.numbers import COUNT, PERCENT, Form, Spread
from outvoted.analysis.report.table import Cell, Column, Table, table_of
from outvoted.analysis.studies.boundary.findings import BoundaryFindings
from outvoted.analysis.studies.boundary.groups import Type

MODELS = 9


@dataclass(frozen=True)
class PublishedDisagreement:
    """A row of table 2, as shares: on how many images two models differ, and not all nine agree."""

    pairs: Spread
    disagree: float


TABLE_2 = {
    0.975: PublishedDisagreement(Spread(0.113, 0.029), 0.285),
    0.98: PublishedDisagreement(Spread(0.085, 0.023), 0.218),
    0.985: PublishedDisagreement(Spread(0.074, 0.018), 0.182),
}
"""By target test accuracy."""

VOLUNTEERS, VOLUNTEER_PAIRS = 10, Spread(0.093, 0.022)
"""How many labelled the images, and the share of images on which two of them differ (section 3)."""


SIMULATED = "simulated labellers"
ACCURACY = Form(None, 100)
"""A target accuracy in percent, as short as it is exact: 98, 98.5."""
_ALL_SHARES = "% of all images, mean ± standard deviation"


def misclassified(found: BoundaryFindings) -> Table:
    """Table 2: what models misclassify, and on what they disagree."""
    labels = found.people is not None
    rows: list[list[Cell]] = []
    for one in found.diverse:
        paper = TABLE_2.get(one.target)
        by_labels: list[Cell] = [one.misclassified, one.across] if labels else []
        published = (paper.pairs, paper.disagree) if paper else (None, None)
        disagree = (one.pairs, published[0], one.disagree, published[1])
        rows.append([one.target, len(one.models), *by_labels, *disagree])
    names = [
        *(("wrong: each", "wrong: any") if labels else ()),
        "2 disagree",
        "paper",
        "any disagree",
        "paper",
    ]
    columns = [Column("acc. %", ACCURACY), Column("models", COUNT), *_percents(names)]
    wrong = "wrong: another label than the one all labellers give, by a model and by at least one; "
    beside = _labellers_disagree(found)
    more = f"{wrong if labels else ''}any disagree: not all agree; the paper has {MODELS} models{beside}"
    note = f"{_ALL_SHARES} over models, or over pairs of models; {more}"
    return Table(_titled(found, "diverse networks of one accuracy (table 2)"), columns, rows, note)


def by_type(found: BoundaryFindings) -> Table:
    """Table 3: how many images are of which type; needs labels."""
    rows: list[list[Cell]] = []
    for one in found.diverse:
        assert one.types is not None
        counts = [float((one.types == kind.value).mean()) for kind in Type]
        rows.append([one.target, len(one.models), one.disagree, *counts])
    shares = _percents(["disagree", *(kind.value for kind in Type)])
    columns = [Column("accuracy %", ACCURACY), Column("models", COUNT), *shares]
    meanings = "; ".join(f"{kind}: {kind.meaning}" for kind in Type)
    note = f"% of all images; disagree: not all models agree, that is A and the first part of B; {meanings}"
    return Table(_titled(found, "types of images (table 3)"), columns, rows, note)


def softmax(found: BoundaryFindings) -> Table:
    """Table 4: how sure networks are, by type; needs labels."""
    form = Form(3)
    rows: list[list[Cell]] = []
    for kind in Type:
        cells = [one.softmax[kind] for one in found.diverse if one.softmax]
        written = [
            form(cell.value) + (f" ({cell.images})" if cell.value.mean is not None else "") for cell in cells
        ]
        rows.append([f"{kind}", *written])
    columns = [Column("type"), *(Column(f"{ACCURACY(one.target)} %", form) for one in found.diverse)]
    note = "mean ± standard deviation over networks and images (number of images), by test accuracy"
    return Table(_titled(found, "maximum softmax by type (table 4)"), columns, rows, note)


def certainty(found: BoundaryFindings) -> Table:
    """Table 5: networks' certainty by people's; needs labels."""
    first = next((one.certainty for one in found.seeds if one.certainty), {})
    levels = [level for level, cell in first.items() if level < 100 and cell.images > 1]
    rows: list[list[Cell]] = []
    for one in sorted(found.seeds, key=lambda one: one.target):
        cells = [one.certainty[level].value if one.certainty else None for level in levels]
        rows.append([one.target, one.family, *cells])
    images = ", ".join(f"{first[level].images} at {level}" for level in levels)
    columns = [Column("acc. %", ACCURACY), Column("family"), *_percents([f"{level} %" for level in levels])]
    note = (
        "certainty of networks that differ in their seed alone, in %: the share of the most frequent answer, "
        f"mean ± standard deviation over groups ({_sizes(found)}); columns: certainty of labellers, "
        f"rounded to tens, where they disagree on more than one image; images: {images}"
    )
    return Table(_titled(found, "certainty by certainty of labellers (table 5)"), columns, rows, note)


def over_seeds(found: BoundaryFindings) -> Table:
    """Fig. 2 in numbers: types by accuracy, of networks that differ in their seed alone."""
    shown = [Type.A, Type.C] if found.people is not None else []
    rows: list[list[Cell]] = []
    for one in found.seeds:
        types = [one.shares[kind] if one.shares else None for kind in shown]
        rows.append([one.family, one.target, one.size, one.repeats, one.disagree, *types])
    columns = [
        *(
            Column("family"),
            Column("accuracy %", ACCURACY),
            Column("networks", COUNT),
            Column("groups", COUNT),
        ),
        *_percents(["disagree", *(f"type {kind}" for kind in shown)]),
    ]
    note = f"{_ALL_SHARES} over groups; disagree: not all networks agree; compare groups of one size"
    return Table(_titled(found, "the same network over seeds (fig. 2)"), columns, rows, note)


def kappas(found: BoundaryFindings) -> Table:
    """Agreement beyond chance, averaged over pairs of raters."""
    columns = (
        Column("accuracy %", ACCURACY, "target"),
        Column("of", of="measure"),
        Column("two labellers", Form(2), "people"),
        Column("labeller, network", Form(2), "between"),
        Column("two networks", Form(2), "networks"),
    )
    note = (
        "Cohen's κ, mean ± standard deviation over pairs; errors: of being correct, that is what more "
        "than half of the other labellers say (error consistency); pairs of which neither errs are left out"
    )
    return table_of(_titled(found, "agreement beyond chance"), columns, found.kappa_means, note)


def entropies(found: BoundaryFindings) -> Table:
    """Correlation of networks' and people's entropies; needs labels."""
    form = Form(2, sign="+")
    rows = [
        (one.family, one.target, one.networks, one.rho[0], form.span(*one.rho[1:])) for one in found.entropies
    ]
    columns = (
        *(Column("family"), Column("accuracy %", ACCURACY), Column("networks", COUNT)),
        *(Column("ρ", form), Column("95 %", form)),
    )
    note = "Spearman's ρ over images; interval: bootstrap over pairs of classes"
    return Table(_titled(found, "entropy of votes and of labels"), columns, rows, note)


def panel_by_kind(found: BoundaryFindings) -> Table:
    """How the panel of mining votes on images of each kind."""
    assert found.panel is not None
    whole = Form(0, 100)
    columns = (
        Column("images", of="name"),
        Column("number", COUNT, "images"),
        Column("consensus", whole),
        Column("one dissents", whole, "dissent"),
        Column("disputed", whole),
    )
    focus = "" if found.focus is None else f"; types: by networks of {ACCURACY(found.focus)} %"
    note = f"% of these images (95 % interval) on which all peers agree, exactly one dissents, more do{focus}"
    return table_of(_titled(found, "the panel of mining on these images"), columns, found.panel.rows, note)


def dissenters(found: BoundaryFindings) -> Table:
    """Which peer of the panel dissents, and whom labellers side with."""
    assert found.panel is not None
    labels = found.people is not None
    sides = (
        Column("labellers agree", COUNT, "judged"),
        Column("with the others", COUNT, "with_peers"),
        Column("with it", COUNT, "with_it"),
        Column("with neither", COUNT, "with_neither"),
    )
    columns = [Column("peer"), Column("dissents", COUNT), *(sides if labels else ())]
    more = "; of these, those on whose label all labellers agree, and with whom" if labels else ""
    note = f"images on which a peer alone differs{more}"
    return table_of(_titled(found, "who dissents"), columns, found.panel.dissenters, note)


def reached(found: BoundaryFindings) -> Table:
    """How many trainings were stopped at each target."""
    rows = [
        (f"{one.family}-{one.variant}", one.target, one.reached, one.trainings, one.reason or None)
        for one in found.reached
    ]
    columns = (
        *(Column("variant"), Column("target %", ACCURACY), Column("stopped there", COUNT)),
        *(Column("trainings", COUNT), Column("why others were not")),
    )
    note = "a training may be stopped at several targets; the reason is that of most"
    return Table("trainings stopped at target accuracies", columns, rows, note)


def remarks(found: BoundaryFindings) -> list[str]:
    """Say what is missing."""
    lines = [*found.missing, *(one.missed for one in found.reached if one.missed)]
    return [f"not shown: {line}" for line in lines]


def every(found: BoundaryFindings) -> Iterator[Table]:
    """Give the tables in the order of the paper, then those beyond it."""
    labels = found.people is not None
    wanted: Sequence[tuple[bool, Callable[[BoundaryFindings], Table]]] = (
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


def _percents(names: Sequence[str]) -> list[Column]:
    return [Column(name, PERCENT) for name in names]


def _titled(found: BoundaryFindings, title: str) -> str:
    return f"{title} – {SIMULATED}" if found.simulated else title


def _sizes(found: BoundaryFindings) -> str:
    groups = {one.family: f"{one.family} {one.repeats} of {one.size}" for one in found.seeds}
    return ", ".join(groups.values())


def _labellers_disagree(found: BoundaryFindings) -> str:
    who = found.people
    if who is None or who.pairs.mean is None:
        return ""
    paper = f"; the paper's {VOLUNTEERS} volunteers: {PERCENT(VOLUNTEER_PAIRS)}"
    return f"; two of {len(who.names)} {who.called} disagree on {PERCENT(who.pairs)}{paper}"
