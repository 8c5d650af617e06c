"""A boundary study's tables, for the terminal and for the page."""

from collections.abc import Sequence

from outvoted.analysis.report.numbers import COUNT, PERCENT, Form, Spread
from outvoted.analysis.report.table import Cell, Column, Table, table_of
from outvoted.analysis.studies.boundary.findings import BoundaryFindings
from outvoted.analysis.studies.boundary.groups import Type, shares

MODELS = 9
TABLE_2 = {
    0.975: (Spread(0.113, 0.029), 0.285),
    0.98: (Spread(0.085, 0.023), 0.218),
    0.985: (Spread(0.074, 0.018), 0.182),
}
"""On which share of images two of the paper's models disagree, and any of them do, by test accuracy."""
VOLUNTEERS, VOLUNTEER_PAIRS = 10, Spread(0.093, 0.022)
"""How many labelled the paper's images, and the share of images on which two of them disagree (section 3)."""

SIMULATED = "simulated labellers"
ACCURACY = Form(None, 100)
"""A target accuracy in percent, with as few digits as it takes: 98, 98.5."""
_TARGET = Column("accuracy %", ACCURACY, "target")
_ALL_SHARES = "% of all images, mean ± standard deviation"


def misclassified(found: BoundaryFindings) -> Table:
    """Table 2: what models misclassify, and where they disagree."""
    labels = found.people is not None
    rows: list[list[Cell]] = []
    for one in found.diverse:
        pairs, disagree = TABLE_2.get(one.target, (None, None))
        wrong: list[Cell] = [one.misclassified, one.across] if labels else []
        rows.append([one.target, len(one.models), *wrong, one.pairs, pairs, one.disagree, disagree])
    names = ("2 disagree", "paper", "any disagree", "paper")
    shown = _percents([*(("wrong: each", "wrong: any") if labels else ()), *names])
    columns = [Column("acc. %", ACCURACY), Column("models", COUNT), *shown]
    wrong_means = "wrong: another label than all labellers give, by one model and by any; " if labels else ""
    note = (
        f"{_ALL_SHARES} over models, or over pairs of models; {wrong_means}any disagree: not all agree; "
        f"the paper has {MODELS} models{_labellers_disagree(found)}"
    )
    return Table("diverse networks of equal accuracy (table 2)", columns, rows, note)


def _labellers_disagree(found: BoundaryFindings) -> str:
    who = found.people
    if who is None or who.pairs.mean is None:
        return ""
    paper = f"the paper's {VOLUNTEERS} volunteers: {PERCENT(VOLUNTEER_PAIRS)}"
    return f"; two of {len(who.names)} {who.called} disagree on {PERCENT(who.pairs)}; {paper}"


def by_type(found: BoundaryFindings) -> Table:
    """Table 3: the share of each type of image; needs labels."""
    rows: list[list[Cell]] = []
    for one in found.diverse:
        assert one.types is not None
        rows.append([one.target, len(one.models), one.disagree, *shares(one.types).values()])
    columns = [_TARGET, Column("models", COUNT), *_percents(["disagree", *Type])]
    meanings = "; ".join(f"{kind}: {kind.meaning}" for kind in Type)
    note = f"% of all images; disagree: not all models agree (A, and B where all disagree); {meanings}"
    return Table("types of images (table 3)", columns, rows, note)


def softmax(found: BoundaryFindings) -> Table:
    """Table 4: networks' confidence by type of image; needs labels."""
    form, rows = Form(3), []
    for kind in Type:
        cells = [one.softmax[kind] for one in found.diverse if one.softmax]
        numbers = [f" ({cell.images})" if cell.images else "" for cell in cells]
        rows.append([kind.value, *(form(cell.value) + n for cell, n in zip(cells, numbers, strict=True))])
    columns = [Column("type"), *(Column(f"{ACCURACY(one.target)} %", form) for one in found.diverse)]
    note = "mean ± standard deviation over networks and images (number of images), by test accuracy"
    return Table("maximum softmax by type (table 4)", columns, rows, note)


