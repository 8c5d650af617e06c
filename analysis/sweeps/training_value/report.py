"""All that a noise-class sweep says at once: tables, claims and pictures."""

from dataclasses import asdict, dataclass
from typing import Any

from outvoted.analysis.report.claims import Claim
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.training_value.noise_claims import noise_claims
from outvoted.analysis.sweeps.training_value.pictures import OnStep, Pictures
from outvoted.analysis.sweeps.training_value.results import results
from outvoted.analysis.sweeps.training_value.selection_claims import selection_claims
from outvoted.analysis.sweeps.training_value.tables import Row, noise_rows, selection_rows, whole_row


@dataclass(frozen=True)
class NoiseReport:
    """What a noise-class sweep has shown so far.

    Attributes:
        run: its name.
        seeds: how many networks every setting is meant to have.
        baseline: trained on all images, without noise.
        table_2, table_3: selections without noise and with it, in the paper's order; empty without selections
            or without noise beside them.
        beside: the noise of table 3, as in the settings' labels.
        noises: all images with a class of noise each.
        claims: what the paper claims, put to the sweep.
        missing: the networks that are not trained to their end: waiting, failed or stopped.
        figures: the pictures, relative to the run's folder.
    """

    run: str
    seeds: int
    baseline: Row
    table_2: tuple[Row, ...]
    table_3: tuple[Row, ...]
    beside: str | None
    noises: tuple[Row, ...]
    claims: tuple[Claim, ...]
    missing: tuple[str, ...]
    figures: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def write_noise_report(sweep: OpenedSweep, on_step: OnStep | None = None) -> NoiseReport:
    """Draw a sweep's pictures into its folder ``figures/`` and return its tables and claims.

    Fig. 5's step does not depend on the sweep: it takes some 15 seconds, and is drawn where it is missing.

    Raises:
        OutvotedError: the sweep is of another experiment, its data cannot be read, or the disk refuses.
    """
    found = results(sweep)
    finished = set(sweep.finished)
    table_3 = selection_rows(found, True) if found.experiment.beside else ()
    beside = table_3[0].setting.split("+", 2)[2] if table_3 else None
    return NoiseReport(
        run=sweep.record.name,
        seeds=len(sweep.seeds),
        baseline=whole_row(found),
        table_2=selection_rows(found, False),
        table_3=table_3,
        beside=beside,
        noises=noise_rows(found),
        claims=(*selection_claims(found), *noise_claims(found)),
        missing=tuple(unit.name for unit in sweep.units if unit not in finished),
        figures=Pictures(sweep, found, on_step).draw(),
    )