def certainty(found: BoundaryFindings) -> Table:
    """Table 5: networks' certainty by labellers' certainty; needs labels."""
    first = next((one.certainty for one in found.seeds if one.certainty), {})
    levels = [level for level, cell in first.items() if level < 100 and cell.images > 1]
    rows: list[list[Cell]] = []
    for one in sorted(found.seeds, key=lambda one: one.target):
        cells = [one.certainty[level].value if one.certainty else None for level in levels]
        rows.append([one.target, one.family, *cells])
    columns = [Column("acc. %", ACCURACY), Column("family"), *_percents([f"{level} %" for level in levels])]
    groups = {one.family: f"{one.family} {one.repeats} of {one.size}" for one in found.seeds}
    images = ", ".join(f"{first[level].images} at {level}" for level in levels)
    note = (
        "certainty (share of the most frequent prediction, in %) of networks that differ only in their seed, "
        f"mean ± standard deviation over groups ({', '.join(groups.values())}); columns: certainty of "
        "labellers, rounded to tens, where they disagree on more than one image; images: " + images
    )
    return Table("certainty by certainty of labellers (table 5)", columns, rows, note)


def over_seeds(found: BoundaryFindings) -> Table:
    """Fig. 2 in numbers: types by accuracy, for networks that differ only in their seed."""
    kinds = [Type.A, Type.C] if found.people is not None else []
    rows: list[list[Cell]] = []
    for one in found.seeds:
        types = [one.shares[kind] if one.shares else None for kind in kinds]
        rows.append([one.family, one.target, one.size, one.repeats, one.disagree, *types])
    numbers = (Column("networks", COUNT), Column("groups", COUNT))
    shown = _percents(["disagree", *(f"type {kind}" for kind in kinds)])
    note = f"{_ALL_SHARES} over groups; disagree: not all networks agree; compare only groups of equal size"
    columns = [Column("family"), _TARGET, *numbers, *shown]
    return Table("the same network over seeds (fig. 2)", columns, rows, note)


def kappas(found: BoundaryFindings) -> Table:
    """Agreement beyond chance, averaged over pairs of raters."""
    columns = (
        _TARGET,
        Column("of", of="measure"),
        Column("two labellers", Form(2), "people"),
        Column("labeller, network", Form(2), "between"),
        Column("two networks", Form(2), "networks"),
    )
    note = (
        "Cohen's κ, mean ± standard deviation over pairs; errors: κ of being correct, by what more than half "
        "of the other labellers say (error consistency); pairs that make no error are left out"
    )
    return table_of("agreement beyond chance", columns, found.kappa_means, note)


def entropies(found: BoundaryFindings) -> Table:
    """Correlation of networks' and labellers' entropies; needs labels."""
    form = Form(2, sign="+")
    rows = [
        (one.family, one.target, one.networks, one.rho[0], form.span(*one.rho[1:])) for one in found.entropies
    ]
    columns = (Column("family"), _TARGET, Column("networks", COUNT), Column("ρ", form), Column("95 %", form))
    note = "Spearman's ρ over images; interval: bootstrap over pairs of classes"
    return Table("entropy of votes and of labels", columns, rows, note)


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
    focus = "" if found.focus is None else f"; types: by networks of {ACCURACY(found.focus)} % test accuracy"
    note = (
        f"% of these images (95 % interval): all peers agree, exactly one dissents, more than one does{focus}"
    )
    return table_of("the panel of mining on these images", columns, found.panel.rows, note)


def dissenters(found: BoundaryFindings) -> Table:
    """Which peer of the panel dissents, and with whom labellers side."""
    assert found.panel is not None
    labels = found.people is not None
    sides = (
        Column("labellers agree", COUNT, "judged"),
        Column("with the others", COUNT, "with_peers"),
        Column("with it", COUNT, "with_it"),
        Column("with neither", COUNT, "with_neither"),
    )
    columns = [Column("peer"), Column("dissents", COUNT), *(sides if labels else ())]
    more = "; on how many of them labellers agree on a label, and with whom" if labels else ""
    note = f"images on which a peer is the only one to differ{more}"
    return table_of("who dissents", columns, found.panel.dissenters, note)


def reached(found: BoundaryFindings) -> Table:
    """How many trainings were stopped at each target."""
    rows = [
        (f"{one.family}-{one.variant}", one.target, one.reached, one.trainings, one.reason or None)
        for one in found.reached
    ]
    numbers = (Column("stopped there", COUNT), Column("trainings", COUNT))
    columns = (Column("variant"), Column("target %", ACCURACY), *numbers, Column("why others were not"))
    note = "a training may be stopped at several targets; the reason is the most frequent one"
    return Table("trainings stopped at target accuracies", columns, rows, note)


def _percents(names: Sequence[str]) -> list[Column]:
    return [Column(name, PERCENT) for name in names]
